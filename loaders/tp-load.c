// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tp-load: attaches the classifier to interfaces, and tells what it does there. See
 * docs/man/tp-load.8. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/load.h"
#include "loaders/lib/version.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"attach", load_attach, "put the classifier on an interface, under a policy"},
	{"detach", load_detach, "take it off, and all that attach made"},
	{"reload", load_reload, "swap the policy under traffic"},
	{"status", load_status, "what is attached, and the figures"},
	{"explain", load_explain, "what would happen to a packet, and why"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	if (key != 'v')
		return ARGP_ERR_UNKNOWN;
	msg_init("tp-load", true);
	return 0;
}

static const struct argp_option common_options[] = {
	{"verbose", 'v', NULL, 0, "show what libbpf and libxdp say, and lesser notes", -2},
	{},
};

const struct argp load_common_argp = {.options = common_options, .parser = parse_common};

bool load_can_work(const char *command)
{
	if (geteuid() != 0)
		msg_error("this needs root; type: sudo tp-load %s ...", command);
	else if (pins_hidden())
		msg_error("no bpffs is mounted in this mount namespace (`ip netns exec` makes such "
			  "a one): what "
			  "is attached cannot be seen here, and would go away with the namespace; "
			  "enter the "
			  "network namespace alone: nsenter --net=/run/netns/NAME tp-load %s ...",
			  command);
	else
		return true;
	return false;
}

static void usage(FILE *out)
{
	size_t i;

	fprintf(out, "Usage: tp-load COMMAND [ARGUMENT...]\n\n");
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\nEach command explains itself: tp-load COMMAND --help\n");
}

int main(int argc, char **argv)
{
	char name[32];
	size_t i;
	int code;

	msg_init("tp-load", false);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return msg_flush() ? EXIT_FAILED : EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("tp-load %s (ABI %u)\n", TP_VERSION, TP_ABI);
		return msg_flush() ? EXIT_FAILED : EXIT_OK;
	}
	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		snprintf(name, sizeof(name), "tp-load %s", commands[i].name);
		argv[1] = name;
		code = commands[i].run(argc - 1, argv + 1);
		return msg_flush() && code == EXIT_OK ? EXIT_FAILED : code;
	}
	msg_error("no command `%s`; there are attach, detach, reload, status and explain", argv[1]);
	return EXIT_USAGE;
}
