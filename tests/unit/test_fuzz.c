// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Random packets under random policies: classifier, explain and the reference must agree on
 * every one. FUZZ_PACKETS and FUZZ_SEED set how many and which; a failure prints both, and the
 * packet.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/judge.h"
#include "tests/unit/random.h"

#define POLICIES     12   /* of each configuration, one after the other on the same flow table */
#define POOL         512  /* recent frames, to meet the flow table again */
#define FULL_COMPARE 2000 /* frames between comparisons of every counter */

struct pool_frame {
	size_t length;
	unsigned char bytes[RANDOM_FRAME_MAX];
};

static struct link veth;
static __u64 seed;
static __u64 packets = 1000000;
static struct pool_frame pool[POOL];
static struct rules rules;
static __u64 reached[TP_REASONS];

static __u64 environment_number(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void change_sinks(struct judge *judge, struct random *random)
{
	static const enum sink_beat beats[] = {BEAT_NEVER, BEAT_FRESH, BEAT_FRESH,
					       BEAT_FRESH, BEAT_STALE, BEAT_FUTURE};

	for (__u32 queue = 0; queue < PROG_RUN_QUEUES; queue++) {
		const struct sink sink = {
			.beat = beats[random_below(random, 6)],
			.socket = !random_once_in(random, 4),
			.forwards = random_once_in(random, 2),
		};

		judge_sink(judge, queue, &sink);
	}
}

/* A policy, or once in a while none; a quarter of them with a thousand prefixes. */
static void change_policy(struct judge *judge, struct random *random, int turn)
{
	static const __u32 prefixes[] = {0, 12, 200, 1000};

	if (turn == POLICIES / 2) {
		judge_policy(judge, NULL);
		return;
	}
	random_rules(random, &rules, prefixes[turn % 4]);
	judge_policy(judge, &rules);
}

/* A new frame, or one that was there before: under another policy, on another queue. */
static struct prog_frame next_frame(struct judge *judge, struct random *random, bool split)
{
	struct pool_frame *slot = &pool[random_below(random, POOL)];
	struct prog_frame frame = {.queue = random_below(random, LINK_QUEUES)};

	if (slot->length == 0 || !random_once_in(random, 3))
		slot->length = random_frame(random, judge->rules, slot->bytes);
	frame.bytes = slot->bytes;
	frame.length = frame.linear = slot->length;
	if (split && random_once_in(random, 4))
		frame.linear =
			random_below(random, (__u32)(slot->length < 160 ? slot->length : 160));
	return frame;
}

static bool fuzz_policy(struct judge *judge, struct random *random, __u64 count, bool split)
{
	for (__u64 i = 0; i < count; i++) {
		struct prog_frame frame;
		struct reference_answer wanted;

		if (i % FULL_COMPARE == 0) {
			if (!judge_counters(judge))
				return false;
			change_sinks(judge, random);
		}
		frame = next_frame(judge, random, split);
		wanted = judge_reference(judge, &frame);
		reached[wanted.reason]++;
		if (!judge_frame(judge, &frame, &wanted, FLOW_NONE)) {
			printf("# frame %llu of its policy\n", i);
			return false;
		}
	}
	return judge_counters(judge);
}

static bool can_split(struct judge *judge)
{
	static const unsigned char bytes[60];
	const struct prog_frame frame = {.bytes = bytes, .length = 60, .linear = 20};
	struct prog_result result;

	return judge->run.config.frags && prog_run_explain(&judge->run, &frame, &result) == 0;
}

static void fuzz(__u8 atomic_counters, __u8 frags)
{
	struct classifier_config config = prog_run_config();
	struct random random = {.state = seed + 2U * frags + atomic_counters};
	struct judge judge;
	bool agree = true, split;

	for (int i = 0; i < TP_FLOW_HASH_KEYS; i++)
		config.hash_key[i] = random_word(&random);
	config.atomic_counters = atomic_counters;
	config.frags = frags;
	judge_open(&judge, &veth, &config);
	split = can_split(&judge);
	for (int turn = 0; agree && turn < POLICIES; turn++) {
		change_policy(&judge, &random, turn);
		agree = fuzz_policy(&judge, &random, packets / 2 / POLICIES + 1, split);
		if (!agree)
			printf("# policy %d; repeat with FUZZ_SEED=%llu FUZZ_PACKETS=%llu\n", turn,
			       seed, packets);
	}
	judge_close(&judge);
	assert_true(agree);
}

static void test_fuzz(void **state)
{
	fuzz(0, 0);
}

static void test_fuzz_atomic_frags(void **state)
{
	fuzz(1, 1);
}

static int print_reached(void **state)
{
	for (__u32 reason = 0; reason < TP_REASONS; reason++)
		printf("# %10llu %s\n", reached[reason], reference_reason_name(reason));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fuzz),
		cmocka_unit_test(test_fuzz_atomic_frags),
	};
	int err = link_create(&veth);

	if (err) {
		fprintf(stderr, "cannot create a test link: %s; run this as root\n",
			strerror(-err));
		return 1;
	}
	packets = environment_number("FUZZ_PACKETS", packets);
	seed = environment_number("FUZZ_SEED", (__u64)time(NULL));
	printf("# FUZZ_SEED=%llu FUZZ_PACKETS=%llu\n", seed, packets);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fuzzing", tests, NULL, print_reached);
}
