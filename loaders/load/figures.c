// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/load/figures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "loaders/lib/generation.h"
#include "loaders/lib/pins.h"
#include "loaders/lib/sink_owner.h"

#define FLOW_SETS_AT_ONCE 256

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Up to @count values of the array @fd from the batch position on; returns how many, or -errno. */
static int read_batch(int fd, uint32_t *position, bool first, void *values, uint32_t *keys,
		      uint32_t count)
{
	uint32_t got = count;

	if (bpf_map_lookup_batch(fd, first ? NULL : position, position, keys, values, &got, NULL) &&
	    errno != ENOENT)
		return -errno;
	return (int)got;
}

void *figures_rows(size_t count, size_t size)
{
	size_t bytes = (count * size + TP_CACHE_LINE - 1) / TP_CACHE_LINE * TP_CACHE_LINE;
	void *rows = aligned_alloc(TP_CACHE_LINE, bytes);

	return rows ? memset(rows, 0, bytes) : NULL;
}

/* All @count values of the pinned array @name, allocated; NULL: errno. */
static void *read_array(const char *ifname, const char *name, uint32_t count, size_t value_size)
{
	uint32_t *keys = calloc(count, sizeof(*keys)), position = 0;
	void *values = figures_rows(count, value_size);
	int fd, got;

	fd = pins_open(ifname, name);
	if (!keys || !values || fd < 0) {
		errno = fd < 0 ? -fd : ENOMEM;
		goto fail;
	}
	got = read_batch(fd, &position, true, values, keys, count);
	close(fd);
	if (got < 0) {
		errno = -got;
		goto fail;
	}
	free(keys);
	return values;
fail:
	free(values);
	free(keys);
	return NULL;
}

/* Adds the 64-bit counters of a row. */
static void add_words(void *sum, const void *row, size_t size)
{
	const uint64_t *from = row;
	uint64_t *to = sum;
	size_t i;

	for (i = 0; i < size / sizeof(*to); i++)
		to[i] += from[i];
}

/* The sum of all @rows of the pinned array @name, whose counters are of 64 bits. */
static int read_sum(const char *ifname, const char *name, uint32_t rows, void *sum, size_t size)
{
	char *all = read_array(ifname, name, rows, size);
	uint32_t i;

	if (!all)
		return -errno;
	for (i = 0; i < rows; i++)
		add_words(sum, all + i * size, size);
	free(all);
	return 0;
}

struct figures *figures_read(const char *ifname, uint32_t queues)
{
	struct figures *figures = figures_rows(1, sizeof(*figures));
	uint32_t i;
	int err;

	if (!figures)
		return NULL;
	figures->time_ns = now_ns(CLOCK_MONOTONIC);
	figures->queue = read_array(ifname, "queue_stats", queues + 1, sizeof(*figures->queue));
	err = figures->queue ? read_sum(ifname, "service_stats", queues + 1, figures->service,
					sizeof(struct service_rows))
			     : -errno;
	if (!err)
		err = read_sum(ifname, "tenant_stats", queues + 1, figures->tenant,
			       sizeof(struct tenant_rows));
	if (err) {
		figures_free(figures);
		errno = -err;
		return NULL;
	}
	for (i = 0; i <= queues; i++)
		add_words(&figures->sum, &figures->queue[i], sizeof(figures->sum));
	return figures;
}

void figures_free(struct figures *figures)
{
	if (!figures)
		return;
	free(figures->queue);
	free(figures);
}

static enum sink_state sink_state(const struct xsk_heartbeat *row, uint64_t age_ns,
				  uint64_t stall_ns)
{
	if (sink_owner_gone(row))
		return SINK_GONE;
	return age_ns > stall_ns ? SINK_STALLED : SINK_ALIVE;
}

