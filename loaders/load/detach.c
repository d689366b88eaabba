// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-load detach: takes off exactly what attach made.  It needs nothing but the pins' names and the
 * ids of the maps, so it works after a kill, for an interface that is gone, and for another
 * version's attach.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/load.h"

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
static void let_go(const char *ifname)
{
	int fd = pins_open(ifname, "links/classifier");

	if (fd < 0)
		return;
	bpf_link_detach(fd);
	close(fd);
}

static int detach_one(const char *ifname)
{
	struct found found;
	int err;

	err = found_query(ifname, &found);
	if (err) {
		msg_error("cannot ask the kernel what runs on %s: %s", ifname, strerror(-err));
		return EXIT_FAILED;
	}
	if (found.state_err == -ENOENT) {
		pins_remove(
			ifname); /* of the namespace's directory, an earlier one may have been killed */
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
	if (found.attached && found.hook.method == TP_ATTACH_DISPATCHER) {
		err = xdp_detach_dispatched(found.ifindex, found.hook.prog_id);
		if (err) {
			msg_error("libxdp cannot take program %u off %s: %s", found.hook.prog_id,
				  ifname, strerror(-err));
			msg_show_libs();
			return EXIT_FAILED;
		}
	}
	if (!found.attached && found.ifindex)
		xdp_clean_dispatched(found.ifindex);
	let_go(ifname);
	err = pins_remove(ifname);
	if (err) {
		msg_error("cannot remove the pins of %s: %s", ifname, strerror(-err));
		return EXIT_FAILED;
	}
	if (found.attached)
		msg_info("detached from %s (program %u)",
			 found.ifname_now[0] ? found.ifname_now : ifname, found.hook.prog_id);
	else
		msg_info("removed what was left of %s: %s", ifname,
			 found.ifindex ? "no program of tripath was on it"
				       : "the interface is gone");
	return EXIT_OK;
}

static int is_gone(int link_fd)
{
	return xdp_link_ifindex(link_fd) == 0;
}

static int detach_all(void)
{
	int code = EXIT_OK, err, swept;
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
	swept = pins_sweep(is_gone);
	if (swept > 0)
		msg_info("removed what was left of %d interface(s) of network namespaces that are "
			 "gone",
			 swept);
	if (!n && swept <= 0)
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
	if (!load_need_root("detach"))
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
