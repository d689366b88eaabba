/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the probes share: log2 histograms of times, and the table in which a woken task waits to run.
 * Every counter is a __u64 that only grows, so a reader may take the difference of two copies of a
 * row as a whole; stamps and maxima mean nothing in such a difference.
 */
#ifndef TRIPATH_MAPS_PROBE_H
#define TRIPATH_MAPS_PROBE_H

#include "types.h"

/* Bucket b counts times from 2^b to below 2^(b+1) ns; the first takes 0 too, the last has no end. */
#define TP_HIST_BUCKETS 32

#define TP_COMM_LEN   16 /* TASK_COMM_LEN of the kernel */
#define TP_COMM_WORDS (TP_COMM_LEN / sizeof(__u64))
#define TP_PROBE_CPUS 4096      /* more are not counted */
#define TP_TASKS_MAX  (1 << 16) /* rows of probe_tasks at most; a power of two */

struct tp_hist {
	__u64 bucket[TP_HIST_BUCKETS];
};

/* Beside each histogram: what its buckets cannot tell. */
struct tp_times {
	__u64 sum_ns;
	__u64 max_ns;
};

/* A task name as the words in which it is compared. */
struct tp_comm {
	__u64 word[TP_COMM_WORDS];
};

/*
 * Map probe_tasks: array, key = pid & (rows - 1): an index where the kernel has no more pids than rows.
 * Beyond that, two tasks with the same low bits take the row from each other, and the one that
 * waited is counted as lost.
 */
struct probe_task {
	__u64 since_ns; /* runnable since then; 0: not waiting */
	__u32 pid;      /* whose row it is */
	__u16 waker_cpu;
	__u16 queue_cpu; /* see probe_wakeup.h */
	struct tp_comm comm;
	__u32 slot; /* of the name, see probe_wakeup.h */
	__u32 pad[5];
} __attribute__((aligned(TP_CACHE_LINE)));

_Static_assert(sizeof(struct tp_hist) % TP_CACHE_LINE == 0, "histograms fill lines");
_Static_assert(sizeof(struct tp_comm) == TP_COMM_LEN, "");
_Static_assert(sizeof(struct probe_task) == TP_CACHE_LINE, "rows must not share a line");

#endif
