/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Log2 histograms of times, as people and as machines read them. */
#ifndef TRIPATH_LOADERS_PROBE_HIST_H
#define TRIPATH_LOADERS_PROBE_HIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "maps/probe.h"

/* Sums of what several CPUs counted. */
struct hist {
	struct tp_hist buckets;
	struct tp_times times;
};

void hist_merge(struct hist *to, const struct tp_hist *buckets, const struct tp_times *times);
uint64_t hist_count(const struct hist *hist);
double hist_mean_ns(const struct hist *hist); /* 0 where nothing was counted */

/* A line a bucket, from the first to the last that is not empty; nothing where all are. */
void hist_print(const char *title, const struct hist *hist);

/*
 * {count, sum_ns, mean_ns, max_ns, histogram_ns: [[highest value of a bucket, count], ...]}.
 * @total: the maximum is of this span; else it is left out.
 */
json_t *hist_json(const struct hist *hist, bool total);

#endif
