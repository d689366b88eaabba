/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From wakeup to running, by task name, and where: from bpf/probe/wakeup.bpf.c.
 *
 * A queue's CPU is the one that polls the NAPI of the configured interface.  For one wakeup it is the
 * waker's CPU, if that polled the interface within TP_QUEUE_JIFFIES; else the CPU that polled it last.
 * A poll that found nothing to do does not count, and before the first poll no CPU is the queue's.
 */
#ifndef TRIPATH_MAPS_PROBE_WAKEUP_H
#define TRIPATH_MAPS_PROBE_WAKEUP_H

#include "probe.h"

#define TP_WAKEUP_NAMES   64 /* slots; 0 takes the names that found none */
#define TP_WAKEUP_OTHERS  0
#define TP_WAKEUP_IGNORED TP_WAKEUP_NAMES /* of a task whose name is not asked for */
#define TP_QUEUE_JIFFIES  4
#define TP_NO_CPU         0xffff

/* Load-time configuration. */
struct wakeup_config {
	__u32 listed;    /* 1: only the names that user space put into wakeup_names */
	__u32 tgid;      /* only tasks of this process; 0: all */
	__u32 ifindex;   /* whose polls make a queue's CPU; 0: not asked */
	__u32 netns;     /* inode of the namespace that gives ifindex its meaning */
	__u32 task_mask; /* rows of probe_tasks less one */
	__u32 cpus;      /* rows and columns of wakeup_cpus */
};

/* Map wakeup_rows: array, key = CPU that ran the task * TP_WAKEUP_NAMES + slot of its name. */
struct wakeup_row {
	struct tp_times wait;
	__u64 on_waker_cpu; /* ran on the CPU of who woke it */
	__u64 on_queue_cpu; /* ran on the queue's CPU */
	__u64 off_queue_cpu;
	__u64 lost;  /* waited, and another task took its row of probe_tasks */
	__u64 wakes; /* of row [waker's CPU][slot]: times that a task of that name was woken */
	__u64 pad;
	struct tp_hist wait_ns; /* its sum is how often a woken task ran */
} __attribute__((aligned(TP_CACHE_LINE)));

/* Map wakeup_polls: array, key = CPU. */
struct wakeup_polls {
	__u64 polls; /* of the interface, with work done */
	__u64 packets;
	__u64 last_jiffies; /* 0: never */
	__u64 pad[5];
} __attribute__((aligned(TP_CACHE_LINE)));

_Static_assert(sizeof(struct wakeup_config) == 24, "");
_Static_assert(sizeof(struct wakeup_row) == TP_CACHE_LINE + sizeof(struct tp_hist),
	       "counters in one line, rows share none");
_Static_assert(sizeof(struct wakeup_polls) == TP_CACHE_LINE, "rows must not share a line");

#ifdef __bpf__
/* max_entries of the arrays is set before load. Mmapable, so that rows begin on a line. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TP_WAKEUP_NAMES);
	__type(key, __u32);
	__type(value, struct wakeup_row);
} wakeup_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wakeup_polls);
} wakeup_polls SEC(".maps");

/* Times that a task woken on CPU w ran on CPU r: key = r * cpus + w. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} wakeup_cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_task);
} probe_tasks SEC(".maps");

/* Slot of a name; asked only when a task's row does not know it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TP_WAKEUP_NAMES);
	__type(key, struct tp_comm);
	__type(value, __u32);
} wakeup_names SEC(".maps");
#endif

#endif
