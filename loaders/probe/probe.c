// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/probe/probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loaders/lib/msg.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

static const struct probe_kind_ops *const kinds[PROBE_KINDS] = {
	[PROBE_SOFTIRQ] = &softirq_ops,
	[PROBE_WAKEUP] = &wakeup_ops,
	[PROBE_GUARDIAN] = &guardian_ops,
};

uint32_t probe_task_rows(void)
{
	FILE *f = fopen("/proc/sys/kernel/pid_max", "re");
	uint32_t rows = 1024;
	unsigned long max = 0;
	char line[32];

	if (f && fgets(line, sizeof(line), f))
		max = strtoul(line, NULL, 10);
	if (f)
		fclose(f);
	if (!max)
		max = TP_TASKS_MAX;
	while (rows < max && rows < TP_TASKS_MAX)
		rows *= 2;
	return rows;
}

void probe_comm_text(const struct tp_comm *comm, char out[TP_COMM_LEN + 1])
{
	int i;

	memcpy(out, comm, TP_COMM_LEN);
	out[TP_COMM_LEN] = '\0';
	for (i = 0; out[i]; i++)
		if (out[i] < ' ' || out[i] > '~')
			out[i] = '?';
}

int probe_map(struct probe *probe, const struct bpf_map *map)
{
	struct probe_region *region = &probe->region[probe->regions];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
	void *live;

	region->mapped_bytes = (bytes + page - 1) / page * page;
	region->words = bytes / sizeof(uint64_t);
	region->last = calloc(region->words, sizeof(uint64_t));
	region->delta = calloc(region->words, sizeof(uint64_t));
	live = mmap(NULL, region->mapped_bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (live != MAP_FAILED)
		region->live = live;
	probe->regions++;
	if (!region->live)
		return -errno;
	return region->last && region->delta ? 0 : -ENOMEM;
}

const void *probe_delta(const struct probe *probe, uint32_t region)
{
	return probe->region[region].delta;
}

void probe_read(struct probe *probe, bool total)
{
	uint32_t i;
	size_t w;

	for (i = 0; i < probe->regions; i++) {
		struct probe_region *r = &probe->region[i];

		for (w = 0; w < r->words; w++) {
			uint64_t now = r->live[w];

			r->delta[w] = total ? now : now - r->last[w];
			r->last[w] = now;
		}
	}
}

json_t *probe_programs(const struct probe *probe)
{
	json_t *list = json_array();
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, probe->object) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (bpf_program__fd(prog) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
			continue;
		json_array_append_new(list, json_pack("{s:I, s:s}", "id", (json_int_t)info.id,
						      "name", bpf_program__name(prog)));
	}
	return list;
}

static int check_ground(const struct probe_options *opt)
{
	if (geteuid()) {
		msg_error("this loads BPF programs and needs root: sudo tp-probe %s",
			  probe_kind_name(opt->kind));
		return EXIT_FAILED;
	}
	if (access(KERNEL_BTF, R_OK)) {
		msg_error("this kernel does not describe its types: %s is missing. A kernel built "
			  "with CONFIG_DEBUG_INFO_BTF=y is needed; Debian's are, from 5.10 on",
			  KERNEL_BTF);
		return EXIT_UNSUPPORTED;
	}
	if (opt->iface && !if_nametoindex(opt->iface)) {
		msg_error("there is no interface %s in this network namespace: ip link lists what "
			  "there is; in another namespace: nsenter --net=/run/netns/NAME tp-probe "
			  "%s --iface %s",
			  opt->iface, probe_kind_name(opt->kind), opt->iface);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int explain(const struct probe *probe, const char *step, int err)
{
	const char *name = probe_kind_name(probe->opt->kind);

	if (err == -EPERM || err == -EACCES)
		msg_error("%s: cannot %s the programs: %s. Root needs CAP_BPF and CAP_PERFMON "
			  "(capsh --print), and in a container they are often taken away",
			  name, step, strerror(-err));
	else if (err == -ESRCH || err == -EINVAL)
		msg_error("%s: this kernel cannot %s the programs (%s): Linux %s or later is "
			  "needed, with CONFIG_BPF_EVENTS=y",
			  name, step, strerror(-err),
			  probe->opt->kind == PROBE_SOFTIRQ ? "5.5" : "5.18");
	else
		msg_error("%s: cannot %s the programs: %s", name, step, strerror(-err));
	msg_show_libs();
	return err == -ESRCH || err == -EINVAL ? EXIT_UNSUPPORTED : EXIT_FAILED;
}

int probe_open(struct probe *probe, const struct probe_options *opt)
{
	int err, cpus;

	*probe = (struct probe){.opt = opt, .ops = kinds[opt->kind]};
	err = check_ground(opt);
	if (err)
		return err;
	cpus = libbpf_num_possible_cpus();
	if (cpus <= 0)
		return explain(probe, "load", cpus);
	probe->cpus = (uint32_t)cpus;
	err = probe->ops->open(probe);
	if (err)
		return explain(probe, "load", err);
	err = bpf_object__attach_skeleton(probe->skeleton);
	return err ? explain(probe, "attach", err) : EXIT_OK;
}

void probe_detach(struct probe *probe)
{
	bpf_object__detach_skeleton(probe->skeleton);
}

void probe_close(struct probe *probe)
{
	uint32_t i;

	for (i = 0; i < probe->regions; i++) {
		struct probe_region *r = &probe->region[i];

		if (r->live)
			munmap((void *)r->live, r->mapped_bytes);
		free(r->last);
		free(r->delta);
	}
	if (probe->skeleton)
		bpf_object__destroy_skeleton(probe->skeleton);
	free(probe->skel);
}
