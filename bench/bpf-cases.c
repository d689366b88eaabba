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

int bench_case_hot(struct bench *b, const char *name, bool ipv6, bool tcp)
{
	struct bench_packet packet, udp;
	struct bench_side sides[] = {
		{.name = "floor", .prog_fd = b->pass_fd},
		{.name = "classifier", .prog_fd = bench_classifier_fd(&b->classifier)},
		{.name = "xdp-filter", .prog_fd = b->opponent.prog_fd},
		{.name = "classifier again", .prog_fd = bench_classifier_fd(&b->classifier)},
	};
	int err;

	bench_packet_make(&packet, ipv6, tcp);
	bench_packet_make(&udp, ipv6, false);
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++)
		sides[i].packet = &packet;
	err = bench_make_live(b, &udp, ipv6);
	if (!err)
		err = bench_in_turn(name, sides, ARRAY_SIZE(sides), &b->rounds, b->cases);
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

	bench_packet_make(&packet, ipv6, false);
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
