// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/bpf-time.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "loaders/lib/msg.h"

#define NS_PER_S     1000000000ULL
#define NS_PER_MS    1000000ULL
#define REPEAT_FIRST 50000U
#define REPEAT_MAX   (1U << 28)

__u64 bench_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (__u64)ts.tv_sec * NS_PER_S + (__u64)ts.tv_nsec;
}

int bench_run(const struct bench_side *side, __u32 repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = side->packet->bytes,
		    .data_size_in = side->packet->len, .repeat = (int)repeat);

	if (bpf_prog_test_run_opts(side->prog_fd, &opts)) {
		int err = -errno;

		msg_error("BPF_PROG_RUN of %s: %s", side->name, strerror(-err));
		return err;
	}
	if (opts.retval != XDP_PASS) {
		msg_error(
			"%s answered %u to the packet, not XDP_PASS: it would not be the same job",
			side->name, opts.retval);
		return -EBADMSG;
	}
	return 0;
}

/*
 * Finds how many runs fill a round, by filling one: the system call has a cost of its own (it
 * re-patches the kernel's XDP dispatcher), so a short trial would promise too much.
 */
static int calibrate(struct bench_side *side, unsigned int ms)
{
	__u64 want = ms * NS_PER_MS;

	for (side->repeat = REPEAT_FIRST; side->repeat < REPEAT_MAX; side->repeat *= 2) {
		__u64 start = bench_clock(CLOCK_THREAD_CPUTIME_ID);
		int err = bench_run(side, side->repeat);

		if (err)
			return err;
		if (bench_clock(CLOCK_THREAD_CPUTIME_ID) - start >= want)
			break;
	}
	return 0;
}

static int one_round(const struct bench_side *side, json_t *record)
{
	__u64 cpu, wall = bench_clock(CLOCK_MONOTONIC);
	int err;

	cpu = bench_clock(CLOCK_THREAD_CPUTIME_ID);
	err = bench_run(side, side->repeat);
	if (err)
		return err;
	cpu = bench_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = bench_clock(CLOCK_MONOTONIC) - wall;
	if (json_array_append_new(json_object_get(record, "cpu_ns"),
				  json_real((double)cpu / side->repeat)) ||
	    json_array_append_new(json_object_get(record, "wall_ns"),
				  json_real((double)wall / side->repeat)))
		return -ENOMEM;
	return 0;
}

int bench_in_turn(const char *name, struct bench_side *sides, size_t n,
		  const struct bench_rounds *rounds, json_t *cases)
{
	json_t *records = json_array();
	int err = 0;

	msg_info("%s: %u rounds of %u ms, %zu programs in turn", name, rounds->count, rounds->ms,
		 n);
	if (json_array_append_new(cases, json_pack("{s:s, s:o}", "case", name, "sides", records)))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		err = calibrate(&sides[i], rounds->ms);
		if (err)
			return err;
		if (json_array_append_new(records,
					  json_pack("{s:s, s:I, s:[], s:[]}", "side", sides[i].name,
						    "repeat", (json_int_t)sides[i].repeat, "cpu_ns",
						    "wall_ns")))
			return -ENOMEM;
	}
	for (unsigned int part = 0; part < rounds->count && !err; part++) {
		unsigned int round = rounds->first + part;

		if (rounds->before)
			rounds->before(rounds->ctx, round);
		for (size_t i = 0; i < n && !err; i++) {
			/* Whoever comes after a given side shares its warm caches; rotate that too. */
			size_t turn = (i + round) % n;

			err = one_round(&sides[turn], json_array_get(records, turn));
		}
	}
	return err;
}
