// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/xdp_attach.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

/* A program uses a handful of maps; ours about twenty. */
#define MAPS_MAX 64

uint32_t xdp_map_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

/* Stores the program's name; true where it uses the map. */
static bool uses_map(int prog_fd, uint32_t map_id, char *name)
{
	uint32_t ids[MAPS_MAX], i;
	struct bpf_prog_info info = {
		.map_ids = (uintptr_t)ids,
		.nr_map_ids = MAPS_MAX,
	};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return false;
	memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	for (i = 0; map_id && i < info.nr_map_ids && i < MAPS_MAX; i++)
		if (ids[i] == map_id)
			return true;
	return false;
}

static struct xdp_multiprog *dispatcher_of(uint32_t ifindex)
{
	struct xdp_multiprog *multi = xdp_multiprog__get_from_ifindex((int)ifindex);

	if (libxdp_get_error(multi))
		return NULL;
	if (xdp_multiprog__is_legacy(multi)) {
		xdp_multiprog__close(multi);
		return NULL;
	}
	return multi;
}

/* Looks for ours under the dispatcher; a hook without a dispatcher is left as it is. */
static void query_dispatcher(uint32_t ifindex, uint32_t map_id, struct xdp_hook *hook)
{
	struct xdp_multiprog *multi = dispatcher_of(ifindex);
	struct xdp_program *prog = NULL;
	char name[BPF_OBJ_NAME_LEN];

	if (!multi)
		return;
	hook->owner = XDP_OWNER_SHARED;
	while ((prog = xdp_multiprog__next_prog(prog, multi))) {
		if (!uses_map(xdp_program__fd(prog), map_id, name)) {
			hook->others++;
			continue;
		}
		hook->owner = XDP_OWNER_OURS;
		hook->method = TP_ATTACH_DISPATCHER;
		hook->prog_id = xdp_program__id(prog);
		memcpy(hook->prog_name, name, sizeof(name));
	}
	xdp_multiprog__close(multi);
}

int xdp_hook_query(uint32_t ifindex, uint32_t map_id, struct xdp_hook *hook)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int fd, err;

	memset(hook, 0, sizeof(*hook));
	err = bpf_xdp_query((int)ifindex, 0, &query);
	if (err)
		return err;
	hook->mode = query.skb_prog_id ? TP_MODE_GENERIC : TP_MODE_NATIVE;
	hook->prog_id = query.skb_prog_id   ? query.skb_prog_id
			: query.drv_prog_id ? query.drv_prog_id
					    : query.hw_prog_id;
	if (!hook->prog_id)
		return 0;
	hook->owner = XDP_OWNER_FOREIGN;
	fd = bpf_prog_get_fd_by_id(hook->prog_id);
	if (fd < 0)
		return errno == ENOENT ? xdp_hook_query(ifindex, map_id, hook) : -errno;
	if (uses_map(fd, map_id, hook->prog_name)) {
		hook->owner = XDP_OWNER_OURS;
		hook->method = TP_ATTACH_LINK;
	} else {
		query_dispatcher(ifindex, map_id, hook);
	}
	close(fd);
	return 0;
}

int xdp_attach_link(int prog_fd, uint32_t ifindex, enum tp_attach_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	int fd;

	opts.flags = mode == TP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	fd = bpf_link_create(prog_fd, (int)ifindex, BPF_XDP, &opts);
	return fd < 0 ? -errno : fd;
}

int xdp_attach_dispatched(struct bpf_object *obj, const char *prog_name, uint32_t ifindex,
			  enum tp_attach_mode mode, uint32_t *prog_id)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = obj, .prog_name = prog_name);
	struct xdp_program *prog = xdp_program__create(&opts);
	int err;

	err = (int)libxdp_get_error(prog);
	if (err)
		return err;
	err = xdp_program__attach(prog, (int)ifindex,
				  mode == TP_MODE_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE, 0);
	if (!err)
		*prog_id = xdp_program__id(prog);
	xdp_program__close(prog);
	return err;
}

int xdp_detach_dispatched(uint32_t ifindex, uint32_t prog_id)
{
	struct xdp_multiprog *multi = dispatcher_of(ifindex);
	struct xdp_program *prog = NULL;
	int err = 0;

	if (!multi)
		return 0;
	while ((prog = xdp_multiprog__next_prog(prog, multi)))
		if (xdp_program__id(prog) == prog_id)
			break;
	if (prog)
		err = xdp_program__detach(prog, (int)ifindex, xdp_multiprog__attach_mode(multi), 0);
	xdp_multiprog__close(multi);
	return err;
}

void xdp_clean_dispatched(uint32_t ifindex)
{
	libxdp_clean_references((int)ifindex);
}

int xdp_link_ifindex(int fd)
{
	struct bpf_link_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	return info.type == BPF_LINK_TYPE_XDP ? (int)info.xdp.ifindex : -EINVAL;
}
