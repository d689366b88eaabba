/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Adds a time to a log2 histogram, without a loop and without a helper. */
#ifndef TRIPATH_BPF_HIST_H
#define TRIPATH_BPF_HIST_H

#include "probe.h"

/* floor(log2(@ns)), at most TP_HIST_BUCKETS - 1; 0 for 0. */
static __always_inline __u32 hist_bucket(__u64 ns)
{
	__u32 v = ns >> 32 ? 0xffffffff : (__u32)ns;
	__u32 bucket = 0;

	if (v >= 1 << 16) {
		v >>= 16;
		bucket = 16;
	}
	if (v >= 1 << 8) {
		v >>= 8;
		bucket += 8;
	}
	if (v >= 1 << 4) {
		v >>= 4;
		bucket += 4;
	}
	if (v >= 1 << 2) {
		v >>= 2;
		bucket += 2;
	}
	if (v >= 1 << 1)
		bucket += 1;
	return bucket;
}

/* By one CPU at a time. */
static __always_inline void hist_add(struct tp_hist *hist, struct tp_times *times, __u64 ns)
{
	hist->bucket[hist_bucket(ns) & (TP_HIST_BUCKETS - 1)]++;
	times->sum_ns += ns;
	if (ns > times->max_ns)
		times->max_ns = ns;
}

#endif
