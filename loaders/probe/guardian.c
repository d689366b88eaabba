// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How the guardian is scheduled, and whom it preempts: bpf/probe/guardian_sched.bpf.c. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "loaders/probe/hist.h"
#include "loaders/probe/probe.h"
#include "skel/guardian_sched.skel.h"

#define NS_PER_S 1e9

/* Of all CPUs. */
struct sum {
	uint64_t wakeups, runs, gave_up, was_preempted, lost, preemptions;
	uint64_t preempted[TP_WORKER_NAMES];
	struct hist delay, run, hold;
};

static int configure(struct probe *probe, struct guardian_sched *skel)
{
	struct guardian_config *cfg = &skel->rodata->cfg;
	uint32_t rows = probe_task_rows();
	int err;

	cfg->comm = probe->opt->comm[0];
	cfg->tgid = probe->opt->pid;
	cfg->workers = probe->opt->workers;
	memcpy(cfg->worker, probe->opt->worker, sizeof(cfg->worker));
	cfg->task_mask = rows - 1;
	err = bpf_map__set_max_entries(skel->maps.probe_tasks, rows);
	return err ? err : bpf_map__set_max_entries(skel->maps.guardian_rows, probe->cpus);
}

static int guardian_open(struct probe *probe)
{
	struct guardian_sched *skel = guardian_sched__open();
	int err;

	if (!skel)
		return -errno;
	probe->skel = skel;
	probe->skeleton = skel->skeleton;
	probe->object = skel->obj;
	err = configure(probe, skel);
	if (!err)
		err = guardian_sched__load(skel);
	return err ? err : probe_map(probe, skel->maps.guardian_rows);
}

static struct sum add_up(const struct probe *probe)
{
	const struct guardian_row *rows = probe_delta(probe, 0);
	struct sum sum = {};
	uint32_t cpu, i;

	for (cpu = 0; cpu < probe->cpus; cpu++) {
		const struct guardian_row *row = &rows[cpu];

		sum.wakeups += row->wakeups;
		sum.runs += row->runs;
		sum.gave_up += row->gave_up;
		sum.was_preempted += row->was_preempted;
		sum.lost += row->lost;
		for (i = 0; i < TP_WORKER_NAMES; i++) {
			sum.preempted[i] += row->preempted[i];
			sum.preemptions += row->preempted[i];
		}
		hist_merge(&sum.delay, &row->delay_hist, &row->delay);
		hist_merge(&sum.run, &row->run_hist, &row->run);
		hist_merge(&sum.hold, &row->hold_hist, &row->hold);
	}
	return sum;
}

static void guardian_text(const struct probe *probe, double seconds, bool total)
{
	struct sum sum = add_up(probe);
	char name[TP_COMM_LEN + 1];
	uint32_t i;

	printf("  woken %" PRIu64 " times; ran %" PRIu64 " times, %.6f s; slept %" PRIu64
	       " times, lost the CPU %" PRIu64 " times\n",
	       sum.wakeups, sum.runs, (double)sum.run.times.sum_ns / NS_PER_S, sum.gave_up,
	       sum.was_preempted);
	printf("  preempted path workers %" PRIu64 " times, held their CPUs %.6f s\n",
	       sum.preemptions, (double)sum.hold.times.sum_ns / NS_PER_S);
	for (i = 0; i < probe->opt->workers; i++) {
		probe_comm_text(&probe->opt->worker[i], name);
		if (sum.preempted[i])
			printf("    %-16s %" PRIu64 "\n", name, sum.preempted[i]);
	}
	hist_print("run-queue delay, runnable to running", &sum.delay);
	hist_print("on the CPU at a time", &sum.run);
	hist_print("a preempted worker's CPU was held", &sum.hold);
}

static void guardian_json(const struct probe *probe, double seconds, bool total, json_t *out)
{
	struct sum sum = add_up(probe);
	char name[TP_COMM_LEN + 1];
	json_t *workers = json_array();
	uint32_t i;

	if (probe->opt->pid) {
		json_object_set_new(out, "pid", json_integer(probe->opt->pid));
	} else {
		probe_comm_text(&probe->opt->comm[0], name);
		json_object_set_new(out, "comm", json_string(name));
	}
	json_object_set_new(out, "wakeups", json_integer((json_int_t)sum.wakeups));
	json_object_set_new(out, "runs", json_integer((json_int_t)sum.runs));
	json_object_set_new(out, "slept", json_integer((json_int_t)sum.gave_up));
	json_object_set_new(out, "was_preempted", json_integer((json_int_t)sum.was_preempted));
	json_object_set_new(out, "lost", json_integer((json_int_t)sum.lost));
	json_object_set_new(out, "run_queue_delay", hist_json(&sum.delay, total));
	json_object_set_new(out, "run", hist_json(&sum.run, total));
	json_object_set_new(out, "preemptions", json_integer((json_int_t)sum.preemptions));
	json_object_set_new(out, "hold", hist_json(&sum.hold, total));
	for (i = 0; i < probe->opt->workers; i++) {
		probe_comm_text(&probe->opt->worker[i], name);
		json_array_append_new(workers, json_pack("{s:s, s:I}", "comm", name, "preempted",
							 (json_int_t)sum.preempted[i]));
	}
	json_object_set_new(out, "workers", workers);
}

const struct probe_kind_ops guardian_ops = {guardian_open, guardian_text, guardian_json};
