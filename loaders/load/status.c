// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tp-load status: what is attached in this network namespace, and the figures over a measured
 * interval. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/load/figures.h"
#include "loaders/load/moved.h"
#include "loaders/lib/version.h"

#define INTERVAL_MIN_S  0.05
#define INTERVAL_MAX_S  3600.0
#define INTERVAL_TELL_S 2.0 /* a longer silence is announced */
#define CLEAR_SCREEN    "\033[H\033[2J"

struct request {
	const char *ifname;
	double interval_s;
	bool watch;
	bool json;
};

static const struct argp_option options[] = {
	{"interval", 'i', "S", 0, "measure rates over S seconds (default 1)", 0},
	{"watch", 'w', "S", OPTION_ARG_OPTIONAL, "again and again, every S seconds (default 1)", 0},
	{"json", 'j', NULL, 0, "print JSON; with --watch one document a line", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *request = state->input;
	char *end;

	switch (key) {
	case 'w':
		request->watch = true;
		if (!arg)
			return 0;
		/* fall through */
	case 'i':
		request->interval_s = strtod(arg, &end);
		if (*end || end == arg || !(request->interval_s >= INTERVAL_MIN_S) ||
		    request->interval_s > INTERVAL_MAX_S)
			argp_error(state, "interval `%s`: it is a number of seconds from %g to %g",
				   arg, INTERVAL_MIN_S, INTERVAL_MAX_S);
		return 0;
	case 'j':
		request->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->ifname)
			argp_error(state, "one interface, or none for all");
		request->ifname = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void wait_s(double seconds)
{
	struct timespec left = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	if (seconds > INTERVAL_TELL_S && isatty(STDERR_FILENO))
		fprintf(stderr, "measuring for %g s ...\r", seconds);
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* Takes the first reading of each interface that is in order; the rest is named and left out. */
static int begin(struct status *all, char **names, size_t count)
{
	size_t i;
	int usable = 0;

	for (i = 0; i < count; i++) {
		if (found_query(names[i], &all[i].found) || !found_usable(&all[i].found))
			continue;
		all[i].before = figures_read(names[i], all[i].found.state.config.queues);
		if (all[i].before)
			usable++;
		else
			msg_error("cannot read the counters of %s: %s", names[i], strerror(errno));
	}
	return usable;
}

static void finish(struct status *all, char **names, size_t count)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		if (!all[i].before)
			continue;
		all[i].after = figures_read(names[i], all[i].found.state.config.queues);
		err = all[i].after ? status_read(&all[i]) : -errno;
		if (err) {
			msg_error("%s went away meanwhile: %s", names[i], strerror(-err));
			status_free(&all[i]);
		}
	}
}

static int print_all_json(const struct status *all, size_t count, bool one_line)
{
	json_t *array = json_array(), *document;
	size_t i;

	for (i = 0; i < count; i++)
		if (all[i].after)
			json_array_append_new(array, status_json(&all[i]));
	document = json_pack("{s:s, s:i, s:o}", "version", TP_VERSION, "abi", TP_ABI, "interfaces",
			     array);
	if (!document)
		return -ENOMEM;
	json_dumpf(document, stdout, one_line ? JSON_COMPACT : JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
	return 0;
}

static int print_all(const struct request *request, const struct status *all, size_t count)
{
	bool first = true;
	size_t i;

	if (request->json)
		return print_all_json(all, count, request->watch);
	if (request->watch && isatty(STDOUT_FILENO))
		fputs(CLEAR_SCREEN, stdout);
	for (i = 0; i < count; i++) {
		if (!all[i].after)
			continue;
		if (!first)
			putchar('\n');
		first = false;
		status_print(&all[i]);
	}
	return 0;
}

/* One measurement of the named interfaces. */
static int measure(const struct request *request, char **names, size_t count)
{
	struct status *all = figures_rows(count ? count : 1, sizeof(*all));
	size_t i;
	int usable, err;

	if (!all)
		return EXIT_FAILED;
	usable = begin(all, names, count);
	if (usable || request->watch)
		wait_s(request->interval_s);
	finish(all, names, count);
	err = print_all(request, all, count);
	for (i = 0; i < count; i++)
		status_free(&all[i]);
	free(all);
	if (!err)
		err = msg_flush();
	return err || (count && !usable) ? EXIT_FAILED : EXIT_OK;
}

static void say_moved(const char *ifname, uint32_t ifindex, const struct origin *origin, void *data)
{
	moved_here_say(ifname, origin);
}

static int once(const struct request *request)
{
	char *one[] = {(char *)request->ifname}, **names;
	size_t count;
	int err, code, moved;

	if (request->ifname)
		return measure(request, one, 1);
	err = pins_list(&names, &count);
	if (err) {
		msg_error("cannot list " PINS_ROOT ": %s", strerror(-err));
		return EXIT_FAILED;
	}
	moved = moved_here_each(say_moved, NULL);
	if (!count && !moved && !request->json)
		printf("nothing is attached in this network namespace; tp-load attach IFACE "
		       "--policy FILE\n");
	code = measure(request, names, count);
	pins_list_free(names, count);
	return code;
}

int load_status(int argc, char **argv)
{
	const struct argp_child children[] = {{&load_common_argp, 0, NULL, 0}, {}};
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[IFACE]",
		.doc = "What is attached in this network namespace, and what it did.",
		.children = children,
	};
	struct request request = {.interval_s = 1.0};
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &request);
	if (!load_can_work("status"))
		return EXIT_FAILED;
	do
		code = once(&request);
	while (request.watch && code == EXIT_OK);
	return code;
}
