// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The classifier's runs held against what they should be: see judge.h. */
#include "tests/unit/judge.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void judge_open(struct judge *judge, const struct link *link,
		const struct classifier_config *config)
{
	int error;

	memset(judge, 0, sizeof(*judge));
	error = prog_run_open(&judge->run, link, config);
	if (!error)
		error = counters_alloc(&judge->expected, config->queues);
	if (error)
		errx(1, "cannot load the classifier: %s", strerror(-error));
	judge->flows_before = malloc((config->flow_set_mask + 1) * sizeof(struct flow_set));
	if (!judge->flows_before)
		err(1, "flows");
}

void judge_close(struct judge *judge)
{
	free(judge->flows_before);
	counters_free(&judge->expected);
	prog_run_close(&judge->run);
}

void judge_policy(struct judge *judge, const struct rules *rules)
{
	int error = prog_run_policy(&judge->run, rules);

	if (error)
		errx(1, "cannot install a policy: %s", strerror(-error));
	judge->rules = rules;
}

void judge_sink(struct judge *judge, __u32 queue, const struct sink *sink)
{
	int error = prog_run_sink(&judge->run, queue, sink);

	if (error)
		errx(1, "cannot arrange the sink of queue %u: %s", queue, strerror(-error));
	judge->sink[queue] = *sink;
}

void judge_beat(struct judge *judge)
{
	for (__u32 queue = 0; queue < PROG_RUN_QUEUES; queue++) {
		const struct sink sink = judge->sink[queue];

		judge_sink(judge, queue, &sink);
	}
}

struct reference_answer judge_reference(const struct judge *judge, const struct prog_frame *frame)
{
	const struct reference_input input = {
		.rules = judge->rules,
		.frame = frame->bytes,
		.length = frame->length,
		.linear = frame->linear,
		.sink = judge->sink[frame->queue],
		.cpus = PROG_RUN_CPUS,
	};

	return reference_classify(&input);
}

static bool differs(const char *what, __u64 wanted, __u64 got)
{
	if (wanted == got)
		return false;
	printf("# %s: expected %llu, got %llu\n", what, wanted, got);
	return true;
}

static bool reason_differs(const char *what, __u32 wanted, __u32 got)
{
	if (wanted == got)
		return false;
	printf("# %s: expected %s, got %s\n", what, reference_reason_name(wanted),
	       reference_reason_name(got));
	return true;
}

/* What would happen without a socket is told where one has the packet or is not asked for. */
static bool fallback_differs(const struct explain_answer *got,
			     const struct reference_answer *wanted)
{
	if (wanted->reason == TP_REASON_xsk_redirected)
		return reason_differs("explain fallback", TP_REASON_xsk_unbound, got->fallback);
	if (wanted->path != TP_PATH_AF_XDP)
		return reason_differs("explain fallback", wanted->reason, got->fallback);
	return false;
}

static bool answer_differs(const struct explain_answer *got, const struct reference_answer *wanted)
{
	bool bad = reason_differs("explain reason", wanted->reason, got->reason);

	bad |= differs("explain verdict", wanted->verdict, got->verdict);
	bad |= differs("explain service", wanted->service, got->service);
	bad |= differs("explain tenant", wanted->tenant, got->tenant);
	bad |= fallback_differs(got, wanted);
	if (wanted->service >= TP_SERVICE_FIRST) {
		bad |= differs("explain class", wanted->class_, got->class_);
		bad |= differs("explain path", wanted->path, got->path);
	}
	if (wanted->verdict == TP_VERDICT_CPU)
		bad |= differs("explain cpu", wanted->cpu, got->cpu);
	if (!wanted->flow)
		bad |= differs("explain cached, of no flow", 0, got->cached);
	return bad;
}

static size_t flows_bytes(const struct judge *judge)
{
	return (judge->run.config.flow_set_mask + 1) * sizeof(struct flow_set);
}

