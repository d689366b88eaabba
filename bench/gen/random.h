/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random numbers that a seed repeats exactly: SplitMix64, one stream for each purpose. */
#ifndef TRIPATH_BENCH_RANDOM_H
#define TRIPATH_BENCH_RANDOM_H

#include <math.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* An own stream for each @purpose of one seed. */
static inline struct random random_stream(uint64_t seed, uint64_t purpose)
{
	struct random r = {seed ^ purpose * 0xd1342543de82ef95ULL};

	random_next(&r);
	return r;
}

/* [0, 1) */
static inline double random_unit(struct random *r)
{
	return (double)(random_next(r) >> 11) * 0x1p-53;
}

/* Exponential, of mean 1. */
static inline double random_exponential(struct random *r)
{
	return -log1p(-random_unit(r));
}

/* [min, max], evenly. */
static inline uint32_t random_range(struct random *r, uint32_t min, uint32_t max)
{
	return min == max ? min : min + (uint32_t)(random_unit(r) * ((double)max - min + 1));
}

/* [min, max], evenly in the logarithm: as many from 64 to 128 as from 4096 to 8192. */
static inline uint32_t random_log_range(struct random *r, uint32_t min, uint32_t max)
{
	if (min == max)
		return min;
	return (uint32_t)(min * exp(random_unit(r) * log((max + 1.0) / min)));
}

#endif
