/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counters of the classifier.  All of them are rows by receive queue: NAPI runs a queue on one CPU
 * at a time, so native mode counts without atomics; generic mode and tun, where that does not hold,
 * count with them.  Row `queues` (one past the last) takes packets of a queue that appeared after
 * attach. Values only grow; readers take differences. Only a service or tenant that a reload
 * brings in begins at 0, in rows that others may have left.
 */
#ifndef TRIPATH_MAPS_STATS_H
#define TRIPATH_MAPS_STATS_H

#include "reasons.h"

/* Frame length buckets: le_64 holds frames of up to 64 bytes, le_128 of 65 to 128, and so on. */
#define TP_SIZE_LIST(X)                                                                            \
	X(le_64)                                                                                   \
	X(le_128)                                                                                  \
	X(le_256)                                                                                  \
	X(le_512)                                                                                  \
	X(le_1024)                                                                                 \
	X(le_2048)                                                                                 \
	X(le_4096)                                                                                 \
	X(gt_4096)

enum tp_size_bucket {
#define X(name) TP_SIZE_##name,
	TP_SIZE_LIST(X)
#undef X
		TP_SIZE_BUCKETS,
};

struct tp_sizes {
#define X(name) __u64 name;
	TP_SIZE_LIST(X)
#undef X
};

struct tp_verdicts {
	__u64 stack;
	__u64 af_xdp;
	__u64 cpu;
};

/* What the flow table did; hits are what remains of the packets that reached it. */
struct tp_flow_events {
	__u64 inserted;  /* a flow's first packet, decided from the policy */
	__u64 evicted;   /* of those, how many took the place of another flow */
	__u64 refreshed; /* known flow, decided again because the policy changed */
	__u64 contended; /* decided from the policy and not cached: another CPU held the set */
};

/* Map queue_stats: array, key = receive queue. Bytes are frame bytes without FCS. */
struct queue_stats {
	__u64 packets;
	__u64 bytes;
	struct tp_verdicts verdicts;
	struct tp_flow_events flows;
	struct tp_reasons reasons;
} __attribute__((aligned(TP_CACHE_LINE)));

struct service_stats {
	__u64 packets;
	__u64 bytes;
	struct tp_verdicts verdicts;
	struct tp_sizes sizes;
	__u64 pad[3];
} __attribute__((aligned(TP_CACHE_LINE)));

struct tenant_stats {
	__u64 packets;
	__u64 bytes;
};

/* Map service_stats: array, key = receive queue; in it by service id. */
struct service_rows {
	struct service_stats service[TP_MAX_SERVICES];
};

/* Map tenant_stats: array, key = receive queue; in it by tenant id. */
struct tenant_rows {
	struct tenant_stats tenant[TP_MAX_TENANTS];
} __attribute__((aligned(TP_CACHE_LINE)));

_Static_assert(sizeof(struct tp_sizes) == TP_SIZE_BUCKETS * sizeof(__u64),
	       "a size bucket is an index into struct tp_sizes");
_Static_assert(sizeof(struct tp_verdicts) == TP_VERDICTS * sizeof(__u64),
	       "a verdict is an index into struct tp_verdicts");
_Static_assert(sizeof(struct queue_stats) % TP_CACHE_LINE == 0, "rows must not share a line");
_Static_assert(sizeof(struct service_stats) == 2 * TP_CACHE_LINE, "rows must not share a line");
_Static_assert(sizeof(struct tenant_stats) == 16, "");

#ifdef __bpf__
/* max_entries of all three is set before load: (queues + 1) rows. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct queue_stats);
} queue_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct service_rows);
} service_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tenant_rows);
} tenant_stats SEC(".maps");
#endif

#endif
