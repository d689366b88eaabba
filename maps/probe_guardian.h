/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How one process (the guardian) is scheduled, and what that costs the workers of the paths: from
 * bpf/probe/guardian_sched.bpf.c.
 */
#ifndef TRIPATH_MAPS_PROBE_GUARDIAN_H
#define TRIPATH_MAPS_PROBE_GUARDIAN_H

#include "probe.h"

#define TP_WORKER_NAMES 8

/* Load-time configuration. */
struct guardian_config {
	struct tp_comm comm; /* name of the process' tasks; not looked at with tgid */
	__u32 tgid;          /* 0: by name */
	__u32 workers;       /* names in worker[] */
	__u32 task_mask;     /* rows of probe_tasks less one */
	__u32 pad;
	struct tp_comm worker[TP_WORKER_NAMES];
};

/* Map guardian_rows: array, key = CPU; written by that CPU alone. */
struct guardian_row {
	__u64 wakeups;       /* made on this CPU */
	__u64 runs;          /* switches to it */
	__u64 gave_up;       /* switches away from it because it slept */
	__u64 was_preempted; /* switches away from it while it could run on */
	struct tp_times delay;
	struct tp_times run;

	struct tp_times hold;
	__u64 running_ns;  /* since when it runs here */
	__u64 hold_ns;     /* since when it, or another task of it, keeps a worker off this CPU */
	__u64 held_worker; /* index + 1; 0: none */
	__u64 lost;        /* waited, and another task took its row of probe_tasks */
	__u64 pad[2];

	__u64 preempted
		[TP_WORKER_NAMES]; /* a worker of that name lost the CPU to it while runnable */

	struct tp_hist delay_hist; /* ns, runnable to running */
	struct tp_hist run_hist;   /* ns on the CPU at a time */
	struct tp_hist hold_hist;  /* ns that a preempted worker's CPU was held */
} __attribute__((aligned(TP_CACHE_LINE)));

_Static_assert(sizeof(struct guardian_config) == 32 + 16 * TP_WORKER_NAMES, "");
_Static_assert(sizeof(struct guardian_row) == 3 * TP_CACHE_LINE + 3 * sizeof(struct tp_hist),
	       "rows must not share a line");

#ifdef __bpf__
/* max_entries is set before load. Mmapable, so that rows begin on a line and are read by mapping. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guardian_row);
} guardian_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_task);
} probe_tasks SEC(".maps");
#endif

#endif
