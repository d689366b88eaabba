/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A line a second while a run goes on, for people. */
#ifndef TRIPATH_BENCH_PROGRESS_H
#define TRIPATH_BENCH_PROGRESS_H

#include <stdint.h>

struct load;

struct progress {
	uint64_t begin_ns, next_ns, answered;
	const char *whose; /* the p99 is */
};

/* @first: name of the first class of @classes, whose p99 is shown. */
void progress_begin(struct progress *p, uint64_t now_ns, unsigned int classes, const char *first);
void progress_show(struct progress *p, uint64_t now_ns, unsigned int classes, const struct load *l);
void progress_end(const struct progress *p);

#endif
