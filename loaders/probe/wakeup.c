// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From wakeup to running, by task name: bpf/probe/wakeup.bpf.c. */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "loaders/probe/hist.h"
#include "loaders/probe/probe.h"
#include "skel/wakeup.skel.h"

enum region {
	ROWS,
	CPUS,
	POLLS,
};

/* One name, of all CPUs. */
struct name {
	char comm[TP_COMM_LEN + 1];
	uint64_t wakes;
	uint64_t on_waker_cpu;
	uint64_t on_queue_cpu;
	uint64_t off_queue_cpu;
	uint64_t lost;
	struct hist wait;
};

/* An interface's number means something only in its network namespace. */
static int find_interface(struct wakeup *skel, const char *iface)
{
	struct wakeup_config *cfg = &skel->rodata->cfg;
	struct stat netns;

	cfg->ifindex = if_nametoindex(iface);
	if (!cfg->ifindex || stat("/proc/self/ns/net", &netns))
		return -errno;
	cfg->netns = (uint32_t)netns.st_ino;
	return 0;
}

static int configure(struct probe *probe, struct wakeup *skel)
{
	struct wakeup_config *cfg = &skel->rodata->cfg;
	uint32_t rows = probe_task_rows();
	int err = 0;

	cfg->listed = probe->opt->comms > 0;
	cfg->tgid = probe->opt->pid;
	cfg->task_mask = rows - 1;
	cfg->cpus = probe->cpus;
	if (probe->opt->iface)
		err = find_interface(skel, probe->opt->iface);
	if (!err)
		err = bpf_program__set_autoload(skel->progs.wakeup_poll, probe->opt->iface != NULL);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.probe_tasks, rows);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.wakeup_rows,
					       probe->cpus * TP_WAKEUP_NAMES);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.wakeup_cpus, probe->cpus * probe->cpus);
	return err ? err : bpf_map__set_max_entries(skel->maps.wakeup_polls, probe->cpus);
}

/* Names that were asked for have their slots before the first event. */
static int list_names(const struct probe *probe, struct wakeup *skel)
{
	uint32_t i, slot;
	int err = 0;

	for (i = 0; i < probe->opt->comms && !err; i++) {
		slot = i + 1;
		err = bpf_map_update_elem(bpf_map__fd(skel->maps.wakeup_names),
					  &probe->opt->comm[i], &slot, BPF_ANY);
	}
	return err;
}

static int wakeup_open(struct probe *probe)
{
	struct wakeup *skel = wakeup__open();
	int err;

	if (!skel)
		return -errno;
	probe->skel = skel;
	probe->skeleton = skel->skeleton;
	probe->object = skel->obj;
	err = configure(probe, skel);
	if (!err)
		err = wakeup__load(skel);
	if (!err)
		err = list_names(probe, skel);
	if (!err)
		err = probe_map(probe, skel->maps.wakeup_rows);
	if (!err)
		err = probe_map(probe, skel->maps.wakeup_cpus);
	return err ? err : probe_map(probe, skel->maps.wakeup_polls);
}

static void add(const struct probe *probe, uint32_t slot, struct name *to)
{
	const struct wakeup_row *rows = probe_delta(probe, ROWS);
	uint32_t cpu;

	for (cpu = 0; cpu < probe->cpus; cpu++) {
		const struct wakeup_row *row = &rows[cpu * TP_WAKEUP_NAMES + slot];

		to->wakes += row->wakes;
		to->on_waker_cpu += row->on_waker_cpu;
		to->on_queue_cpu += row->on_queue_cpu;
		to->off_queue_cpu += row->off_queue_cpu;
		to->lost += row->lost;
		hist_merge(&to->wait, &row->wait_ns, &row->wait);
	}
}

static int by_wakes(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->wakes != y->wakes)
		return x->wakes < y->wakes ? 1 : -1;
	return strcmp(x->comm, y->comm);
}

/* Those that were woken in the span, the busiest first. */
static uint32_t collect(const struct probe *probe, struct name names[TP_WAKEUP_NAMES])
{
	const struct wakeup *skel = probe->skel;
	int fd = bpf_map__fd(skel->maps.wakeup_names);
	struct tp_comm key, *last = NULL;
	uint32_t n = 0, slot;

	memset(names, 0, sizeof(*names) * TP_WAKEUP_NAMES);
	strcpy(names[0].comm, "(others)");
	add(probe, TP_WAKEUP_OTHERS, &names[0]);
	n += names[0].wakes > 0;
	while (n < TP_WAKEUP_NAMES && !bpf_map_get_next_key(fd, last, &key)) {
		last = &key;
		if (bpf_map_lookup_elem(fd, &key, &slot) || slot >= TP_WAKEUP_NAMES)
			continue;
		memset(&names[n], 0, sizeof(names[n]));
		probe_comm_text(&key, names[n].comm);
		add(probe, slot, &names[n]);
		n += names[n].wakes || hist_count(&names[n].wait);
	}
	qsort(names, n, sizeof(*names), by_wakes);
	return n;
}

static double part(uint64_t of, uint64_t whole)
{
	return whole ? (double)of / (double)whole : 0;
}

