// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tp-bench: agent-shaped load over the paths, and its answering end.  See docs/man/tp-bench.8. */
#include <stdio.h>
#include <string.h>

#include "bench/gen/commands.h"
#include "bench/gen/transport.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/version.h"

static void usage(FILE *out)
{
	fprintf(out,
		"Usage: tp-bench COMMAND [OPTION...]\n\n"
		"  serve    answer: the reference peer of a measurement\n"
		"  run      offer load, and report what became of it\n\n"
		"Transports: %s.\n"
		"Each command explains itself: tp-bench COMMAND --help\n",
		transport_names());
}

/* So that help and errors of a command carry both names. */
static int run_command(int (*command)(int, char **), const char *name, int argc, char **argv)
{
	static char full[32];

	snprintf(full, sizeof(full), "tp-bench %s", name);
	argv[1] = full;
	return command(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	msg_init("tp-bench", false);
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "run"))
		return run_command(command_run, "run", argc, argv);
	if (!strcmp(argv[1], "serve"))
		return run_command(command_serve, "serve", argc, argv);
	if (!strcmp(argv[1], "--version")) {
		printf("tp-bench %s\n", TP_VERSION);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?")) {
		usage(stdout);
		return EXIT_OK;
	}
	msg_error("no command '%s'", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
