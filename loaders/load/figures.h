/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One reading of an interface's counters, and what stands between two. */
#ifndef TRIPATH_LOADERS_LOAD_FIGURES_H
#define TRIPATH_LOADERS_LOAD_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#include "loaders/load/load.h"
#include "maps/drops.h"
#include "maps/stats.h"
#include "maps/steer.h"

/* Two of these are taken an interval apart; values only grow, but for what a reload starts anew. */
struct figures {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	struct queue_stats
		*queue; /* by queue; the last row is for queues that appeared after attach */
	struct service_stats service[TP_MAX_SERVICES]; /* sum over the queues */
	struct tenant_stats tenant[TP_MAX_TENANTS];    /* sum over the queues */
	struct queue_stats sum;
};

enum sink_state {
	SINK_NONE,
	SINK_ALIVE,
	SINK_STALLED,
	SINK_GONE, /* killed: its process is there no longer */
};

/* The AF_XDP socket's owner, by queue. */
struct sink {
	enum sink_state state;
	uint64_t age_ns; /* of the latest heartbeat */
	uint32_t pid;
	uint32_t flags;
};

/* What is read once: all of status but the counters. */
struct status {
	struct redirect_drops drops_sum; /* first, being aligned as a row of its map */
	struct found found;
	struct policy *policy;
	uint32_t queues;
	uint32_t drop_rows; /* 0: losses are not traced here */
	struct redirect_drops *drops;
	struct sink *sinks; /* by queue */
	uint64_t flows_used;
	uint64_t flows_max;
	struct figures *before;
	struct figures *after;
};

/*
 * Zeroed memory for @count of @size bytes each, aligned as the rows of a map are and as the compiler may
 * therefore take them to be, which calloc() does not know; free it.  NULL: errno.
 */
void *figures_rows(size_t count, size_t size);

/* NULL: errno. */
struct figures *figures_read(const char *ifname, uint32_t queues);
void figures_free(struct figures *figures);

/* Fills all but @before and @after for what found_usable() agreed to. 0 or -errno. */
int status_read(struct status *status);
void status_free(struct status *status);

/* Seconds between the two readings. */
double status_seconds(const struct status *status);

/* @now - @then per second; of a counter that a reload started anew meanwhile, @now per second. */
double status_rate(const struct status *status, uint64_t then, uint64_t now);

/* status_text.c and status_json.c */
void status_print(const struct status *status);
struct json_t;
struct json_t *status_json(const struct status *status);

#endif
