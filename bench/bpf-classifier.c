// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/bpf-classifier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sodium.h>

#include "loaders/lib/generation.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/policy.h"
#include "maps/state.h"
#include "maps/steer.h"
#include "skel/classifier.skel.h"

#define QUEUES 1U

static int set_sizes(struct classifier *skel, __u32 sets)
{
	const struct {
		struct bpf_map *map;
		__u32 entries;
	} sizes[] = {
		{skel->maps.queue_stats, QUEUES + 1},
		{skel->maps.service_stats, QUEUES + 1},
		{skel->maps.tenant_stats, QUEUES + 1},
		{skel->maps.flows, sets},
		{skel->maps.xsks, QUEUES},
		{skel->maps.xsk_heartbeat, QUEUES},
		{skel->maps.cpus, 1},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int err = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);

		if (err)
			return err;
	}
	return 0;
}

static int load(struct bench_classifier *c)
{
	struct classifier *skel = c->skel;
	int err;

	err = set_sizes(skel, c->sets);
	if (err)
		return err;
	/* The key of the hash is random at every attach, so it is here: luck must not be measured. */
	randombytes_buf(skel->rodata->cfg.hash_key, sizeof(skel->rodata->cfg.hash_key));
	skel->rodata->cfg.flow_set_mask = c->sets - 1;
	skel->rodata->cfg.queues = QUEUES;
	skel->rodata->cfg.stall_ns = TP_XSK_STALL_NS;
	bpf_program__set_autoload(skel->progs.explain, false);
	return classifier__load(skel);
}

static int install(struct bench_classifier *c, const struct policy_source *source)
{
	const struct generation_maps maps = {
		.policy_gen = bpf_map__fd(c->skel->maps.policy_gen),
		.policy = bpf_map__fd(c->skel->maps.policy),
		.tenant_prefixes = bpf_map__fd(c->skel->maps.tenant_prefixes),
	};
	struct policy *policy = calloc(1, sizeof(*policy));
	struct prefix_entry *prefixes = NULL;
	size_t count = 0;
	int err = -ENOMEM;

	if (!policy)
		return err;
	err = policy_compile(source, policy, &prefixes, &count);
	if (err)
		goto free_policy;
	err = generation_install(&maps, bpf_object__btf(c->skel->obj), policy, prefixes, count);
	free(prefixes);
free_policy:
	free(policy);
	return err;
}

int bench_classifier_open(struct bench_classifier *c, const char *policy_file)
{
	struct policy_source *source;
	int err;

	memset(c, 0, sizeof(*c));
	err = policy_load(policy_file, &source);
	if (err)
		return err;
	c->sets = policy_flow_sets(source);
	c->skel = classifier__open();
	err = c->skel ? load(c) : -errno;
	if (err)
		goto close_skel;
	err = install(c, source);
	if (err)
		goto close_skel;
	policy_free(source);
	return 0;

close_skel:
	msg_error("the classifier could not be loaded: %s", strerror(-err));
	msg_show_libs();
	classifier__destroy(c->skel);
	c->skel = NULL;
	policy_free(source);
	return err;
}

void bench_classifier_close(struct bench_classifier *c)
{
	classifier__destroy(c->skel);
}

int bench_classifier_fd(const struct bench_classifier *c)
{
	return bpf_program__fd(c->skel->progs.classifier);
}

struct bpf_object *bench_classifier_object(const struct bench_classifier *c)
{
	return c->skel->obj;
}

static int read_stats(const struct bench_classifier *c, struct queue_stats *stats)
{
	__u32 queue = 0;

	return bpf_map__lookup_elem(c->skel->maps.queue_stats, &queue, sizeof(queue), stats,
				    sizeof(*stats), 0);
}

int bench_classifier_reset(struct bench_classifier *c)
{
	static const struct flow_set empty;

	for (__u32 set = 0; set < c->sets; set++) {
		int err = bpf_map__update_elem(c->skel->maps.flows, &set, sizeof(set), &empty,
					       sizeof(empty), BPF_ANY);

		if (err)
			return err;
	}
	return read_stats(c, &c->start);
}

int bench_classifier_check(struct bench_classifier *c, const char *name, json_t *checks)
{
	struct queue_stats now;
	json_int_t packets, stack;
	int err = read_stats(c, &now);

	if (err)
		return err;
	packets = (json_int_t)(now.packets - c->start.packets);
	stack = (json_int_t)(now.reasons.service_stack - c->start.reasons.service_stack);
	if (json_array_append_new(
		    checks,
		    json_pack("{s:s, s:I, s:I, s:I, s:I}", "case", name, "packets", packets,
			      "service_stack", stack, "inserted",
			      (json_int_t)(now.flows.inserted - c->start.flows.inserted), "evicted",
			      (json_int_t)(now.flows.evicted - c->start.flows.evicted))))
		return -ENOMEM;
	if (packets == 0 || stack != packets) {
		msg_error("%s: of %lld packets %lld reached their service; is the policy the "
			  "suite's own?",
			  name, (long long)packets, (long long)stack);
		return -EBADMSG;
	}
	return 0;
}
