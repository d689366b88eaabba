// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The last step of attach: the classifier itself, over pinned maps, onto the interface. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "loaders/lib/pins.h"
#include "loaders/lib/xdp_attach.h"
#include "loaders/load/attach.h"
#include "loaders/load/instance.h"

static int record(int state_fd, const struct attach_state *state)
{
	uint32_t key = 0;

	return bpf_map_update_elem(state_fd, &key, state, BPF_ANY) ? -errno : 0;
}

static uint32_t prog_id_of(int fd)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static int pin(int fd, const char *ifname, const char *name)
{
	char path[PINS_PATH_MAX];
	int err;

	err = pins_path(ifname, name, path, sizeof(path));
	if (!err && bpf_obj_pin(fd, path))
		err = -errno;
	return err;
}

/* What drivers answer that have no native XDP, or none for frames of this size. */
static bool is_refusal(int err)
{
	return err == -EOPNOTSUPP || err == -EINVAL || err == -ERANGE || err == -E2BIG ||
	       err == -ENOSPC;
}

/*
 * Pinning the link comes last: until then the kernel takes the program off when this process ends, however
 * it ends, and from then on everything that detach and status need is recorded.
 */
static int attach_alone(struct classifier *skel, struct attach *attach, int state_fd, bool *refused)
{
	int prog_fd, link, err;

	err = classifier__load(skel);
	if (err)
		return err;
	prog_fd = bpf_program__fd(skel->progs.classifier);
	link = xdp_attach_link(prog_fd, attach->netif.ifindex, attach->state.mode);
	if (link < 0) {
		*refused = is_refusal(link);
		return link;
	}
	attach->state.method = TP_ATTACH_LINK;
	attach->state.prog_id = prog_id_of(prog_fd);
	err = pin(prog_fd, attach->ifname, "progs/classifier");
	if (!err)
		err = record(state_fd, &attach->state);
	if (!err)
		err = pin(link, attach->ifname, "links/classifier");
	close(link);
	return err;
}

/* libxdp's attachment outlives us at once; detach finds it by its maps even if nothing was recorded. */
static int attach_beside(struct classifier *skel, struct attach *attach, int state_fd,
			 bool *refused)
{
	uint32_t ifindex = attach->netif.ifindex;
	int err;

	err = xdp_attach_dispatched(skel->obj, "classifier", ifindex, attach->state.mode,
				    &attach->state.prog_id);
	if (err) {
		*refused = is_refusal(err);
		return err;
	}
	attach->state.method = TP_ATTACH_DISPATCHER;
	err = pin(bpf_program__fd(skel->progs.classifier), attach->ifname, "progs/classifier");
	if (!err)
		err = record(state_fd, &attach->state);
	if (err)
		xdp_detach_dispatched(ifindex, attach->state.prog_id);
	return err;
}

int attach_live(struct attach *attach, int state_fd, bool *refused)
{
	struct classifier *skel;
	int err;

	*refused = false;
	skel = instance_open(attach->ifname, &attach->state.config, "classifier");
	if (!skel)
		return -errno;
	err = attach->dispatch ? attach_beside(skel, attach, state_fd, refused)
			       : attach_alone(skel, attach, state_fd, refused);
	classifier__destroy(skel);
	return err;
}
