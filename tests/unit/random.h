/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Seeded material for fuzzing: numbers, policies, and packets that mostly get past the first
 * checks.
 */
#ifndef TRIPATH_TESTS_UNIT_RANDOM_H
#define TRIPATH_TESTS_UNIT_RANDOM_H

#include <stddef.h>

#include "tests/vectors/rules.h"

#define RANDOM_FRAME_MIN 14U
#define RANDOM_FRAME_MAX 2048U

/* State of the generator (splitmix64). */
struct random {
	__u64 state;
};

__u64 random_word(struct random *random);
/* 0 .. bound - 1 */
__u32 random_below(struct random *random, __u32 bound);
/* True once in @times. */
bool random_once_in(struct random *random, __u32 times);

/* Up to 24 services and @prefixes tenant prefixes, or as many of them as do not clash. */
void random_rules(struct random *random, struct rules *rules, __u32 prefixes);

/*
 * Writes a frame of RANDOM_FRAME_MIN to RANDOM_FRAME_MAX bytes; aims at the services of
 * @rules, which may be NULL.
 */
size_t random_frame(struct random *random, const struct rules *rules, unsigned char *frame);

#endif
