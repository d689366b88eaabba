// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is attached under an interface's name, however it came to be so. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/moved.h"

const char *mode_name(enum tp_attach_mode mode)
{
	return mode == TP_MODE_GENERIC ? "generic" : "native";
}

const char *method_name(enum tp_attach_method method)
{
	switch (method) {
	case TP_ATTACH_LINK:
		return "link";
	case TP_ATTACH_DISPATCHER:
		return "dispatcher";
	default:
		return "none";
	}
}

void found_since(const struct attach_state *state, char *text, size_t size)
{
	time_t when = (time_t)(state->attached_realtime_ns / 1000000000);
	long ago = (long)(time(NULL) - when);
	struct tm tm;
	size_t n;

	localtime_r(&when, &tm);
	n = strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm);
	if (ago < 120)
		snprintf(text + n, size - n, " (%ld s ago)", ago);
	else if (ago < 7200)
		snprintf(text + n, size - n, " (%ld min ago)", ago / 60);
	else if (ago < 172800)
		snprintf(text + n, size - n, " (%ld h %ld min ago)", ago / 3600, ago / 60 % 60);
	else
		snprintf(text + n, size - n, " (%ld days ago)", ago / 86400);
}

int found_hook(struct found *found, uint32_t ifindex, uint32_t map_id)
{
	int err;

	if (!ifindex || !if_indextoname(ifindex, found->ifname_now)) {
		found->ifname_now[0] = '\0';
		return 0;
	}
	err = xdp_hook_query(ifindex, map_id, &found->hook);
	if (err)
		return err;
	found->ifindex = ifindex;
	found->attached = found->hook.owner == XDP_OWNER_OURS;
	return 0;
}

static void clear(struct found *found)
{
	found->ifindex = 0;
	found->ifname_now[0] = '\0';
	memset(&found->hook, 0, sizeof(found->hook));
}

int found_query(const char *ifname, struct found *found)
{
	uint32_t map_id = 0;
	int fd, held, err;

	memset(found, 0, sizeof(*found));
	snprintf(found->ifname, sizeof(found->ifname), "%s", ifname);
	found->state_err = pins_state(ifname, &found->state);
	fd = pins_open(ifname, "queue_stats");
	if (fd >= 0) {
		map_id = xdp_map_id(fd);
		close(fd);
	}
	/* The link knows its interface under any name; without one, the record does, then the name.
	 */
	fd = pins_open(ifname, "links/classifier");
	if (fd >= 0) {
		held = xdp_link_ifindex(fd);
		close(fd);
		if (held > 0) {
			err = found_hook(found, (uint32_t)held, map_id);
			if (err || found->attached)
				return err;
			/* The link holds an interface, so there is one. */
			clear(found);
			moved_away(found, (uint32_t)held, map_id);
			if (!found->moved)
				clear(found);
			found->moved = true;
			return 0;
		}
	}
	if (!found->state_err) {
		err = found_hook(found, found->state.ifindex, map_id);
		if (err || found->attached)
			return err;
	}
	/* libxdp keeps no link of ours that knew. */
	if (!found->state_err && found->state.method == TP_ATTACH_DISPATCHER) {
		moved_away(found, found->state.ifindex, map_id);
		if (found->moved)
			return 0;
	}
	clear(found);
	return found_hook(found, if_nametoindex(ifname), map_id);
}

bool found_under_other_name(const char *ifname, uint32_t ifindex)
{
	struct found found;
	struct origin origin;
	bool held = false;
	char **names;
	size_t n, i;

	if (!ifindex || pins_list(&names, &n))
		return false;
	if (moved_here(ifindex, &origin)) {
		moved_here_say(ifname, &origin);
		pins_list_free(names, n);
		return true;
	}
	for (i = 0; i < n && !held; i++) {
		if (!strcmp(names[i], ifname) || found_query(names[i], &found))
			continue;
		held = found.attached && !found.moved && found.ifindex == ifindex;
		if (held)
			msg_error(
				"%s is attached under the name %s that it had then; use that name, "
				"or take it off with tp-load detach %s",
				ifname, names[i], names[i]);
	}
	pins_list_free(names, n);
	return held;
}

bool found_usable(const struct found *found)
{
	if (found->state_err == -ENOENT && found_under_other_name(found->ifname, found->ifindex))
		return false;
	if (found->state_err == -ENOENT) {
		msg_error("nothing of tripath is attached to %s; tp-load attach %s --policy FILE",
			  found->ifname, found->ifname);
		return false;
	}
	if (found->state_err == -EPROTO) {
		msg_error("%s was attached by a tp-load of another version (its ABI is %u, this "
			  "one's %u): use that version, or attach anew with this one: "
			  "tp-load detach %s && tp-load attach %s --policy FILE",
			  found->ifname, found->state.abi, TP_ABI, found->ifname, found->ifname);
		return false;
	}
	if (found->state_err && found->state_err != -EUCLEAN) {
		msg_error("cannot read what is pinned for %s: %s", found->ifname,
			  strerror(-found->state_err));
		return false;
	}
	if (!found->state_err && found->moved && !found->attached) {
		msg_error("%s was moved, with the classifier on it, to a network namespace that no "
			  "name and no process holds; to take it off: tp-load detach %s",
			  found->ifname, found->ifname);
		return false;
	}
	if (found->state_err || !found->attached) {
		msg_error("%s has pins but no program: %s; remove them with tp-load detach %s",
			  found->ifname,
			  found->ifindex ? "an attach was killed or the program was taken off"
					 : "the interface is gone",
			  found->ifname);
		return false;
	}
	return true;
}
