/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One probe: its programs, the maps that they count in, and how those are read. */
#ifndef TRIPATH_LOADERS_PROBE_PROBE_H
#define TRIPATH_LOADERS_PROBE_PROBE_H

#include <bpf/libbpf.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loaders/probe/options.h"

#define PROBE_REGIONS 3

/* A counter map, mapped, and copies of it. All of it is __u64. */
struct probe_region {
	const volatile uint64_t *live;
	uint64_t *last;  /* as it was at the start of the span */
	uint64_t *delta; /* what the span added */
	size_t words;
	size_t mapped_bytes;
};

struct probe;

/* A probe's own part. @total: the span is the whole run, so maxima are of it. */
struct probe_kind_ops {
	/* Opens, configures, loads and maps. 0 or -errno; what libbpf said is still held back. */
	int (*open)(struct probe *probe);
	void (*text)(const struct probe *probe, double seconds, bool total);
	void (*json)(const struct probe *probe, double seconds, bool total, json_t *out);
};

extern const struct probe_kind_ops softirq_ops, wakeup_ops, guardian_ops;

struct probe {
	const struct probe_options *opt;
	const struct probe_kind_ops *ops;
	uint32_t cpus; /* possible ones */
	/* Set by ops->open, from the generated skeleton: */
	void *skel;
	struct bpf_object_skeleton *skeleton;
	struct bpf_object *object;
	struct probe_region region[PROBE_REGIONS];
	uint32_t regions;
};

/* Loads and attaches; counting has begun when it returns 0. Else EXIT_*, having said why. */
int probe_open(struct probe *probe, const struct probe_options *opt);
/* Ends counting; what was counted stays. */
void probe_detach(struct probe *probe);
void probe_close(struct probe *probe);

/* Fills every region's delta with what came since the last call, or with @total since the start. */
void probe_read(struct probe *probe, bool total);

/* Maps the counters of @map for probe_read(), in the order of the calls. 0 or -errno. */
int probe_map(struct probe *probe, const struct bpf_map *map);
const void *probe_delta(const struct probe *probe, uint32_t region);

/* A task's name as text; bytes that a terminal or JSON would mind become '?'. */
void probe_comm_text(const struct tp_comm *comm, char out[TP_COMM_LEN + 1]);

/* Rows for every pid that there can be, up to TP_TASKS_MAX. A power of two. */
uint32_t probe_task_rows(void);
/* [{id, name}, ...] of the loaded programs. */
json_t *probe_programs(const struct probe *probe);

#endif
