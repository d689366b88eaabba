/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tp-probe, run around a measurement: what it counted goes into the result. */
#ifndef TRIPATH_BENCH_PROBE_H
#define TRIPATH_BENCH_PROBE_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#define PROBE_MAX 4

struct probes {
	unsigned int n;
	struct probe {
		char name[24];
		pid_t pid;
		int out; /* its standard output */
	} probe[PROBE_MAX];
	bool json; /* what they say; else text for people */
};

/* @names: "softirq,wakeup".  A negative errno after telling why. */
int probes_start(struct probes *p, const char *names, bool json);
/* Ends them; {name: what it said last, an object or text for people} or {name: null}; new, or NULL. */
json_t *probes_stop(struct probes *p);

#endif