static bool explain_differs(struct judge *judge, const struct prog_frame *frame,
			    const struct reference_answer *wanted, enum flow_event event)
{
	struct prog_result result;
	bool bad;
	int error;

	if (judge->thorough)
		memcpy(judge->flows_before, judge->run.flows, flows_bytes(judge));
	memset(judge->run.answer, 0xff, sizeof(*judge->run.answer));
	error = prog_run_explain(&judge->run, frame, &result);
	if (error) {
		printf("# explain cannot be run: %s\n", strerror(-error));
		return true;
	}
	bad = answer_differs(judge->run.answer, wanted);
	bad |= differs("frame unchanged by explain", true, result.unchanged);
	if (!judge->thorough)
		return bad;
	if (wanted->flow)
		bad |= differs("explain cached", event == FLOW_NONE, judge->run.answer->cached);
	bad |= differs("flow table unchanged by explain", 0,
		       (__u64) !!memcmp(judge->flows_before, judge->run.flows, flows_bytes(judge)));
	bad |= differs("counters unchanged by explain", true,
		       counters_equal(&judge->expected, &judge->run.counters));
	return bad;
}

/* The rows that the frame may touch, and the reason that it was counted under. */
static bool rows_differ(const struct judge *judge, __u32 queue,
			const struct reference_answer *wanted)
{
	const struct counters *want = &judge->expected, *got = &judge->run.counters;
	size_t row = queue < want->queues ? queue : want->queues;
	size_t service = row * TP_MAX_SERVICES + wanted->service;
	size_t tenant = row * TP_MAX_TENANTS + wanted->tenant;
	bool bad = false;

	for (__u32 reason = 0; reason < TP_REASONS; reason++)
		bad |= differs(reference_reason_name(reason),
			       ((const __u64 *)&want->queue[row].reasons)[reason],
			       ((const __u64 *)&got->queue[row].reasons)[reason]);
	bad |= differs("queue bytes", want->queue[row].bytes, got->queue[row].bytes);
	bad |= differs("service packets", want->service[service].packets,
		       got->service[service].packets);
	bad |= differs("tenant packets", want->tenant[tenant].packets, got->tenant[tenant].packets);
	return bad;
}

bool judge_frame(struct judge *judge, const struct prog_frame *frame,
		 const struct reference_answer *wanted, enum flow_event event)
{
	struct prog_result result;
	bool bad = explain_differs(judge, frame, wanted, event);
	int error = prog_run_classify(&judge->run, frame, &result);

	if (error) {
		printf("# the classifier cannot be run: %s\n", strerror(-error));
		return false;
	}
	bad |= differs("XDP action", prog_run_action(wanted->verdict), result.action);
	bad |= differs("frame unchanged", true, result.unchanged);
	counters_add(&judge->expected, frame->queue, frame->length, wanted,
		     judge->thorough ? event : FLOW_NONE);
	if (judge->thorough)
		bad |= !judge_counters(judge);
	else
		bad |= rows_differ(judge, frame->queue, wanted);
	if (bad) {
		judge_print_frame(judge, frame, wanted);
		counters_copy(&judge->expected, &judge->run.counters); /* one fault, one report */
	}
	return !bad;
}

bool judge_counters(struct judge *judge)
{
	if (!judge->thorough)
		counters_copy_flow_events(&judge->expected, &judge->run.counters);
	if (counters_equal(&judge->expected, &judge->run.counters))
		return true;
	counters_print_difference(stdout, &judge->expected, &judge->run.counters);
	return false;
}

void judge_print_frame(const struct judge *judge, const struct prog_frame *frame,
		       const struct reference_answer *wanted)
{
	const struct explain_answer *got = judge->run.answer;

	printf("# expected %s, service %u, tenant %u; explain said %s, service %u, tenant %u, "
	       "cached %u\n",
	       reference_reason_name(wanted->reason), wanted->service, wanted->tenant,
	       reference_reason_name(got->reason), got->service, got->tenant, got->cached);
	printf("# queue %u, %zu bytes, %zu in the first buffer:", frame->queue, frame->length,
	       frame->linear);
	for (size_t i = 0; i < frame->length; i++)
		printf("%s%02x", i % 32 ? "" : "\n# ", frame->bytes[i]);
	printf("\n");
}
