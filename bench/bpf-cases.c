// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/bpf-cases.h"

#include <errno.h>

#include "bench/bpf-packet.h"
#include "bench/bpf-replay.h"
#include "loaders/lib/msg.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct replay_config shuffled_config(const struct bench *b, bool ipv6)
{
	return (struct replay_config){
		.flows = b->flows,
		.step = bench_replay_step(b->flows),
		.ipv6 = ipv6,
	};
}

int bench_make_live(struct bench *b, const struct bench_packet *packet, bool ipv6)
{
	const struct replay_config config = shuffled_config(b, ipv6);
	struct bench_side once = {.name = "replay", .packet = packet};
	struct replay *replay;
	int err;

	err = bench_classifier_reset(&b->classifier);
	if (err)
		return err;
	err = bench_replay_open(&replay, &config, bench_classifier_fd(&b->classifier));
	if (err)
		return err;
	once.prog_fd = bench_replay_fd(replay);
	err = bench_run(&once, b->flows);
	bench_replay_close(replay);
	return err;
}

struct hot {
	struct bench_packet packet;
	bool ipv6, tcp;
	__u32 flows;
};

/*
 * A flow's line in the table may lie where the processor takes it for a counter's (both end in the same 12
 * bits), and then each of its packets costs more.  Another flow each round, so that luck is in the interval.
 */
static void next_flow(void *ctx, unsigned int round)
{
	struct hot *hot = ctx;

	bench_packet_make(&hot->packet, hot->ipv6, hot->tcp, round % hot->flows);
}

int bench_case_hot(struct bench *b, const char *name, bool ipv6, bool tcp)
{
	struct hot hot = {.ipv6 = ipv6, .tcp = tcp, .flows = b->flows};
	struct bench_rounds rounds = b->rounds;
	struct bench_packet udp;
	struct bench_side sides[] = {
		{.name = "floor", .prog_fd = b->pass_fd},
		{.name = "classifier", .prog_fd = bench_classifier_fd(&b->classifier)},
		{.name = "xdp-filter", .prog_fd = b->opponent.prog_fd},
		{.name = "classifier again", .prog_fd = bench_classifier_fd(&b->classifier)},
	};
	int err;

	rounds.before = next_flow;
	rounds.ctx = &hot;
	next_flow(&hot, 0);
	bench_packet_make(&udp, ipv6, false, 0);
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++)
		sides[i].packet = &hot.packet;
	err = bench_make_live(b, &udp, ipv6);
	if (!err)
		err = bench_in_turn(name, sides, ARRAY_SIZE(sides), &rounds, b->cases);
	return err ? err : bench_classifier_check(&b->classifier, name, b->checks);
}

int bench_case_shuffled(struct bench *b, const char *name, bool ipv6)
{
	const struct replay_config config = shuffled_config(b, ipv6);
	const int targets[] = {b->pass_fd, bench_classifier_fd(&b->classifier),
			       b->opponent.prog_fd};
	struct replay *replays[ARRAY_SIZE(targets)] = {};
	struct bench_packet packet;
	struct bench_side sides[] = {
		{.name = "floor"},
		{.name = "classifier"},
		{.name = "xdp-filter"},
		{.name = "classifier again"},
	};
	int err;

	bench_packet_make(&packet, ipv6, false, 0);
	err = bench_make_live(b, &packet, ipv6);
	for (size_t i = 0; i < ARRAY_SIZE(targets) && !err; i++) {
		err = bench_replay_open(&replays[i], &config, targets[i]);
		if (!err)
			sides[i].prog_fd = bench_replay_fd(replays[i]);
		sides[i].packet = &packet;
	}
	if (err)
		goto close_replays;
	sides[3].prog_fd = sides[1].prog_fd;
	sides[3].packet = &packet;
	err = bench_in_turn(name, sides, ARRAY_SIZE(sides), &b->rounds, b->cases);
	if (!err)
		err = bench_classifier_check(&b->classifier, name, b->checks);

close_replays:
	for (size_t i = 0; i < ARRAY_SIZE(replays); i++)
		bench_replay_close(replays[i]);
	return err;
}
