/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The classifier's object, loaded for BPF_PROG_RUN: policies installed, sinks arranged, frames
 * run, all maps that it writes mapped into memory.
 */
#ifndef TRIPATH_TESTS_UNIT_PROG_RUN_H
#define TRIPATH_TESTS_UNIT_PROG_RUN_H

#include "explain.h"
#include "state.h"
#include "steer.h"
#include "tests/unit/counters.h"
#include "tests/unit/link.h"
#include "tests/unit/reference.h"
#include "tests/vectors/packet.h"

/* The stall time of tests: long enough that a preempted test does not see its sinks stall. */
#define PROG_RUN_STALL_NS 10000000000ULL
#define PROG_RUN_QUEUES   4    /* of the classifier; the link's others share the last row */
#define PROG_RUN_CPUS     1ULL /* the cpumap holds CPU 0 alone */

struct classifier;

struct prog_run {
	struct classifier *skel;
	const struct link *link;
	struct classifier_config config;
	struct counters counters;         /* live */
	struct flow_set *flows;           /* live */
	struct xsk_heartbeat *heartbeats; /* live */
	struct explain_answer *answer;    /* live */
	struct link_socket socket[PROG_RUN_QUEUES];
	bool in_map[PROG_RUN_QUEUES];
	unsigned char in[PACKET_MAX + 64]; /* frames that need metadata in front */
	unsigned char out[PACKET_MAX + 64];
};

/* A configuration for tests: fixed hash key, smallest flow table. */
struct classifier_config prog_run_config(void);

int prog_run_open(struct prog_run *run, const struct link *link,
		  const struct classifier_config *config);
void prog_run_close(struct prog_run *run);

/* Installs the rules as a new generation; NULL: no policy in force. */
int prog_run_policy(struct prog_run *run, const struct rules *rules);
int prog_run_sink(struct prog_run *run, __u32 queue, const struct sink *sink);
void prog_run_clear_flows(struct prog_run *run);

struct prog_frame {
	__u32 queue;
	const unsigned char *bytes;
	size_t length;
	/*
	 * Bytes in the first buffer.  A shorter one than the frame needs config.frags, and the
	 * kernel's leave to choose it: Linux 6.18.
	 */
	size_t linear;
};

struct prog_result {
	__u32 action;   /* XDP_* */
	bool unchanged; /* the frame came out as it went in */
};

/* 0 or a negative errno of BPF_PROG_RUN. */
int prog_run_classify(struct prog_run *run, const struct prog_frame *frame,
		      struct prog_result *result);
/* The answer is in run->answer. */
int prog_run_explain(struct prog_run *run, const struct prog_frame *frame,
		     struct prog_result *result);

/* Runs the classifier and looks at the action alone, so threads may share @run. */
int prog_run_once(const struct prog_run *run, const struct prog_frame *frame, __u32 *action);

/* The XDP action of a verdict. */
__u32 prog_run_action(enum tp_verdict verdict);

#endif
