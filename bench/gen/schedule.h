/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* When the steps of one class are to start.  The same seed gives the same times, whatever the servers do. */
#ifndef TRIPATH_BENCH_SCHEDULE_H
#define TRIPATH_BENCH_SCHEDULE_H

#include "bench/gen/random.h"
#include "bench/gen/workload.h"

#define SCHEDULE_END UINT64_MAX

struct schedule {
	enum arrivals arrivals;
	double mean_ns; /* between arrivals, while on */
	double on_ns, off_ns;
	double at_ns; /* of the latest arrival, in time that is on */
	struct random random;
	uint64_t *trace;
	size_t ntrace, next;
};

/* @index tells the classes of a workload apart.  0, or a negative errno after telling what is wrong with the trace. */
int schedule_init(struct schedule *s, const struct traffic *t, uint64_t seed, unsigned int index);
void schedule_free(struct schedule *s);
/* Of the next step, nanoseconds since the start of the run; SCHEDULE_END after a trace. */
uint64_t schedule_next(struct schedule *s);

#endif
