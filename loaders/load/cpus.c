// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The cpumap: an entry for each CPU that the policy may redirect to. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "loaders/lib/msg.h"
#include "loaders/load/load.h"
#include "maps/steer.h"

#define ONLINE "/sys/devices/system/cpu/online"

uint32_t cpus_entries(void)
{
	int possible = libbpf_num_possible_cpus();

	/* The kernel refuses a cpumap of more entries than it can have CPUs. */
	return possible < 1 ? 1 : possible > TP_MAX_CPUS ? TP_MAX_CPUS : (uint32_t)possible;
}

/* Reads a list such as "0-3,8". */
static bool list_holds(const char *list, uint32_t cpu)
{
	unsigned int first, last;
	int used;

	while (sscanf(list, "%u%n", &first, &used) == 1) {
		list += used;
		last = first;
		if (sscanf(list, "-%u%n", &last, &used) == 1)
			list += used;
		if (cpu >= first && cpu <= last)
			return true;
		if (*list != ',')
			break;
		list++;
	}
	return false;
}

static size_t cpus_of(const struct policy_source *source, uint32_t *cpus)
{
	size_t count = policy_cpus(source, cpus, TP_MAX_CPUS);

	return count < TP_MAX_CPUS ? count : TP_MAX_CPUS;
}

bool cpus_online(const struct policy_source *source)
{
	uint32_t cpus[TP_MAX_CPUS];
	size_t count = cpus_of(source, cpus), i;
	char online[4096] = "";
	FILE *file;

	if (!count)
		return true;
	file = fopen(ONLINE, "re");
	if (!file || !fgets(online, sizeof(online), file)) {
		msg_error("the policy redirects to CPUs, and %s, which lists them, cannot be read: "
			  "%s",
			  ONLINE, strerror(errno));
		if (file)
			fclose(file);
		return false;
	}
	fclose(file);
	online[strcspn(online, "\n")] = '\0';
	for (i = 0; i < count; i++) {
		if (cpus[i] < cpus_entries() && list_holds(online, cpus[i]))
			continue;
		msg_error("the policy redirects to CPU %u, and this machine's CPUs are %s: name "
			  "others "
			  "in the policy file, or bring that one online",
			  cpus[i], online);
		return false;
	}
	return true;
}

int cpus_fill(int map, const struct policy_source *source)
{
	uint32_t cpus[TP_MAX_CPUS];
	size_t count = cpus_of(source, cpus), i;
	struct bpf_cpumap_val entry, now;

	for (i = 0; i < count; i++) {
		memset(&entry, 0, sizeof(entry));
		entry.qsize = policy_cpu_queue(source);
		/* Replacing an entry stops its thread: only where the queue's size differs. */
		if (!bpf_map_lookup_elem(map, &cpus[i], &now) && now.qsize == entry.qsize)
			continue;
		if (bpf_map_update_elem(map, &cpus[i], &entry, BPF_ANY))
			return -errno;
	}
	return 0;
}

void cpus_prune(int map, const struct policy_source *source)
{
	uint32_t cpus[TP_MAX_CPUS], cpu;
	size_t count = cpus_of(source, cpus), i;
	struct bpf_cpumap_val now;

	for (cpu = 0; cpu < cpus_entries(); cpu++) {
		for (i = 0; i < count && cpus[i] != cpu; i++)
			;
		if (i == count && !bpf_map_lookup_elem(map, &cpu, &now) && now.qsize)
			bpf_map_delete_elem(map, &cpu);
	}
}