static int read_sinks(struct status *status)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC_COARSE), age;
	struct xsk_heartbeat *beats;
	uint32_t i;

	status->sinks = calloc(status->queues, sizeof(*status->sinks));
	beats = read_array(status->found.ifname, "xsk_heartbeat", status->queues, sizeof(*beats));
	if (!status->sinks || !beats) {
		free(beats);
		return -errno;
	}
	for (i = 0; i < status->queues; i++) {
		if (!beats[i].beat_ns)
			continue;
		/* The owner may have beaten after we read the clock. */
		age = now > beats[i].beat_ns ? now - beats[i].beat_ns : 0;
		status->sinks[i] = (struct sink){
			.state = sink_state(&beats[i], age, status->found.state.config.stall_ns),
			.age_ns = age,
			.pid = beats[i].pid,
			.flags = beats[i].flags,
		};
	}
	free(beats);
	return 0;
}

static void read_drops(struct status *status)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info), i;
	int fd = pins_open(status->found.ifname, "redirect_drops");

	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size))
		status->drops = read_array(status->found.ifname, "redirect_drops", info.max_entries,
					   sizeof(*status->drops));
	close(fd);
	if (!status->drops)
		return;
	status->drop_rows = info.max_entries;
	for (i = 0; i < status->drop_rows; i++) {
		status->drops_sum.xsk_ring_full += status->drops[i].xsk_ring_full;
		status->drops_sum.xsk_other += status->drops[i].xsk_other;
		status->drops_sum.cpumap_full += status->drops[i].cpumap_full;
		status->drops_sum.cpumap_other += status->drops[i].cpumap_other;
		if (status->drops[i].last_error)
			status->drops_sum.last_error = status->drops[i].last_error;
	}
}

static uint64_t flows_in(const struct flow_set *set)
{
	uint64_t count = 0;
	int way;

	for (way = 0; way < TP_FLOW_WAYS; way++)
		count += TP_DECISION_GEN(set->way[way].decision) != 0;
	return count;
}

static int read_flows(struct status *status)
{
	uint32_t keys[FLOW_SETS_AT_ONCE], position = 0, done = 0;
	int fd, got = 0, i;
	uint32_t sets_max = status->found.state.config.flow_set_mask + 1;
	struct flow_set *sets = figures_rows(FLOW_SETS_AT_ONCE, sizeof(*sets));

	if (!sets)
		return -ENOMEM;
	fd = pins_open(status->found.ifname, "flows");
	if (fd < 0) {
		free(sets);
		return fd;
	}
	status->flows_max = (uint64_t)sets_max * TP_FLOW_WAYS;
	while (done < sets_max) {
		got = read_batch(fd, &position, !done, sets, keys, FLOW_SETS_AT_ONCE);
		if (got <= 0)
			break;
		done += (uint32_t)got;
		for (i = 0; i < got; i++)
			status->flows_used += flows_in(&sets[i]);
	}
	close(fd);
	free(sets);
	return got < 0 ? got : 0;
}

static int read_policy(struct status *status)
{
	struct generation_maps maps = {
		.policy_gen = pins_open(status->found.ifname, "policy_gen"),
		.policy = pins_open(status->found.ifname, "policy"),
		.tenant_prefixes = -1,
	};
	int err = -ENOENT;

	status->policy = calloc(1, sizeof(*status->policy));
	if (!status->policy)
		err = -ENOMEM;
	else if (maps.policy_gen >= 0 && maps.policy >= 0)
		err = generation_read(&maps, status->policy);
	if (maps.policy >= 0)
		close(maps.policy);
	if (maps.policy_gen >= 0)
		close(maps.policy_gen);
	return err;
}

int status_read(struct status *status)
{
	int err;

	status->queues = status->found.state.config.queues;
	err = read_policy(status);
	if (!err)
		err = read_sinks(status);
	if (!err)
		err = read_flows(status);
	if (!err)
		read_drops(status);
	return err;
}

void status_free(struct status *status)
{
	figures_free(status->before);
	figures_free(status->after);
	free(status->policy);
	free(status->sinks);
	free(status->drops);
	memset(status, 0, sizeof(*status));
}

double status_seconds(const struct status *status)
{
	return (double)(status->after->time_ns - status->before->time_ns) / 1e9;
}

double status_rate(const struct status *status, uint64_t then, uint64_t now)
{
	return (double)(now < then ? now : now - then) / status_seconds(status);
}
