// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Softirq times: bpf/probe/softirq.bpf.c. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "loaders/probe/hist.h"
#include "loaders/probe/probe.h"
#include "maps/probe_softirq.h"
#include "skel/softirq.skel.h"

#define NS_PER_S 1e9

static const char *const vector_names[TP_SOFTIRQS] = {
#define X(name) #name,
	TP_SOFTIRQ_LIST(X)
#undef X
};

/* One vector, of one CPU or of all. */
struct vector {
	uint64_t raised;
	struct hist wait;
	struct hist run;
};

static int softirq_open(struct probe *probe)
{
	struct softirq *skel = softirq__open();
	int err;

	if (!skel)
		return -errno;
	probe->skel = skel;
	probe->skeleton = skel->skeleton;
	probe->object = skel->obj;
	skel->rodata->cfg.tgid = probe->opt->pid;
	err = bpf_map__set_max_entries(skel->maps.softirq_rows, probe->cpus * TP_SOFTIRQS);
	if (!err)
		err = softirq__load(skel);
	return err ? err : probe_map(probe, skel->maps.softirq_rows);
}

static void add(struct vector *to, const struct softirq_row *row)
{
	to->raised += row->raised;
	hist_merge(&to->wait, &row->wait_ns, &row->wait);
	hist_merge(&to->run, &row->run_ns, &row->run);
}

static struct vector of_cpu(const struct probe *probe, uint32_t cpu, int vector)
{
	const struct softirq_row *rows = probe_delta(probe, 0);
	struct vector sum = {};

	add(&sum, &rows[cpu * TP_SOFTIRQS + (uint32_t)vector]);
	return sum;
}

static struct vector of_all(const struct probe *probe, int vector)
{
	const struct softirq_row *rows = probe_delta(probe, 0);
	struct vector sum = {};
	uint32_t cpu;

	for (cpu = 0; cpu < probe->cpus; cpu++)
		add(&sum, &rows[cpu * TP_SOFTIRQS + (uint32_t)vector]);
	return sum;
}

static bool empty(const struct vector *v)
{
	return !v->raised && !hist_count(&v->run);
}

/* Of the time that @cpus have in @seconds. */
static double share(uint64_t ns, double seconds, uint32_t cpus)
{
	return seconds > 0 ? (double)ns / (seconds * NS_PER_S * cpus) : 0;
}

static void print_row(const char *name, const struct vector *v, double seconds, uint32_t cpus,
		      bool total)
{
	printf("  %-10s %10" PRIu64 " %10" PRIu64 " %12.0f %12.0f", name, v->raised,
	       hist_count(&v->run), hist_mean_ns(&v->wait), hist_mean_ns(&v->run));
	if (total)
		printf(" %12" PRIu64 " %12" PRIu64, (uint64_t)v->wait.times.max_ns,
		       (uint64_t)v->run.times.max_ns);
	printf(" %8.3f%%\n", 100 * share(v->run.times.sum_ns, seconds, cpus));
}

static void print_histograms(const char *name, const char *where, const struct vector *v)
{
	char title[80];

	snprintf(title, sizeof(title), "%s%s, raise to entry", name, where);
	hist_print(title, &v->wait);
	snprintf(title, sizeof(title), "%s%s, entry to exit", name, where);
	hist_print(title, &v->run);
}

static void print_cpus(const struct probe *probe, int vector)
{
	uint32_t cpu;

	for (cpu = 0; cpu < probe->cpus; cpu++) {
		struct vector v = of_cpu(probe, cpu, vector);
		char where[32];

		snprintf(where, sizeof(where), ", CPU %u", cpu);
		print_histograms(vector_names[vector], where, &v);
	}
}

static void softirq_text(const struct probe *probe, double seconds, bool total)
{
	uint64_t all_ns = 0;
	int i;

	printf("  %-10s %10s %10s %12s %12s", "vector", "raised", "ran", "mean wait ns",
	       "mean run ns");
	if (total)
		printf(" %12s %12s", "max wait ns", "max run ns");
	printf(" %9s\n", "CPU time");
	for (i = 0; i < TP_SOFTIRQS; i++) {
		struct vector v = of_all(probe, i);

		all_ns += v.run.times.sum_ns;
		if (!empty(&v))
			print_row(vector_names[i], &v, seconds, probe->cpus, total);
	}
	printf("  softirqs took %.3f%% of %u CPUs for %.3f s\n",
	       100 * share(all_ns, seconds, probe->cpus), probe->cpus, seconds);
	for (i = 0; i < TP_SOFTIRQS; i++) {
		struct vector v = of_all(probe, i);

		if (probe->opt->per_cpu)
			print_cpus(probe, i);
		else
			print_histograms(vector_names[i], "", &v);
	}
}

static json_t *counts_json(const struct vector *v, double seconds, uint32_t cpus, bool total)
{
	json_t *o = json_object();

	json_object_set_new(o, "raised", json_integer((json_int_t)v->raised));
	json_object_set_new(o, "ran", json_integer((json_int_t)hist_count(&v->run)));
	json_object_set_new(o, "cpu_share", json_real(share(v->run.times.sum_ns, seconds, cpus)));
	json_object_set_new(o, "wait", hist_json(&v->wait, total));
	json_object_set_new(o, "run", hist_json(&v->run, total));
	return o;
}

static json_t *cpus_json(const struct probe *probe, int vector, double seconds, bool total)
{
	json_t *list = json_array();
	uint32_t cpu;

	for (cpu = 0; cpu < probe->cpus; cpu++) {
		struct vector v = of_cpu(probe, cpu, vector);
		json_t *o;

		if (empty(&v))
			continue;
		o = counts_json(&v, seconds, 1, total);
		json_object_set_new(o, "cpu", json_integer(cpu));
		json_array_append_new(list, o);
	}
	return list;
}

static void softirq_json(const struct probe *probe, double seconds, bool total, json_t *out)
{
	json_t *list = json_array();
	uint64_t all_ns = 0;
	int i;

	for (i = 0; i < TP_SOFTIRQS; i++) {
		struct vector v = of_all(probe, i);
		json_t *o;

		if (empty(&v))
			continue;
		all_ns += v.run.times.sum_ns;
		o = counts_json(&v, seconds, probe->cpus, total);
		json_object_set_new(o, "vector", json_string(vector_names[i]));
		json_object_set_new(o, "cpus", cpus_json(probe, i, seconds, total));
		json_array_append_new(list, o);
	}
	json_object_set_new(out, "softirq_seconds", json_real((double)all_ns / NS_PER_S));
	json_object_set_new(out, "softirq_share", json_real(share(all_ns, seconds, probe->cpus)));
	json_object_set_new(out, "vectors", list);
}

const struct probe_kind_ops softirq_ops = {softirq_open, softirq_text, softirq_json};
