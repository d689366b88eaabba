/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What bench/bpf and tp-bpfbench agree on: which source address and port flow number N has.
 * Arithmetic and no table, so that choosing the next flow takes no cache from the program that is
 * measured.
 */
#ifndef TRIPATH_BENCH_REPLAY_H
#define TRIPATH_BENCH_REPLAY_H

#include "flow.h"

/* const volatile in the programs that rewrite. */
struct replay_config {
	__u32 flows; /* 0: a new flow each time, numbered from 0 on */
	__u32 step; /* no common divisor with flows: each comes once a cycle, far from its neighbours */
	__u32 ipv6;
	__u32 ifindex; /* of live_send: where the frames go */
};

/*
 * Sources lie in 10.128.P.0/24 and fd77:1:P::/48; P is the prefix, 256 of each family carry flows.
 */
#define REPLAY_PREFIXES        256U
#define REPLAY_PREFIX(flow)    ((flow)&0xff)
#define REPLAY_HOST(flow)      ((flow) >> 8 & 0xff)
#define REPLAY_PORT(flow)      (0x4000 | ((flow) >> 16 & 0x3fff))
#define REPLAY_IPV4(flow)      (0x0a800000U | REPLAY_PREFIX(flow) << 8 | REPLAY_HOST(flow))
#define REPLAY_IPV6_HIGH(flow) (0xfd77000100000000ULL | (__u64)REPLAY_PREFIX(flow) << 16)
#define REPLAY_IPV6_LOW(flow)  ((__u64)REPLAY_HOST(flow))

/* What both flow tables of the insert case keep beside the key. */
struct replay_value {
	__u64 decision;
	__u64 packets;
	__u64 bytes;
};

#endif
