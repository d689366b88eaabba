/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tp-probe, run around a measurement: what it counted goes into the result. */
#ifndef TRIPATH_BENCH_PROBE_H
#define TRIPATH_BENCH_PROBE_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "loaders/probe/kind.h"

struct probes {
	unsigned int n;
	struct probe {
		const char *name;
		pid_t pid;
		int out; /* its standard output */
	} probe[PROBE_KINDS];
	bool json; /* what they say; else text for people */
};

/*
 * @set: a bit of each enum probe_kind.  Counting has begun when it returns 0; else a negative errno, after telling why,
 * but for -EINTR: *@stop was set by a signal.
 */
int probes_start(struct probes *p, unsigned int set, bool json, const volatile sig_atomic_t *stop);
/* Ends them; {name: what it said last, an object or text for people} or {name: null}; new, or NULL. */
json_t *probes_stop(struct probes *p);

#endif
