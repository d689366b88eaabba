/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What load is offered: classes of traffic, each with its arrivals and shape. */
#ifndef TRIPATH_BENCH_WORKLOAD_H
#define TRIPATH_BENCH_WORKLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define WORKLOAD_CLASSES         3
#define WORKLOAD_MAX_FANOUT      256
#define WORKLOAD_MAX_RATE        1e8 /* steps a second */
#define WORKLOAD_MAX_OUTSTANDING 16384
#define WORKLOAD_MIN_SIZE        48 /* a message's header */
#define WORKLOAD_SMALL           64 /* the message that carries no data: a read's request, a write's reply */
#define WORKLOAD_ECHO            (-1.0)

enum arrivals {
	ARRIVALS_POISSON,
	ARRIVALS_UNIFORM,
	ARRIVALS_ONOFF, /* Poisson while on, nothing while off; the rate is the mean of both */
	ARRIVALS_TRACE,
};

struct range {
	uint32_t min, max;
};

struct traffic {
	char name[8]; /* A, B, C */
	enum arrivals arrivals;
	double rate_per_s; /* steps */
	double on_ms, off_ms;
	char *trace;         /* a file of times in seconds, ascending; the traffic's own copy */
	struct range size;   /* bytes of a whole message, header included; even in the logarithm */
	struct range fanout; /* requests of a step, even */
	double reads; /* share of requests whose reply carries the data; WORKLOAD_ECHO: both do */
	bool verify;  /* checksums, checked by who receives the data */
	uint32_t outstanding; /* steps in flight; 0: no limit (open loop) */
};

struct workload {
	char name[32];
	uint64_t seed;
	unsigned int n;
	struct traffic traffic[WORKLOAD_CLASSES];
};

/* The one that is built in: "A", "B", "C" or "mix"; false where there is none of this name. */
bool workload_named(struct workload *w, const char *name);
/* Of a file (docs/man/tp-bench.8).  -EINVAL after telling file, line and fault; another negative errno likewise. */
int workload_read(struct workload *w, const char *path);
void workload_free(struct workload *w);
const char *arrivals_name(enum arrivals a);
/* New, or NULL. */
json_t *workload_json(const struct workload *w);

#endif
