/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The generator: starts the steps of a workload on their schedule (open loop) or each when another ends (closed
 * loop), and records what became of them.
 */
#ifndef TRIPATH_BENCH_LOAD_H
#define TRIPATH_BENCH_LOAD_H

#include <stdbool.h>
#include <signal.h>

#include "bench/gen/client.h"
#include "bench/gen/cpu.h"
#include "bench/gen/hello.h"
#include "bench/gen/schedule.h"
#include "bench/histogram.h"

struct load_counts {
	uint64_t due;                           /* steps whose time came */
	uint64_t started;                       /* steps */
	uint64_t finished;                      /* steps whose requests were all answered intact */
	uint64_t sent, answered, lost, corrupt; /* requests */
	uint64_t not_sent;            /* requests that there was no room for in the generator */
	uint64_t bytes_out, bytes_in; /* of requests that were answered, and of their replies */
};

/* Of one class, over the measured time. */
struct load_record {
	struct load_counts counts;
	struct histogram intended; /* ns from when the step was to start to a request's reply */
	struct histogram service;  /* ns from a request's sending to its reply */
	struct histogram step;     /* ns from when the step was to start to the last reply */
	struct histogram lag; /* ns that the generator was late to notice that a step was due */
};

struct load_options {
	bool closed;
	enum transport_wait wait;
	unsigned int servers;
	bool own_connections; /* each class has its own to every server: peer = class * servers + server */
	double duration_s, warmup_s;
	uint64_t timeout_ns;
	bool progress;
	const volatile sig_atomic_t *stop;
};

struct load_moment {
	uint64_t at_ns;
	struct cpu_process client;
	struct cpu_system system;
	char server[HELLO_SERVERS][WIRE_MAX_CONTROL + 1]; /* STATS, as they came */
};

struct load;

/* 0 and *@out; a negative errno after telling why. */
int load_new(const struct workload *w, const struct load_options *options,
	     const struct cgroup *cgroup, struct load **out);
void load_free(struct load *l);
/* For client_open. */
struct client_events load_events(struct load *l);
/* Runs to the end; 0, -EINTR after a signal, or another negative errno after telling why. */
int load_run(struct load *l, struct client *c);

const struct load_record *load_record(const struct load *l, unsigned int class_);
const struct load_moment *load_begin(const struct load *l);
const struct load_moment *load_end(const struct load *l);

#endif
