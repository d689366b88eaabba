/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every counter of the classifier, twice: as the maps hold them, and as the expected verdicts
 * add up.
 */
#ifndef TRIPATH_TESTS_UNIT_COUNTERS_H
#define TRIPATH_TESTS_UNIT_COUNTERS_H

#include <stdbool.h>
#include <stdio.h>

#include "stats.h"
#include "tests/unit/reference.h"

/* Rows as in maps/stats.h. */
struct counters {
	__u32 queues; /* rows of `queue` less one */
	struct queue_stats *queue;
	struct service_stats *service;
	struct tenant_stats *tenant;
};

/* What the flow table is expected to do for one packet. */
enum flow_event {
	FLOW_NONE, /* it is not asked, or it knows the flow */
	FLOW_INSERTED,
	FLOW_REFRESHED,
};

int counters_alloc(struct counters *counters, __u32 queues);
void counters_free(struct counters *counters);
void counters_clear(struct counters *counters);

void counters_add(struct counters *counters, __u32 queue, size_t bytes,
		  const struct reference_answer *answer, enum flow_event event);
/* Every word of every row. */
bool counters_equal(const struct counters *one, const struct counters *other);
void counters_copy(struct counters *to, const struct counters *from);
/* Flow events alone, where they depend on what else the table holds. */
void counters_copy_flow_events(struct counters *to, const struct counters *from);
/* Names the rows and words that differ. */
void counters_print_difference(FILE *out, const struct counters *wanted,
			       const struct counters *got);

#endif
