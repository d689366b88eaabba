/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs timed in turn with BPF_PROG_RUN. */
#ifndef TRIPATH_BENCH_BPF_TIME_H
#define TRIPATH_BENCH_BPF_TIME_H

#include <jansson.h>
#include <stddef.h>
#include <linux/types.h>

struct bench_packet {
	__u8 bytes[256];
	__u32 len;
};

/* One side of a case: a program and the packet that it runs on. */
struct bench_side {
	const char *name;
	const struct bench_packet *packet;
	int prog_fd;
	__u32 repeat; /* set by bench_in_turn(); runs that make a round */
};

struct bench_rounds {
	unsigned int first; /* number of the first, where a case is run in several parts */
	unsigned int count;
	unsigned int ms; /* that a round of one side takes at least */
	unsigned int cpu;
	void (*before)(void *ctx,
		       unsigned int round); /* called before each round, where there is one */
	void *ctx;
};

/* Time since a point in the past, in ns. */
__u64 bench_clock(clockid_t clock);

/* Runs @side @repeat times. -EBADMSG where the program does not pass the packet. */
int bench_run(const struct bench_side *side, __u32 repeat);

/*
 * Times @n sides in turn, round after round, beginning with another side each round.  Adds
 * {case, sides: [{side, repeat, cpu_ns: [per run], wall_ns: [per run]}]} to @cases.
 */
int bench_in_turn(const char *name, struct bench_side *sides, size_t n,
		  const struct bench_rounds *rounds, json_t *cases);

#endif
