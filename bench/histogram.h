/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A log-linear histogram: 64 buckets for each power of two, so a value is known to 1.6 % and
 * recording one costs a few instructions and no memory.
 */
#ifndef TRIPATH_BENCH_HISTOGRAM_H
#define TRIPATH_BENCH_HISTOGRAM_H

#include <jansson.h>
#include <linux/types.h>

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_BUCKETS  ((64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	__u64 total;
	__u64 max;
	__u64 bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, __u64 value);
/* The largest value that falls into bucket @index. */
__u64 histogram_bound(unsigned int index);
/*
 * [[largest value of the bucket, count], ...] of the buckets that are not empty, ascending; new, or
 * NULL.
 */
json_t *histogram_json(const struct histogram *h);

#endif
