// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/probe/hist.h"

#include <inttypes.h>
#include <stdio.h>

#define BAR 40

static const char stars[] = "****************************************";

_Static_assert(sizeof(stars) == BAR + 1, "");

void hist_merge(struct hist *to, const struct tp_hist *buckets, const struct tp_times *times)
{
	int i;

	for (i = 0; i < TP_HIST_BUCKETS; i++)
		to->buckets.bucket[i] += buckets->bucket[i];
	to->times.sum_ns += times->sum_ns;
	if (times->max_ns > to->times.max_ns)
		to->times.max_ns = times->max_ns;
}

uint64_t hist_count(const struct hist *hist)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < TP_HIST_BUCKETS; i++)
		sum += hist->buckets.bucket[i];
	return sum;
}

double hist_mean_ns(const struct hist *hist)
{
	uint64_t count = hist_count(hist);

	return count ? (double)hist->times.sum_ns / (double)count : 0;
}

static uint64_t lowest(int bucket)
{
	return bucket ? 1ULL << bucket : 0;
}

/* The last bucket has no end. */
static uint64_t highest(int bucket)
{
	return bucket == TP_HIST_BUCKETS - 1 ? INT64_MAX : (2ULL << bucket) - 1;
}

static void print_line(int bucket, uint64_t count, uint64_t most)
{
	int length = (int)((double)count / (double)most * BAR);

	if (bucket == TP_HIST_BUCKETS - 1)
		printf("  %12" PRIu64 " -> %-12s", lowest(bucket), "...");
	else
		printf("  %12" PRIu64 " -> %-12" PRIu64, lowest(bucket), highest(bucket));
	printf(" : %-10" PRIu64 " |%.*s%*s|\n", count, length, stars, BAR - length, "");
}

void hist_print(const char *title, const struct hist *hist)
{
	const __u64 *bucket = hist->buckets.bucket;
	int first = 0, last = TP_HIST_BUCKETS - 1, i;
	uint64_t most = 0;

	if (!hist_count(hist))
		return;
	while (!bucket[first])
		first++;
	while (!bucket[last])
		last--;
	for (i = first; i <= last; i++)
		most = bucket[i] > most ? bucket[i] : most;
	printf("\n%s\n  %28s : %-10s %s\n", title, "ns", "count", "distribution");
	for (i = first; i <= last; i++)
		print_line(i, bucket[i], most);
}

json_t *hist_json(const struct hist *hist, bool total)
{
	json_t *o = json_object(), *pairs = json_array();
	int i;

	json_object_set_new(o, "count", json_integer((json_int_t)hist_count(hist)));
	json_object_set_new(o, "sum_ns", json_integer((json_int_t)hist->times.sum_ns));
	json_object_set_new(o, "mean_ns", json_real(hist_mean_ns(hist)));
	if (total)
		json_object_set_new(o, "max_ns", json_integer((json_int_t)hist->times.max_ns));
	for (i = 0; i < TP_HIST_BUCKETS; i++)
		if (hist->buckets.bucket[i])
			json_array_append_new(pairs,
					      json_pack("[I, I]", (json_int_t)highest(i),
							(json_int_t)hist->buckets.bucket[i]));
	json_object_set_new(o, "histogram_ns", pairs);
	return o;
}
