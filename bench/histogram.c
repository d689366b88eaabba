// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/histogram.h"

#include <math.h>

#define SUB (1U << HISTOGRAM_SUB_BITS)

static unsigned int bucket_of(__u64 value)
{
	unsigned int shift;

	if (value < SUB)
		return (unsigned int)value;
	shift = 63U - (unsigned int)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return (shift + 1) * SUB + (unsigned int)(value >> shift & (SUB - 1));
}

__u64 histogram_bound(unsigned int index)
{
	unsigned int shift;

	if (index < SUB)
		return index;
	shift = index / SUB - 1;
	return ((((__u64)SUB + index % SUB) + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, __u64 value)
{
	h->bucket[bucket_of(value)]++;
	h->total++;
	if (value > h->max)
		h->max = value;
}

void histogram_merge(struct histogram *h, const struct histogram *from)
{
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->bucket[i] += from->bucket[i];
	h->total += from->total;
	if (from->max > h->max)
		h->max = from->max;
}

__u64 histogram_quantile(const struct histogram *h, double q)
{
	__u64 rank = (__u64)ceil((double)h->total * q), seen = 0;

	if (!h->total)
		return 0;
	if (!rank)
		rank = 1;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			return histogram_bound(i) < h->max ? histogram_bound(i) : h->max;
	}
	return h->max;
}

json_t *histogram_json(const struct histogram *h)
{
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < HISTOGRAM_BUCKETS; i++) {
		if (h->bucket[i] &&
		    json_array_append_new(list, json_pack("[I, I]", (json_int_t)histogram_bound(i),
							  (json_int_t)h->bucket[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
