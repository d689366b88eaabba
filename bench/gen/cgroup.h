/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A cgroup (version 2) of this process' own, so that the kernel says what it took, all threads and children. */
#ifndef TRIPATH_BENCH_CGROUP_H
#define TRIPATH_BENCH_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct cgroup {
	bool joined;
	char why[128]; /* not */
	char before[PATH_MAX];
	char path[PATH_MAX];
};

/* Makes tripath-bench-PID-@role below the cgroup that it is in, and moves there. */
void cgroup_join(struct cgroup *g, const char *role);
/* CPU time since it was joined, in microseconds, or -1. */
int64_t cgroup_cpu_us(const struct cgroup *g);
/* Moves back and removes it. */
void cgroup_leave(struct cgroup *g);

#endif
