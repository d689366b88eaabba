/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Softirq times by CPU and vector, from bpf/probe/softirq.bpf.c. */
#ifndef TRIPATH_MAPS_PROBE_SOFTIRQ_H
#define TRIPATH_MAPS_PROBE_SOFTIRQ_H

#include "probe.h"

/* Vectors of include/linux/interrupt.h, in the kernel's order, which is part of its tracepoint ABI. */
#define TP_SOFTIRQ_LIST(X)                                                                         \
	X(HI)                                                                                      \
	X(TIMER)                                                                                   \
	X(NET_TX)                                                                                  \
	X(NET_RX)                                                                                  \
	X(BLOCK)                                                                                   \
	X(IRQ_POLL)                                                                                \
	X(TASKLET)                                                                                 \
	X(SCHED)                                                                                   \
	X(HRTIMER)                                                                                 \
	X(RCU)

enum tp_softirq {
#define X(name) TP_SOFTIRQ_##name,
	TP_SOFTIRQ_LIST(X)
#undef X
		TP_SOFTIRQS,
};

/* Load-time configuration. */
struct softirq_config {
	__u32 tgid; /* only softirqs that run in the context of this process; 0: all */
	__u32 pad;
};

/* Map softirq_rows: array, key = CPU * TP_SOFTIRQS + vector; written by that CPU alone. */
struct softirq_row {
	__u64 raised;     /* raises, those of a vector that was pending already among them */
	__u64 raised_ns;  /* of the raise that has not been served; 0: none seen */
	__u64 entered_ns; /* of the latest entry */
	struct tp_times wait;
	struct tp_times run;
	__u64 pad;
	struct tp_hist wait_ns; /* raise, the first since the last entry, to entry */
	struct tp_hist run_ns;  /* entry to exit; its sum is the vector's count */
} __attribute__((aligned(TP_CACHE_LINE)));

_Static_assert(sizeof(struct softirq_config) == 8, "");
_Static_assert(sizeof(struct softirq_row) == TP_CACHE_LINE + 2 * sizeof(struct tp_hist),
	       "counters in one line, rows share none");

#ifdef __bpf__
/* max_entries is set before load. Mmapable, so that rows begin on a line and are read by mapping. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TP_SOFTIRQS);
	__type(key, __u32);
	__type(value, struct softirq_row);
} softirq_rows SEC(".maps");
#endif

#endif
