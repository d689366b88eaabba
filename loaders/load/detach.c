// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-load detach: takes off exactly what attach made.  It needs nothing but the pins' names and the
 * ids of the maps, so it works after a kill, for an interface that is gone, and for another
 * version's attach.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/moved.h"

struct detach {
	const char *ifname;
	bool all;
};

static const struct argp_option options[] = {
	{"all", 'a', NULL, 0,
	 "every interface of this network namespace, and of namespaces that are gone", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct detach *detach = state->input;

	switch (key) {
	case 'a':
		detach->all = true;
		return 0;
	case ARGP_KEY_ARG:
		if (detach->ifname)
			argp_error(state, "one interface at a time, or --all");
		detach->ifname = arg;
		return 0;
	case ARGP_KEY_END:
		if (!detach->ifname == !detach->all)
			argp_error(state, "which interface? Name one, or give --all");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Somebody may hold the link open: unpinning would then not take the program off. */
static void let_go(int link_fd)
{
	if (link_fd < 0)
		return;
	bpf_link_detach(link_fd);
	close(link_fd);
}

struct dispatched {
	uint32_t ifindex;
	const struct xdp_hook *hook;
};

static int take_off_dispatched(void *data)
{
	const struct dispatched *d = data;

	return xdp_detach_dispatched(d->ifindex, d->hook->prog_id);
}

/* Takes the program off the interface @ifindex of the network namespace @netns where libxdp put it there. */
static int leave_dispatcher(const char *ifname, const char *netns, uint32_t ifindex,
			    const struct xdp_hook *hook)
{
	struct dispatched d = {.ifindex = ifindex, .hook = hook};
	int err;

	if (hook->method != TP_ATTACH_DISPATCHER)
		return 0;
	err = netns_run(netns, take_off_dispatched, &d);
	if (err) {
		msg_error("libxdp cannot take program %u off %s: %s", hook->prog_id, ifname,
			  strerror(-err));
		msg_show_libs();
	}
	return err;
}

/* An interface that came from another network namespace, where its pins still are. */
static int detach_moved_here(const char *ifname, uint32_t ifindex, const struct origin *origin)
{
	char path[PINS_PATH_MAX + 32];
	int lock, err;

	if (leave_dispatcher(ifname, "", ifindex, &origin->hook))
		return EXIT_FAILED;
	lock = pins_lock_dir(origin->dir);
	snprintf(path, sizeof(path), "%s/links/classifier", origin->dir);
	let_go(bpf_obj_get(path));
	snprintf(path, sizeof(path), "%s/links", origin->dir);
	err = pins_remove_path(path);
	if (!err)
		err = pins_remove_path(origin->dir);
	if (lock >= 0)
		close(lock);
	if (err) {
		msg_error("cannot remove the pins of %s in %s: %s", ifname, origin->dir,
			  strerror(-err));
		return EXIT_FAILED;
	}
	/* The directory of a namespace goes with its last interface. */
	snprintf(path, sizeof(path), "%.*s", (int)(strrchr(origin->dir, '/') - origin->dir),
		 origin->dir);
	if (strcmp(path, PINS_ROOT) != 0)
		rmdir(path);
	msg_info("detached from %s (program %u), which was attached in another network namespace "
		 "as %s",
		 ifname, origin->hook.prog_id, origin->ifname);
	return EXIT_OK;
}

static void detach_each(const char *ifname, uint32_t ifindex, const struct origin *origin,
			void *data)
{
	int *code = data;

	if (detach_moved_here(ifname, ifindex, origin) != EXIT_OK)
		*code = EXIT_FAILED;
}

static void say_detached(const struct found *found)
{
	const char *now = found->ifname_now[0] ? found->ifname_now : found->ifname;

	if (found->attached && found->moved)
		msg_info("detached from %s (program %u), which is %s in network namespace %s now",
			 found->ifname, found->hook.prog_id, now, found->netns);
	else if (found->attached)
		msg_info("detached from %s (program %u)", now, found->hook.prog_id);
	else if (found->moved)
		msg_info("detached from %s, which was moved to another network namespace",
			 found->ifname);
	else
		msg_info("removed what was left of %s: %s", found->ifname,
			 found->ifindex ? "no program of tripath was on it"
					: "the interface is gone");
}

static int detach_one(const char *ifname)
{
	struct origin origin;
	struct found found;
	int lock, err;

	err = found_query(ifname, &found);
	if (err) {
		msg_error("cannot ask the kernel what runs on %s: %s", ifname, strerror(-err));
		return EXIT_FAILED;
	}
	if (found.state_err == -ENOENT) {
		pins_remove(
			ifname); /* of the namespace's directory, an earlier one may have been killed */
		if (moved_here(found.ifindex, &origin))
			return detach_moved_here(ifname, found.ifindex, &origin);
		if (found_under_other_name(ifname, found.ifindex))
			return EXIT_FAILED;
		if (found.hook.owner == XDP_OWNER_NONE)
			msg_error("nothing of tripath is attached to %s", ifname);
		else
			msg_error("nothing of tripath is attached to %s; the XDP program `%s` (id "
				  "%u) there "
				  "is somebody else's and stays",
				  ifname, found.hook.prog_name, found.hook.prog_id);
		return EXIT_FAILED;
	}
	if (found.attached && leave_dispatcher(ifname, found.netns, found.ifindex, &found.hook))
		return EXIT_FAILED;
	if (!found.attached && found.ifindex)
		xdp_clean_dispatched(found.ifindex);
	lock = pins_lock_interface(ifname);
	let_go(pins_open(ifname, "links/classifier"));
	err = pins_remove(ifname);
	if (lock >= 0)
		close(lock);
	if (err) {
		msg_error("cannot remove the pins of %s: %s", ifname, strerror(-err));
		return EXIT_FAILED;
	}
	say_detached(&found);
	return EXIT_OK;
}

static int is_gone(int link_fd)
{
	return xdp_link_ifindex(link_fd) == 0;
}

static int detach_all(void)
{
	int code = EXIT_OK, err, moved, swept;
	char **names;
	size_t n, i;

	err = pins_list(&names, &n);
	if (err) {
		msg_error("cannot list " PINS_ROOT ": %s", strerror(-err));
		return EXIT_FAILED;
	}
	for (i = 0; i < n; i++)
		if (detach_one(names[i]) != EXIT_OK)
			code = EXIT_FAILED;
	pins_list_free(names, n);
	moved = moved_here_each(detach_each, &code);
	swept = pins_sweep(is_gone);
	if (swept > 0)
		msg_info("removed what was left of %d interface(s) of network namespaces that are "
			 "gone",
			 swept);
	if (!n && !moved && swept <= 0)
		msg_info("nothing is attached in this network namespace");
	return code;
}

int load_detach(int argc, char **argv)
{
	const struct argp_child children[] = {{&load_common_argp, 0, NULL, 0}, {}};
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "IFACE\n--all",
		.doc = "Take the classifier off IFACE, with everything that attach made.",
		.children = children,
	};
	struct detach detach = {};
	int lock, code;

	argp_parse(&argp, argc, argv, 0, NULL, &detach);
	if (!load_can_work("detach"))
		return EXIT_FAILED;
	lock = pins_lock();
	if (lock == -ENOENT) {
		if (detach.all) {
			msg_info("nothing is attached");
			return EXIT_OK;
		}
		msg_error("nothing of tripath is attached to %s", detach.ifname);
		return EXIT_FAILED;
	}
	if (lock < 0) {
		msg_error("cannot lock " PINS_ROOT ": %s", strerror(-lock));
		return EXIT_FAILED;
	}
	code = detach.all ? detach_all() : detach_one(detach.ifname);
	close(lock);
	return code;
}
