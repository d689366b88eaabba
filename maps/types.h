/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ground of the contract between BPF programs and user space: fixed-width types, limits, and the
 * ABI number that attach stamps and every later command checks.  Every header of maps/ is included
 * by both sides; the BTF map definitions stand under __bpf__.
 */
#ifndef TRIPATH_MAPS_TYPES_H
#define TRIPATH_MAPS_TYPES_H

#ifdef __bpf__
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#else
#include <linux/types.h>
#endif

/* Raised whenever the layout or the meaning of anything pinned changes. */
#define TP_ABI 2

#define TP_NAME_LEN     32  /* bytes of a service, tenant or policy name, NUL included */
#define TP_CACHE_LINE   64  /* bytes; rows that different CPUs write never share one */
#define TP_MAX_QUEUES   256 /* receive queues of one interface */
#define TP_MAX_SERVICES 256 /* service ids fit a byte of the flow's decision word */
#define TP_MAX_TENANTS  1024
#define TP_MAX_PREFIXES 16384 /* tenant prefixes of one policy, both families, peer and local */

/* Generations fit 24 bits of the flow's decision word; after the last one, attach anew. */
#define TP_GENERATION_MAX 0xffffffU

/* Service ids that no policy file names. */
#define TP_SERVICE_NONE    0 /* no service of the policy matched */
#define TP_SERVICE_CONTROL 1 /* control traffic known without a policy: ARP, ND, ICMP, ssh, BGP */
#define TP_SERVICE_FIRST   2 /* first service of the policy file */

#define TP_TENANT_DEFAULT 0
#define TP_TENANT_BY_RULE 0xffff /* a service that leaves the tenant to the tenants' own rules */

/* Traffic classes; the order is part of the ABI. */
enum tp_class {
	TP_CLASS_CONTROL,
	TP_CLASS_RPC,
	TP_CLASS_RETRIEVAL,
	TP_CLASS_BULK,
	TP_CLASSES,
};

/* Home path of a service: what the policy asks for.  What a packet got is its verdict. */
enum tp_path {
	TP_PATH_STACK,  /* the kernel stack */
	TP_PATH_AF_XDP, /* the AF_XDP socket of the receive queue */
	TP_PATH_CPU,    /* the kernel stack, on another CPU, through a cpumap */
	TP_PATH_RDMA,   /* counted where software sees it (RoCE v2), never redirected */
	TP_PATHS,
};

/* What the classifier does with a packet.  There is no verdict that drops. */
enum tp_verdict {
	TP_VERDICT_STACK,
	TP_VERDICT_XSK,
	TP_VERDICT_CPU,
	TP_VERDICTS,
};

#endif
