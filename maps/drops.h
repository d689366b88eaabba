/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames that a redirect lost after the classifier had decided: to an AF_XDP socket or a cpumap
 * entry that could not take them.  Counted by drops.bpf.c; values only grow.
 */
#ifndef TRIPATH_MAPS_DROPS_H
#define TRIPATH_MAPS_DROPS_H

#include "types.h"

/* Load-time configuration of the tracer: whose losses it counts. */
struct drops_config {
	__u32 xsks_id; /* map ids */
	__u32 cpus_id;
	__u32 rows; /* of redirect_drops */
	__u32 pad;
};

/* Map redirect_drops: array, key = receive queue (AF_XDP) or CPU (cpumap); the last row takes what
 * exceeds. */
struct redirect_drops {
	__u64 xsk_ring_full; /* the socket's RX or fill ring could not take the frame */
	__u64 xsk_other;     /* any other failed redirect to an AF_XDP socket */
	__u64 cpumap_full;   /* the CPU's queue was full */
	__u64 cpumap_other;
	__s64 last_error; /* negative errno of the latest loss */
	__u64 pad[3];
} __attribute__((aligned(TP_CACHE_LINE)));

_Static_assert(sizeof(struct drops_config) == 16, "");
_Static_assert(sizeof(struct redirect_drops) == TP_CACHE_LINE, "rows must not share a line");

#ifdef __bpf__
/* max_entries is set before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct redirect_drops);
} redirect_drops SEC(".maps");
#endif

#endif
