// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/cpu.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double seconds(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

void cpu_process_now(struct cpu_process *p, const struct cgroup *g)
{
	int64_t us = cgroup_cpu_us(g);
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	p->user_s = seconds(&usage.ru_utime);
	p->system_s = seconds(&usage.ru_stime);
	p->cgroup_s = us < 0 ? -1 : (double)us / 1e6;
}

json_t *cpu_process_json(const struct cpu_process *since, const struct cpu_process *until,
			 const char *cgroup_why)
{
	double user = until->user_s - since->user_s, system = until->system_s - since->system_s;
	json_t *object = json_pack("{s:f, s:f, s:f}", "user_s", user, "system_s", system, "total_s",
				   user + system);

	if (object && until->cgroup_s >= 0 && since->cgroup_s >= 0)
		json_object_set_new(object, "cgroup_s",
				    json_real(until->cgroup_s - since->cgroup_s));
	else if (object)
		json_object_set_new(object, "cgroup_why", json_string(cgroup_why));
	return object;
}

void cpu_system_now(struct cpu_system *s)
{
	unsigned long long user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0,
			   softirq = 0, steal = 0;
	double tick = (double)sysconf(_SC_CLK_TCK), cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
	struct timespec now;
	FILE *f = fopen("/proc/stat", "re");

	*s = (struct cpu_system){0};
	if (!f)
		return;
	if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
		   &iowait, &irq, &softirq, &steal) != 8) {
		fclose(f);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	fclose(f);
	/* Not the sum of the busy states: those are sampled by a timer tick, and load that keeps a steady
	 * beat meets it at the same point of its round again and again. Idle time is measured (NO_HZ).
	 */
	s->busy_s = cpus * ((double)now.tv_sec + (double)now.tv_nsec / 1e9) -
		    (double)(idle + iowait + steal) / tick;
	s->sampled_s = (double)(user + nice + system + irq + softirq) / tick;
	s->softirq_s = (double)softirq / tick;
	s->irq_s = (double)irq / tick;
	s->steal_s = (double)steal / tick;
}

json_t *cpu_system_json(const struct cpu_system *since, const struct cpu_system *until)
{
	/* Idle time comes in ticks: of an idle system a little more than passed may have been added. */
	double busy = until->busy_s - since->busy_s;

	return json_pack("{s:f, s:f, s:f, s:f}", "busy_s", busy > 0 ? busy : 0, "softirq_s",
			 until->softirq_s - since->softirq_s, "irq_s", until->irq_s - since->irq_s,
			 "steal_s", until->steal_s - since->steal_s);
}

int cpu_pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

int cpu_list(const char *text, cpu_set_t *set)
{
	CPU_ZERO(set);
	for (;;) {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		first = last = strtoul(text, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPU_SETSIZE)
			return -EINVAL;
		for (; first <= last; first++)
			CPU_SET(first, set);
		if (!*end)
			return 0;
		if (*end != ',')
			return -EINVAL;
		text = end + 1;
	}
}

bool cpu_allowed(const cpu_set_t *set)
{
	cpu_set_t mine, both;

	if (sched_getaffinity(0, sizeof(mine), &mine))
		return false;
	CPU_AND(&both, &mine, set);
	return CPU_EQUAL(&both, set);
}

unsigned int cpu_nth(const cpu_set_t *set, unsigned int n)
{
	unsigned int cpu = 0;

	n %= (unsigned int)CPU_COUNT(set);
	while (!CPU_ISSET(cpu, set) || n--)
		cpu++;
	return cpu;
}
