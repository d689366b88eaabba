// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-redirect: for a measurement, puts the least program that feeds an AF_XDP socket in the place of the
 * classifier that tp-load attached, or the classifier back.  The pinned link, and so the attachment,
 * stays the same.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "skel/redirect.skel.h"

struct options {
	const char *interface;
	bool undo;
};

static const struct argp_option option_table[] = {
	{"interface", 'i', "NAME", 0, "interface that tp-load attached to", 0},
	{"undo", 'u', NULL, 0, "put the classifier back", 0},
	{},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'i':
		o->interface = arg;
		return 0;
	case 'u':
		o->undo = true;
		return 0;
	case ARGP_KEY_END:
		if (!o->interface)
			argp_error(state, "--interface is needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int load(struct redirect **out, int xsks_fd)
{
	struct redirect *redirect = redirect__open();
	int err;

	if (!redirect)
		return -ENOMEM;
	err = bpf_map__reuse_fd(redirect->maps.xsks, xsks_fd);
	if (!err)
		err = redirect__load(redirect);
	if (err) {
		redirect__destroy(redirect);
		return err;
	}
	*out = redirect;
	return 0;
}

static int put_redirect(const struct options *o, int link_fd)
{
	int xsks_fd = pins_open(o->interface, "xsks");
	struct redirect *redirect = NULL;
	int err;

	if (xsks_fd < 0)
		return xsks_fd;
	err = load(&redirect, xsks_fd);
	close(xsks_fd);
	if (err)
		return err;
	/* The link holds the program from here on. */
	err = bpf_link_update(link_fd, bpf_program__fd(redirect->progs.redirect), NULL);
	redirect__destroy(redirect);
	return err;
}

static int put_classifier(const struct options *o, int link_fd)
{
	int fd = pins_open(o->interface, "progs/classifier");
	int err;

	if (fd < 0)
		return fd;
	err = bpf_link_update(link_fd, fd, NULL);
	close(fd);
	return err;
}

static int run(const struct options *o)
{
	int link_fd = pins_open(o->interface, "links/classifier");
	int err;

	if (link_fd < 0) {
		msg_error("%s has no link of tp-load's to change: tp-load attach %s, where no "
			  "dispatcher is used",
			  o->interface, o->interface);
		return link_fd;
	}
	err = o->undo ? put_classifier(o, link_fd) : put_redirect(o, link_fd);
	close(link_fd);
	if (err) {
		msg_error("the program of %s cannot be changed: %s", o->interface, strerror(-err));
		msg_show_libs();
	}
	return err;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Replaces the attached classifier by a program that only redirects to "
		       "AF_XDP, to "
		       "measure what the classifier costs; --undo puts it back.",
	};
	struct options o = {};

	msg_init("tp-redirect", false);
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	return run(&o) ? EXIT_FAILED : EXIT_OK;
}
