/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A log-linear histogram: 128 buckets for each power of two.  A value is known by the upper bound of its bucket,
 * which is less than 0.8 % above it and never below; recording one costs a few instructions and no memory.
 * Values below 128 and the largest one are exact.
 */
#ifndef TRIPATH_BENCH_HISTOGRAM_H
#define TRIPATH_BENCH_HISTOGRAM_H

#include <jansson.h>
#include <linux/types.h>

#define HISTOGRAM_SUB_BITS 7
#define HISTOGRAM_BUCKETS  ((64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	__u64 total;
	__u64 max;
	__u64 bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, __u64 value);
/* Adds all of @from: the same as if each value had been added to @h. */
void histogram_merge(struct histogram *h, const struct histogram *from);
/*
 * The value that a share @q (0 to 1) of all values does not exceed, by nearest rank: a bucket's bound, at most the
 * largest value; 0 where there is none.
 */
__u64 histogram_quantile(const struct histogram *h, double q);
/* The largest value that falls into bucket @index. */
__u64 histogram_bound(unsigned int index);
/*
 * [[largest value of the bucket, count], ...] of the buckets that are not empty, ascending; new, or
 * NULL.
 */
json_t *histogram_json(const struct histogram *h);

#endif
