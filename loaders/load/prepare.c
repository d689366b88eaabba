// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The second step of attach: maps, made, filled and pinned, under the first policy generation. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sodium.h>

#include "loaders/lib/generation.h"
#include "loaders/lib/pins.h"
#include "loaders/load/attach.h"
#include "loaders/load/instance.h"
#include "loaders/load/load.h"
#include "maps/steer.h"
#include "loaders/lib/version.h"

/* A beat can be two ticks and a turn old and its sink well: where ticks are rare, at 100 Hz, that is more. */
static uint64_t stall_ns(void)
{
	struct timespec tick;
	uint64_t least;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	least = 2 * (uint64_t)tick.tv_nsec + TP_XSK_BEAT_NS;
	return least > TP_XSK_STALL_NS ? least : TP_XSK_STALL_NS;
}

static void fill_state(struct attach *attach)
{
	struct attach_state *state = &attach->state;
	uint64_t inode = 0;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	pins_netns_inode(&inode);
	state->abi = TP_ABI;
	state->ifindex = attach->netif.ifindex;
	state->netns_inode = inode;
	state->attached_realtime_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	state->method = TP_ATTACH_NONE;
	snprintf(state->ifname, sizeof(state->ifname), "%s", attach->ifname);
	snprintf(state->version, sizeof(state->version), "%s", TP_VERSION);
	randombytes_buf(state->config.hash_key, sizeof(state->config.hash_key));
	state->config.flow_set_mask = policy_flow_sets(attach->source) - 1;
	state->config.queues =
		attach->netif.queues < TP_MAX_QUEUES ? attach->netif.queues : TP_MAX_QUEUES;
	state->config.stall_ns = stall_ns();
}

static int pin_state(const struct attach *attach)
{
	char path[PINS_PATH_MAX];
	uint32_t key = 0;
	int fd, err;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tp_state", sizeof(key), sizeof(attach->state), 1,
			    NULL);
	if (fd < 0)
		return -errno;
	err = bpf_map_update_elem(fd, &key, &attach->state, BPF_ANY) ? -errno : 0;
	if (!err)
		err = pins_path(attach->ifname, "state", path, sizeof(path));
	if (!err && bpf_obj_pin(fd, path))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int make_maps(struct attach *attach)
{
	struct generation_maps maps;
	struct classifier *skel;
	int err;

	skel = instance_make_maps(&attach->state.config);
	if (!skel)
		return -errno;
	maps.policy_gen = bpf_map__fd(skel->maps.policy_gen);
	maps.policy = bpf_map__fd(skel->maps.policy);
	maps.tenant_prefixes = bpf_map__fd(skel->maps.tenant_prefixes);
	err = cpus_fill(bpf_map__fd(skel->maps.cpus), attach->source);
	if (!err)
		err = generation_install(&maps, bpf_object__btf(skel->obj), attach->policy,
					 attach->prefixes, attach->prefix_count);
	if (!err)
		err = instance_pin_maps(skel, attach->ifname);
	classifier__destroy(skel);
	return err;
}

int attach_prepare(struct attach *attach)
{
	int state_fd, err;

	fill_state(attach);
	err = pins_create(attach->ifname);
	if (err)
		return err;
	attach->lock = pins_lock_interface(attach->ifname);
	if (attach->lock < 0)
		return attach->lock;
	state_fd = pin_state(attach);
	if (state_fd < 0)
		return state_fd;
	err = make_maps(attach);
	if (err) {
		close(state_fd);
		return err;
	}
	return state_fd;
}
