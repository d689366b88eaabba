// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The table of packet vectors through BPF_PROG_RUN, under every build of the classifier that
 * its configuration allows, and the promises that the table makes: every reason, and the
 * reference agrees.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/judge.h"
#include "tests/vectors/vectors.h"

static struct link veth;
static unsigned char frame_bytes[PACKET_MAX];

static struct prog_frame build(const struct vector *vector)
{
	struct packet_layout layout = packet_build(&vector->packet, frame_bytes);

	return (struct prog_frame){
		.queue = vector->queue,
		.bytes = frame_bytes,
		.length = layout.length,
		.linear = layout.length,
	};
}

/* What the table does not spell out is in the policy that it refers to. */
static struct reference_answer expected(const struct vector *vector)
{
	const struct vector_expected *row = &vector->expected;
	const struct rules *rules = vectors_rules(vector->policy);
	struct reference_answer answer = {
		.verdict = row->verdict,
		.reason = row->reason,
		.counted = row->counted,
		.flow = row->counted && row->service != TP_SERVICE_CONTROL,
		.service = row->service,
		.tenant = row->tenant,
	};

	if (row->service >= TP_SERVICE_FIRST) {
		const struct rule_service *service =
			&rules->service[row->service - TP_SERVICE_FIRST];

		answer.class_ = (__u8)service->class_;
		answer.path = (__u8)service->path;
		answer.cpu = rules->cpu[service->class_];
	}
	return answer;
}

/* Each vector twice: a flow's first packet, and one that finds the flow. */
static unsigned int run_policy(struct judge *judge, enum vector_policy policy)
{
	unsigned int failed = 0;

	judge_policy(judge, vectors_rules(policy));
	for (size_t i = 0; i < vectors_count; i++) {
		const struct vector *vector = &vectors[i];
		struct reference_answer wanted = expected(vector);
		struct prog_frame frame = build(vector);
		bool good;

		if (vector->policy != policy)
			continue;
		prog_run_clear_flows(&judge->run);
		judge_sink(judge, vector->queue, &vector->sink);
		good = judge_frame(judge, &frame, &wanted, wanted.flow ? FLOW_INSERTED : FLOW_NONE);
		good &= judge_frame(judge, &frame, &wanted, FLOW_NONE);
		if (!good) {
			printf("# vector failed: %s\n", vector->name);
			failed++;
		}
	}
	return failed;
}

static void run_table(__u8 atomic_counters, __u8 frags)
{
	struct classifier_config config = prog_run_config();
	struct judge judge;
	unsigned int failed = 0;

	config.atomic_counters = atomic_counters;
	config.frags = frags;
	judge_open(&judge, &veth, &config);
	judge.thorough = true;
	for (unsigned int policy = 0; policy < VECTOR_POLICIES; policy++)
		failed += run_policy(&judge, policy);
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

static void test_table(void **state)
{
	run_table(0, 0);
}

static void test_table_atomic(void **state)
{
	run_table(1, 0);
}

static void test_table_frags(void **state)
{
	run_table(0, 1);
}

static void test_table_atomic_frags(void **state)
{
	run_table(1, 1);
}

/*
 * XDP test runs and drivers alike refuse frames below 14 bytes, so the reason can be reached
 * only by a frame in several buffers of which the first is that short.
 */
static void test_eth_truncated(void **state)
{
	const struct reference_answer wanted = {
		.verdict = TP_VERDICT_STACK,
		.reason = TP_REASON_eth_truncated,
	};
	struct classifier_config config = prog_run_config();
	struct prog_frame frame = {.bytes = frame_bytes, .length = 60};
	struct prog_result result;
	struct judge judge;
	unsigned int failed = 0;

	config.frags = 1;
	packet_build(&(struct packet){.family = 4, .protocol = 6, .payload = 100}, frame_bytes);
	judge_open(&judge, &veth, &config);
	judge.thorough = true;
	judge_policy(&judge, vectors_rules(POLICY_PLAIN));
	if (prog_run_explain(&judge.run, &frame, &result) == -EINVAL) {
		judge_close(&judge);
		printf("# this kernel runs no frame whose first buffer is below 14 bytes (Linux "
		       "6.18 does)\n");
		skip();
	}
	for (frame.linear = 0; frame.linear < 14; frame.linear++)
		failed += !judge_frame(&judge, &frame, &wanted, FLOW_NONE);
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

static void test_reference_agrees(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < vectors_count; i++) {
		const struct vector *vector = &vectors[i];
		struct reference_answer wanted = expected(vector), got;
		struct prog_frame frame = build(vector);
		const struct reference_input input = {
			.rules = vectors_rules(vector->policy),
			.frame = frame.bytes,
			.length = frame.length,
			.linear = frame.linear,
			.sink = vector->sink,
			.cpus = PROG_RUN_CPUS,
		};

		got = reference_classify(&input);
		if (got.reason == wanted.reason && got.verdict == wanted.verdict &&
		    got.service == wanted.service && got.tenant == wanted.tenant &&
		    got.counted == wanted.counted && got.flow == wanted.flow)
			continue;
		printf("# %s: expected %s, service %u, tenant %u; the reference says %s, %u, %u\n",
		       vector->name, reference_reason_name(wanted.reason), wanted.service,
		       wanted.tenant, reference_reason_name(got.reason), got.service, got.tenant);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* The table reaches every reason, and the verdict that maps/reasons.h gives it. */
static void test_every_reason(void **state)
{
	static const enum tp_verdict verdicts[] = {
#define X(name, verdict, text) TP_VERDICT_##verdict,
		TP_REASON_LIST(X)
#undef X
	};
	bool reached[TP_REASONS] = {[TP_REASON_eth_truncated] = true}; /* test_eth_truncated */
	unsigned int missing = 0;

	for (size_t i = 0; i < vectors_count; i++) {
		reached[vectors[i].expected.reason] = true;
		assert_int_equal(vectors[i].expected.verdict, verdicts[vectors[i].expected.reason]);
	}
	for (__u32 reason = 0; reason < TP_REASONS; reason++) {
		if (reached[reason])
			continue;
		printf("# no vector reaches %s\n", reference_reason_name(reason));
		missing++;
	}
	assert_int_equal(missing, 0);
}

static void test_names_are_unique(void **state)
{
	for (size_t i = 0; i < vectors_count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(vectors[i].name, vectors[j].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_unique),   cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_reference_agrees),   cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_atomic),       cmocka_unit_test(test_table_frags),
		cmocka_unit_test(test_table_atomic_frags), cmocka_unit_test(test_eth_truncated),
	};
	int err = link_create(&veth);

	if (err) {
		fprintf(stderr, "cannot create a test link: %s; run this as root\n",
			strerror(-err));
		return 1;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("packet vectors", tests, NULL, NULL);
}
