/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What attach leaves behind for detach, status, reload and explain, in the pinned map `state`, and
 * the classifier's load-time configuration, which is part of it so that explain runs under the very
 * same.
 */
#ifndef TRIPATH_MAPS_STATE_H
#define TRIPATH_MAPS_STATE_H

#include "flow.h"

/* const volatile in the program; the same bytes in `state`. */
struct classifier_config {
	__u64 hash_key[TP_FLOW_HASH_KEYS]; /* random at attach */
	__u32 flow_set_mask;               /* sets - 1; sets is a power of two */
	__u32 queues;                      /* rows of queue_stats less one */
	__u64 stall_ns;                    /* TP_XSK_STALL_NS */
	__u8 atomic_counters; /* a queue may be served by two CPUs at once: generic mode, tun */
	__u8 frags;           /* multi-buffer frames are possible: ask for the whole length */
	__u8 stamp;           /* frames for AF_XDP sockets carry struct xsk_stamp (steer.h) */
	__u8 pad[5];
};

enum tp_attach_method {
	TP_ATTACH_NONE,       /* attach has not finished, or was killed before it did */
	TP_ATTACH_LINK,       /* the only program, held by a pinned bpf_link */
	TP_ATTACH_DISPATCHER, /* one of several under libxdp's dispatcher */
};

enum tp_attach_mode {
	TP_MODE_NATIVE = 1,
	TP_MODE_GENERIC,
};

/* Map state: array of one, written by user space only. */
struct attach_state {
	__u32 abi; /* TP_ABI of the tool that attached; first, for every version to read */
	__u32 ifindex;
	__u64 netns_inode;
	__u64 attached_realtime_ns; /* CLOCK_REALTIME */
	__u32 method;               /* enum tp_attach_method */
	__u32 mode;                 /* enum tp_attach_mode: what was obtained */
	__u32 prog_id;
	__u32 pad;
	char ifname[16];
	char version[TP_NAME_LEN]; /* of the tool */
	struct classifier_config config;
};

_Static_assert(sizeof(struct classifier_config) == 104, "");
_Static_assert(sizeof(struct attach_state) == 40 + 16 + TP_NAME_LEN + 104, "");

#endif
