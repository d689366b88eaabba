/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside of load*.c: load.c runs the loops, load_steps.c starts steps and ends them. */
#ifndef TRIPATH_BENCH_LOAD_INSIDE_H
#define TRIPATH_BENCH_LOAD_INSIDE_H

#include "bench/gen/load.h"
#include "bench/gen/progress.h"

#define LOAD_STEPS CLIENT_REQUESTS /* a step has a request at least */
#define LOAD_QUEUE (1U << 16)      /* steps that are due and may not start yet, of one class */

struct load_step {
	uint64_t intended_ns;
	uint32_t remaining;
	unsigned short class_;
	bool counted;
	bool failed;
};

/* One class while it runs. */
struct load_source {
	const struct traffic *traffic;
	struct schedule schedule;
	struct random shape;
	uint64_t due_ns; /* of the next step */
	uint32_t in_flight;
	unsigned int first, queued; /* of @queue */
	uint64_t queue[LOAD_QUEUE]; /* when they were due */
	struct load_record record;
};

struct load {
	struct client *client;
	struct load_options options;
	const struct cgroup *cgroup;
	unsigned int nsources;
	bool issuing;      /* steps still start */
	bool counting;     /* and are measured */
	unsigned int turn; /* the server that the next step begins with */
	unsigned int stats_missing;
	struct load_moment moment[2];
	struct load_moment *current;
	struct progress progress;
	uint32_t nfree;
	uint32_t free[LOAD_STEPS];
	struct load_step step[LOAD_STEPS];
	struct load_source source[];
};

/* Starts a step of @class_ whose time was @intended_ns. */
void load_start(struct load *l, unsigned int class_, uint64_t intended_ns, uint64_t now_ns);
/* For client_events.done, with the struct load as its context. */
void load_done(void *ctx, const struct request *r, uint64_t now_ns, enum client_end end);

#endif
