/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Holds one frame's run against what it should have been: explain's answer, that explain left
 * no trace, the XDP action, the frame's bytes, and every counter.
 */
#ifndef TRIPATH_TESTS_UNIT_JUDGE_H
#define TRIPATH_TESTS_UNIT_JUDGE_H

#include "tests/unit/prog_run.h"

struct judge {
	struct prog_run run;
	const struct rules *rules; /* in force; NULL: no policy */
	struct sink sink[LINK_QUEUES];
	struct counters expected;
	/*
	 * All maps are compared around every run; else the rows that a frame may touch, and
	 * the flow table not at all.
	 */
	bool thorough;
	void *flows_before;
};

/* These end the test program with a word when the kernel refuses. */
void judge_open(struct judge *judge, const struct link *link,
		const struct classifier_config *config);
void judge_close(struct judge *judge);
void judge_policy(struct judge *judge, const struct rules *rules);
void judge_sink(struct judge *judge, __u32 queue, const struct sink *sink);
/* Beats again for every sink, so that the fresh ones stay so. */
void judge_beat(struct judge *judge);

/* What the reference answers for the frame. */
struct reference_answer judge_reference(const struct judge *judge, const struct prog_frame *frame);

/*
 * Runs @frame through explain and classifier and tells whether all is as @wanted says; what is
 * not is printed as TAP comments. @event: what the flow table is to do, where judge->thorough.
 */
bool judge_frame(struct judge *judge, const struct prog_frame *frame,
		 const struct reference_answer *wanted, enum flow_event event);
/* Every counter since judge_open(). */
bool judge_counters(struct judge *judge);

void judge_print_frame(const struct judge *judge, const struct prog_frame *frame,
		       const struct reference_answer *wanted);

#endif