static void print_names(const struct probe *probe, const struct name *names, uint32_t n, bool total)
{
	bool queue = probe->opt->iface != NULL;
	uint32_t i;

	printf("  %-16s %10s %10s %12s%s %14s%s\n", "task", "woken", "ran", "mean wait ns",
	       total ? "  max wait ns" : "", "on waker's CPU", queue ? " on queue's CPU" : "");
	for (i = 0; i < n; i++) {
		const struct name *name = &names[i];
		uint64_t ran = hist_count(&name->wait);

		printf("  %-16s %10" PRIu64 " %10" PRIu64 " %12.0f", name->comm, name->wakes, ran,
		       hist_mean_ns(&name->wait));
		if (total)
			printf(" %12" PRIu64, (uint64_t)name->wait.times.max_ns);
		printf(" %13.1f%%", 100 * part(name->on_waker_cpu, ran));
		if (queue && name->on_queue_cpu + name->off_queue_cpu)
			printf(" %13.1f%%", 100 * part(name->on_queue_cpu,
						       name->on_queue_cpu + name->off_queue_cpu));
		else if (queue)
			printf(" %14s", "no poll seen");
		printf("%s\n", name->lost ? "  (some lost: more tasks than rows)" : "");
	}
}

static void print_cpus(const struct probe *probe)
{
	const uint64_t *ran = probe_delta(probe, CPUS);
	const struct wakeup_polls *polls = probe_delta(probe, POLLS);
	uint32_t r, w;

	printf("\n  woken on CPU -> ran on CPU : count\n");
	for (w = 0; w < probe->cpus; w++)
		for (r = 0; r < probe->cpus; r++)
			if (ran[r * probe->cpus + w])
				printf("  %12u -> %-10u : %" PRIu64 "\n", w, r,
				       ran[r * probe->cpus + w]);
	if (!probe->opt->iface)
		return;
	printf("\n  %s was polled on:\n", probe->opt->iface);
	for (r = 0; r < probe->cpus; r++)
		if (polls[r].polls)
			printf("  CPU %-4u %10" PRIu64 " times, %" PRIu64 " packets\n", r,
			       (uint64_t)polls[r].polls, (uint64_t)polls[r].packets);
}

static void wakeup_text(const struct probe *probe, double seconds, bool total)
{
	struct name names[TP_WAKEUP_NAMES];
	uint32_t n = collect(probe, names), i;

	print_names(probe, names, n, total);
	print_cpus(probe);
	for (i = 0; i < n; i++) {
		char title[64];

		snprintf(title, sizeof(title), "%.*s, woken to running", TP_COMM_LEN,
			 names[i].comm);
		hist_print(title, &names[i].wait);
	}
}

static json_t *name_json(const struct name *name, bool queue, bool total)
{
	json_t *o = json_object();

	json_object_set_new(o, "comm", json_string(name->comm));
	json_object_set_new(o, "wakeups", json_integer((json_int_t)name->wakes));
	json_object_set_new(o, "ran_on_waker_cpu", json_integer((json_int_t)name->on_waker_cpu));
	if (queue) {
		json_object_set_new(o, "ran_on_queue_cpu",
				    json_integer((json_int_t)name->on_queue_cpu));
		json_object_set_new(o, "ran_off_queue_cpu",
				    json_integer((json_int_t)name->off_queue_cpu));
	}
	json_object_set_new(o, "lost", json_integer((json_int_t)name->lost));
	json_object_set_new(o, "wait", hist_json(&name->wait, total));
	return o;
}

static json_t *cpus_json(const struct probe *probe)
{
	const uint64_t *ran = probe_delta(probe, CPUS);
	json_t *list = json_array();
	uint32_t r, w;

	for (w = 0; w < probe->cpus; w++)
		for (r = 0; r < probe->cpus; r++)
			if (ran[r * probe->cpus + w])
				json_array_append_new(
					list,
					json_pack("{s:I, s:I, s:I}", "waker_cpu", (json_int_t)w,
						  "ran_cpu", (json_int_t)r, "count",
						  (json_int_t)ran[r * probe->cpus + w]));
	return list;
}

static json_t *polls_json(const struct probe *probe)
{
	const struct wakeup_polls *polls = probe_delta(probe, POLLS);
	json_t *list = json_array();
	uint32_t cpu;

	for (cpu = 0; cpu < probe->cpus; cpu++)
		if (polls[cpu].polls)
			json_array_append_new(list,
					      json_pack("{s:I, s:I, s:I}", "cpu", (json_int_t)cpu,
							"polls", (json_int_t)polls[cpu].polls,
							"packets", (json_int_t)polls[cpu].packets));
	return list;
}

static void wakeup_json(const struct probe *probe, double seconds, bool total, json_t *out)
{
	struct name names[TP_WAKEUP_NAMES];
	uint32_t n = collect(probe, names), i;
	json_t *list = json_array();

	for (i = 0; i < n; i++)
		json_array_append_new(list, name_json(&names[i], probe->opt->iface, total));
	json_object_set_new(out, "tasks", list);
	json_object_set_new(out, "waker_to_ran", cpus_json(probe));
	if (probe->opt->iface)
		json_object_set_new(out, "queue_polls", polls_json(probe));
}

const struct probe_kind_ops wakeup_ops = {wakeup_open, wakeup_text, wakeup_json};
