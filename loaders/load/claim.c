// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The first step of attach: who is on the hook? */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/attach.h"
#include "loaders/load/load.h"

static void refuse_foreign(const struct attach *attach, const struct xdp_hook *hook)
{
	if (hook->owner == XDP_OWNER_SHARED)
		msg_error("%s runs libxdp's dispatcher (id %u) with %u program(s), and this kernel "
			  "cannot add "
			  "another (no freplace); tripath replaces nothing: xdp-loader unload %s "
			  "--all",
			  attach->ifname, hook->prog_id, hook->others, attach->ifname);
	else
		msg_error("%s runs the XDP program `%s` (id %u, %s), which is not tripath's and is "
			  "left alone; "
			  "if you want it off: ip link set dev %s %s off",
			  attach->ifname, hook->prog_name, hook->prog_id, mode_name(hook->mode),
			  attach->ifname, hook->mode == TP_MODE_GENERIC ? "xdpgeneric" : "xdpdrv");
}

static void refuse_second(const struct attach *attach, const struct found *found)
{
	char since[64];

	if (found->state_err || (found->moved && !found->attached)) {
		found_usable(found);
		return;
	}
	if (found->moved) {
		msg_error(
			"the pins of %s belong to an interface that is %s in network namespace %s "
			"now; take it off with tp-load detach %s",
			attach->ifname, found->ifname_now, found->netns, attach->ifname);
		return;
	}
	if (strcmp(found->ifname_now, attach->ifname) != 0) {
		msg_error("the pins of %s belong to an interface that is named %s now; take it off "
			  "with "
			  "tp-load detach %s",
			  attach->ifname, found->ifname_now, attach->ifname);
		return;
	}
	found_since(&found->state, since, sizeof(since));
	msg_error("%s is attached already, since %s, in %s mode; to change the policy: "
		  "tp-load reload %s --policy FILE; to take it off: tp-load detach %s",
		  attach->ifname, since, mode_name(found->hook.mode), attach->ifname,
		  attach->ifname);
}

int attach_claim(const struct attach *attach)
{
	struct found found;
	int lock, err;

	err = found_query(attach->ifname, &found);
	if (err) {
		msg_error("cannot ask the kernel what runs on %s: %s", attach->ifname,
			  strerror(-err));
		return err;
	}
	if (found.attached || found.moved) {
		refuse_second(attach, &found);
		return -EEXIST;
	}
	if (found.state_err && found.state_err != -ENOENT && found.state_err != -EUCLEAN &&
	    found.state_err != -EPROTO) {
		found_usable(&found);
		return found.state_err;
	}
	if (found.state_err != -ENOENT) {
		msg_info("cleaning up what an earlier attach to an interface %s left behind",
			 attach->ifname);
		xdp_clean_dispatched(attach->netif.ifindex);
		lock = pins_lock_interface(attach->ifname);
		err = pins_remove(attach->ifname);
		if (lock >= 0)
			close(lock);
		if (err) {
			msg_error("cannot remove its pins: %s", strerror(-err));
			return err;
		}
	}
	if (found.hook.owner == XDP_OWNER_NONE)
		return 0;
	if (found_under_other_name(attach->ifname, attach->netif.ifindex))
		return -EEXIST;
	if (found.hook.owner == XDP_OWNER_SHARED && attach->dispatch)
		return 0;
	refuse_foreign(attach, &found.hook);
	return -EBUSY;
}
