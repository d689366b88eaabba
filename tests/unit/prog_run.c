// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The classifier under BPF_PROG_RUN: see prog_run.h. */
#include "tests/unit/prog_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include "loaders/lib/generation.h"
#include "loaders/lib/policy.h"
#include "skel/classifier.skel.h"

#define CPU_ENTRIES 64
#define METADATA    16U /* bytes; a multiple of 4 that is not below ETH_HLEN */

struct classifier_config prog_run_config(void)
{
	struct classifier_config config = {
		.flow_set_mask = TP_FLOW_SETS_MIN - 1,
		.queues = PROG_RUN_QUEUES,
		.stall_ns = PROG_RUN_STALL_NS,
	};

	for (unsigned int i = 0; i < TP_FLOW_HASH_KEYS; i++)
		config.hash_key[i] = 0x9e3779b97f4a7c15ULL * (i + 1);
	return config;
}

/* Sizes the maps and makes those that are read after every packet mappable. */
static int size_maps(struct classifier *skel, const struct classifier_config *config)
{
	const __u32 rows = config->queues + 1;
	const struct {
		struct bpf_map *map;
		__u32 entries;
		bool mapped;
	} sizes[] = {
		{skel->maps.queue_stats, rows, true},
		{skel->maps.service_stats, rows, true},
		{skel->maps.tenant_stats, rows, true},
		{skel->maps.flows, config->flow_set_mask + 1, true},
		{skel->maps.explain_answer, 1, true},
		{skel->maps.xsk_heartbeat, config->queues, true},
		{skel->maps.xsks, config->queues, false},
		{skel->maps.cpus, CPU_ENTRIES, false},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int err = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);

		if (!err && sizes[i].mapped)
			err = bpf_map__set_map_flags(
				sizes[i].map, bpf_map__map_flags(sizes[i].map) | BPF_F_MMAPABLE);
		if (err)
			return err;
	}
	return 0;
}

static int load(struct prog_run *run)
{
	struct classifier *skel = run->skel;
	int err;

	memcpy((void *)&skel->rodata->cfg, &run->config, sizeof(run->config));
	err = size_maps(skel, &run->config);
	if (!err && run->config.frags) {
		err = bpf_program__set_flags(skel->progs.classifier, BPF_F_XDP_HAS_FRAGS);
		if (!err)
			err = bpf_program__set_flags(skel->progs.explain, BPF_F_XDP_HAS_FRAGS);
	}
	return err ? err : classifier__load(skel);
}

