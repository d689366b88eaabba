/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CPU time: of this process, of its cgroup, and of the whole system. */
#ifndef TRIPATH_BENCH_CPU_H
#define TRIPATH_BENCH_CPU_H

#include <jansson.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/gen/cgroup.h"

struct cpu_process {
	double user_s, system_s;
	double cgroup_s; /* below 0: not known */
};

struct cpu_system {       /* all CPUs, since some point in time */
	double busy_s;    /* neither idle nor stolen */
	double sampled_s; /* busy by the timer tick's samples, of which softirq and irq are parts */
	double softirq_s, irq_s, steal_s;
};

void cpu_process_now(struct cpu_process *p, const struct cgroup *g);
/* @until less @since; {"user_s", "system_s", "total_s", "cgroup_s" or "cgroup_why"}; new, or NULL. */
json_t *cpu_process_json(const struct cpu_process *since, const struct cpu_process *until,
			 const char *cgroup_why);
/* Of /proc/stat, whose resolution is a clock tick (10 ms). */
void cpu_system_now(struct cpu_system *s);
json_t *cpu_system_json(const struct cpu_system *since, const struct cpu_system *until);
/* Pins the calling thread; a negative errno. */
int cpu_pin(unsigned int cpu);
/* "2,4-7" into @set; a negative errno where it is no list of CPUs. */
int cpu_list(const char *text, cpu_set_t *set);
/* Whether this process may run on every CPU of @set. */
bool cpu_allowed(const cpu_set_t *set);
/* The @n th CPU of a set, going round. */
unsigned int cpu_nth(const cpu_set_t *set, unsigned int n);

#endif
