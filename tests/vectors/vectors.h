/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one table of packet vectors: what goes in, under which policy and sink, and everything
 * that must come out: verdict, reason, the frame unchanged, and, from `counted`, `service` and
 * `tenant`, the change of every counter.
 */
#ifndef TRIPATH_TESTS_VECTORS_VECTORS_H
#define TRIPATH_TESTS_VECTORS_VECTORS_H

#include "reasons.h"
#include "tests/unit/reference.h"
#include "tests/vectors/packet.h"

/* The same services and prefixes, under every trust that an interface can be given. */
enum vector_policy {
	POLICY_PLAIN,
	POLICY_TRUST_VLAN,
	POLICY_TRUST_DSCP,
	POLICY_TRUST_BOTH,
	POLICY_NONE,
	VECTOR_POLICIES,
};

/* Ids of vectors_rules(), in its order. */
enum vector_service {
	SERVICE_PLANNER = TP_SERVICE_FIRST, /* tcp 8000-8010, rpc, stack */
	SERVICE_GATEWAY,                    /* udp 9000, retrieval, af_xdp */
	SERVICE_GATEWAY_TCP,                /* tcp 9000, retrieval, af_xdp */
	SERVICE_ROCE,                       /* udp 4791, bulk, rdma */
	SERVICE_SHARD,                      /* tcp 7000 at 10.1.0.0/16, bulk, stack, tenant beta */
	SERVICE_SHARD_V6,                   /* tcp 7000 at 2001:db8:1::/48, rpc, stack */
	SERVICE_SHARD_XSK,                  /* tcp 7000 at 10.2.0.0/16, retrieval, af_xdp */
	SERVICE_CPU_HELD,                   /* udp 5000, rpc, cpu */
	SERVICE_CPU_NONE,                   /* udp 5001, retrieval, cpu */
	SERVICE_CPU_ABSENT,                 /* udp 5002, bulk, cpu */
	SERVICE_METRICS,                    /* tcp 6000-6001, control */
	SERVICE_LOW,                        /* udp 0-3, rpc, stack */
	SERVICE_HIGH,                       /* udp 65530-65535, rpc, stack */
	SERVICE_ANY_V4,                     /* udp 9100 at 0.0.0.0/0, rpc, stack */
	SERVICE_ANY_V6,                     /* udp 9100 at ::/0, rpc, stack */
	SERVICE_HOST,                       /* tcp 7100 at 10.1.2.3/32, rpc, stack */
	SERVICE_HOST_V6,                    /* tcp 7100 at 2001:db8::5/128, rpc, stack */
	SERVICE_ODD_V6,                     /* tcp 7100 at 2001:db8:7:8000::/67, rpc, stack */
};

/* Prefixes are those of vectors_rules(). */
enum vector_tenant {
	TENANT_DEFAULT,
	TENANT_ALPHA,  /* peer 192.0.2.0/24, peer 2001:db8:a::/48 */
	TENANT_BETA,   /* peer 192.0.2.128/25, peer 2001:db8:a:b::/64 */
	TENANT_GAMMA,  /* local 10.1.0.0/16, local 2001:db8:1::/48 */
	TENANT_DELTA,  /* local 10.1.2.0/24, local 2001:db8:1:2::/64 */
	TENANT_HOST,   /* local 10.1.2.3/32, peer 2001:db8:a:b::9/128 */
	TENANT_V6,     /* local ::/0 */
	TENANT_TRAP,   /* peer c000:200::/24: the bytes of 192.0.2.0/24, in the other family */
	TENANT_VLAN,   /* VLAN 100 */
	TENANT_VLAN2,  /* VLAN 4095 */
	TENANT_DSCP,   /* DSCP 46 */
	TENANT_DSCP63, /* DSCP 63 */
	VECTOR_TENANTS,
};

struct vector_expected {
	enum tp_verdict verdict;
	enum tp_reason reason;
	bool counted; /* under a service; else per queue and under the default tenant only */
	__u8 service;
	__u16 tenant;
};

struct vector {
	const char *name;
	enum vector_policy policy;
	__u32 queue;
	struct sink sink; /* of the queue */
	struct packet packet;
	struct vector_expected expected;
};

extern const struct vector vectors[];
extern const size_t vectors_count;

/* Rules of a policy, made once; NULL for POLICY_NONE. */
const struct rules *vectors_rules(enum vector_policy policy);

#endif