static size_t map_bytes(const struct bpf_map *map)
{
	return (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
}

static void *map_into_memory(const struct bpf_map *map)
{
	void *memory =
		mmap(NULL, map_bytes(map), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void unmap(const struct bpf_map *map, void *memory)
{
	if (memory)
		munmap(memory, map_bytes(map));
}

static int map_all(struct prog_run *run)
{
	struct classifier *skel = run->skel;

	run->counters.queues = run->config.queues;
	run->counters.queue = map_into_memory(skel->maps.queue_stats);
	run->counters.service = map_into_memory(skel->maps.service_stats);
	run->counters.tenant = map_into_memory(skel->maps.tenant_stats);
	run->flows = map_into_memory(skel->maps.flows);
	run->heartbeats = map_into_memory(skel->maps.xsk_heartbeat);
	run->answer = map_into_memory(skel->maps.explain_answer);
	return run->counters.queue && run->counters.service && run->counters.tenant && run->flows &&
			       run->heartbeats && run->answer
		       ? 0
		       : -errno;
}

static int open_targets(struct prog_run *run)
{
	const struct bpf_cpumap_val value = {.qsize = 64};
	int err;

	for (__u32 cpu = 0; cpu < CPU_ENTRIES; cpu++) {
		if (PROG_RUN_CPUS >> cpu & 1 &&
		    bpf_map_update_elem(bpf_map__fd(run->skel->maps.cpus), &cpu, &value, BPF_ANY))
			return -errno;
	}
	for (__u32 queue = 0; queue < PROG_RUN_QUEUES; queue++) {
		err = link_socket_open(run->link, queue, &run->socket[queue]);
		if (err)
			return err;
	}
	return 0;
}

int prog_run_open(struct prog_run *run, const struct link *link,
		  const struct classifier_config *config)
{
	int err;

	memset(run, 0, sizeof(*run));
	run->link = link;
	run->config = *config;
	run->skel = classifier__open();
	if (!run->skel)
		return -errno;
	err = load(run);
	if (!err)
		err = map_all(run);
	if (!err)
		err = open_targets(run);
	if (err)
		prog_run_close(run);
	return err;
}

void prog_run_close(struct prog_run *run)
{
	struct classifier *skel = run->skel;

	if (!skel)
		return;
	for (__u32 queue = 0; queue < PROG_RUN_QUEUES; queue++)
		link_socket_close(&run->socket[queue]);
	unmap(skel->maps.explain_answer, run->answer);
	unmap(skel->maps.xsk_heartbeat, run->heartbeats);
	unmap(skel->maps.flows, run->flows);
	unmap(skel->maps.tenant_stats, run->counters.tenant);
	unmap(skel->maps.service_stats, run->counters.service);
	unmap(skel->maps.queue_stats, run->counters.queue);
	classifier__destroy(skel);
	memset(run, 0, sizeof(*run));
}

/* Generation numbers start again after this, so no flow may remember the old ones. */
static int withdraw_policy(struct prog_run *run)
{
	const struct policy_gen none = {0};
	__u32 key = 0;

	prog_run_clear_flows(run);
	return bpf_map_update_elem(bpf_map__fd(run->skel->maps.policy_gen), &key, &none, BPF_ANY)
		       ? -errno
		       : 0;
}

int prog_run_policy(struct prog_run *run, const struct rules *rules)
{
	const struct generation_maps maps = {
		.policy_gen = bpf_map__fd(run->skel->maps.policy_gen),
		.policy = bpf_map__fd(run->skel->maps.policy),
		.tenant_prefixes = bpf_map__fd(run->skel->maps.tenant_prefixes),
	};
	struct prefix_entry *prefixes;
	struct policy *policy;
	int err;

	if (!rules)
		return withdraw_policy(run);
	prefixes = calloc(rules->prefixes + 1, sizeof(*prefixes));
	if (!prefixes)
		return -ENOMEM;
	policy = rules_compile(rules);
	for (__u32 i = 0; i < rules->prefixes; i++)
		rules_prefix(&rules->prefix[i], &prefixes[i].key, &prefixes[i].value);
	err = generation_install(&maps, bpf_object__btf(run->skel->obj), policy, prefixes,
				 rules->prefixes);
	free(policy);
	free(prefixes);
	return err;
}

static int set_socket(struct prog_run *run, __u32 queue, bool present)
{
	int map = bpf_map__fd(run->skel->maps.xsks);
	int fd = xsk_socket__fd(run->socket[queue].xsk);
	int err;

	if (run->in_map[queue] == present)
		return 0;
	err = present ? bpf_map_update_elem(map, &queue, &fd, BPF_ANY)
		      : bpf_map_delete_elem(map, &queue);
	if (err)
		return -errno;
	run->in_map[queue] = present;
	return 0;
}

static __u64 in_ns(const struct timespec *t)
{
	return (__u64)t->tv_sec * 1000000000ULL + (__u64)t->tv_nsec;
}

/* The clock that the classifier compares a beat with; its own reading may be a tick and a step older. */
static __u64 clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return in_ns(&now);
}

static __u64 tick_ns(void)
{
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return in_ns(&tick);
}

int prog_run_sink(struct prog_run *run, __u32 queue, const struct sink *sink)
{
	const __u64 now = clock_now_ns();
	const __u64 stale = run->config.stall_ns + tick_ns() + (1U << TP_CLOCK_SHIFT);
	__u64 beat = 0;

	if (queue >= PROG_RUN_QUEUES)
		return sink->beat == BEAT_NEVER && !sink->socket ? 0 : -EINVAL;
	if (sink->beat == BEAT_FRESH)
		beat = now;
	else if (sink->beat == BEAT_STALE)
		beat = now > stale ? now - stale : 1;
	else if (sink->beat == BEAT_FUTURE)
		beat = now + 60000000000ULL;
	run->heartbeats[queue].flags = sink->forwards ? TP_SINK_FORWARDS : 0;
	__atomic_store_n(&run->heartbeats[queue].beat_ns, beat, __ATOMIC_RELEASE);
	return set_socket(run, queue, sink->socket);
}

void prog_run_clear_flows(struct prog_run *run)
{
	memset(run->flows, 0, (run->config.flow_set_mask + 1) * sizeof(*run->flows));
}

/*
 * The kernel refuses to run a first buffer below an Ethernet header, but counts metadata as
 * part of it: METADATA bytes in front make one possible.
 */
static int run_program(struct prog_run *run, const struct bpf_program *program,
		       const struct prog_frame *frame, struct prog_result *result)
{
	const __u32 metadata = frame->linear < ETH_HLEN ? METADATA : 0;
	const __u32 size = metadata + (__u32)frame->length;
	struct xdp_md context = {
		.data = metadata,
		.data_end = metadata + (__u32)frame->linear,
		.ingress_ifindex = (__u32)run->link->ifindex,
		.rx_queue_index = frame->queue,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes, .data_size_in = size,
		    .data_out = run->out, .data_size_out = sizeof(run->out), .ctx_in = &context,
		    .ctx_size_in = sizeof(context));
	int err;

	if (metadata) {
		memset(run->in, 0, metadata);
		memcpy(run->in + metadata, frame->bytes, frame->length);
		options.data_in = run->in;
	}
	err = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
	if (err)
		return err;
	result->action = options.retval;
	result->unchanged = options.data_size_out == size &&
			    !memcmp(run->out + metadata, frame->bytes, frame->length);
	return 0;
}

int prog_run_classify(struct prog_run *run, const struct prog_frame *frame,
		      struct prog_result *result)
{
	return run_program(run, run->skel->progs.classifier, frame, result);
}

int prog_run_explain(struct prog_run *run, const struct prog_frame *frame,
		     struct prog_result *result)
{
	return run_program(run, run->skel->progs.explain, frame, result);
}

int prog_run_once(const struct prog_run *run, const struct prog_frame *frame, __u32 *action)
{
	struct xdp_md context = {
		.data_end = (__u32)frame->length,
		.ingress_ifindex = (__u32)run->link->ifindex,
		.rx_queue_index = frame->queue,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = (__u32)frame->length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context));
	int err = bpf_prog_test_run_opts(bpf_program__fd(run->skel->progs.classifier), &options);

	*action = options.retval;
	return err;
}

__u32 prog_run_action(enum tp_verdict verdict)
{
	return verdict == TP_VERDICT_STACK ? XDP_PASS : XDP_REDIRECT;
}
