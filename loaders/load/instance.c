// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "loaders/lib/pins.h"
#include "loaders/load/instance.h"
#include "loaders/load/load.h"

/* All but the answer of `explain`, which belongs to who asks, and the object's own constants. */
static bool is_shared(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) && strcmp(bpf_map__name(map), "explain_answer") != 0;
}

static int set_sizes(struct classifier *skel, const struct classifier_config *config)
{
	const struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
		{skel->maps.flows, config->flow_set_mask + 1},
		{skel->maps.queue_stats, config->queues + 1},
		{skel->maps.service_stats, config->queues + 1},
		{skel->maps.tenant_stats, config->queues + 1},
		{skel->maps.xsks, config->queues},
		{skel->maps.xsk_heartbeat, config->queues},
		{skel->maps.cpus, cpus_entries()},
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		err = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);
		if (err)
			return err;
	}
	return 0;
}

struct classifier *instance_make_maps(const struct classifier_config *config)
{
	struct classifier *skel = classifier__open();
	int err;

	if (!skel)
		return NULL;
	skel->rodata->cfg = *config;
	err = set_sizes(skel, config);
	if (!err)
		err = bpf_program__set_autoload(skel->progs.classifier, false);
	if (!err)
		err = bpf_program__set_autoload(skel->progs.explain, false);
	if (!err)
		err = classifier__load(skel);
	if (err) {
		classifier__destroy(skel);
		errno = -err;
		return NULL;
	}
	return skel;
}

int instance_pin_maps(const struct classifier *skel, const char *ifname)
{
	char path[PINS_PATH_MAX];
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, skel->obj) {
		if (!is_shared(map))
			continue;
		err = pins_path(ifname, bpf_map__name(map), path, sizeof(path));
		if (!err)
			err = bpf_map__pin(map, path);
		if (err)
			return err;
	}
	return 0;
}

static int reuse_maps(struct classifier *skel, const char *ifname)
{
	struct bpf_map *map;
	int fd, err;

	bpf_object__for_each_map (map, skel->obj) {
		if (!is_shared(map))
			continue;
		fd = pins_open(ifname, bpf_map__name(map));
		if (fd < 0)
			return fd;
		err = bpf_map__reuse_fd(map, fd);
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

struct classifier *instance_open(const char *ifname, const struct classifier_config *config,
				 const char *program)
{
	struct classifier *skel = classifier__open();
	struct bpf_program *prog;
	int err;

	if (!skel)
		return NULL;
	skel->rodata->cfg = *config;
	err = reuse_maps(skel, ifname);
	bpf_object__for_each_program (prog, skel->obj) {
		if (!err)
			err = bpf_program__set_autoload(prog,
							!strcmp(bpf_program__name(prog), program));
		/* All programs over one cpumap must agree about this. */
		if (!err && config->frags)
			err = bpf_program__set_flags(prog, BPF_F_XDP_HAS_FRAGS);
	}
	if (err) {
		classifier__destroy(skel);
		errno = -err;
		return NULL;
	}
	return skel;
}
