// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/options.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/cpu.h"
#include "bench/gen/server.h"
#include "loaders/lib/msg.h"
#include "loaders/xsk/address.h"

const struct transport_ops *option_transport(struct argp_state *state, const char *arg)
{
	const struct transport_ops *ops = transport_find(arg);

	if (!ops)
		argp_error(state, "--transport: '%s' is not one of: %s", arg, transport_names());
	return ops;
}

void option_address(struct argp_state *state, const char *arg, struct sockaddr_storage *list,
		    unsigned int *n)
{
	if (*n == HELLO_SERVERS)
		argp_error(state, "more than %d addresses", HELLO_SERVERS);
	else if (!address_parse(arg, &list[*n]))
		argp_error(state,
			   "'%s' is not an address and port, as 10.0.0.1:7000 or [fd00::1]:7000",
			   arg);
	else
		++*n;
}

double option_number(struct argp_state *state, const char *what, const char *arg, double min,
		     double max)
{
	char *end;
	double value = strtod(arg, &end);

	if (end == arg || *end || !(value >= min && value <= max))
		argp_error(state, "%s: '%s' is not a number from %.10g to %.10g", what, arg, min,
			   max);
	return value;
}

double option_whole(struct argp_state *state, const char *what, const char *arg, double min,
		    double max)
{
	double value = option_number(state, what, arg, min, max);

	if (value != floor(value))
		argp_error(state, "%s: '%s' is not a whole number", what, arg);
	return value;
}

enum key {
	KEY_CPU = 0x100,
	KEY_WORKERS,
	KEY_STALL_AT,
	KEY_STALL_MS,
	KEY_INTERFACE,
	KEY_QUEUE,
	KEY_JSON,
};

static const struct argp_option table[] = {
	{"transport", 't', "NAME", 0, "tcp, udp, uring, xsk", 1},
	{"listen", 'l', "ADDR:PORT", 0, "where to answer; again for more, a thread each", 1},
	{"wait", 'w', "HOW", 0, "block (default), epoll or spin", 2},
	{"workers", KEY_WORKERS, "N", 0, "threads of each address, by SO_REUSEPORT (1)", 2},
	{"cpu", KEY_CPU, "LIST", 0, "CPUs of the threads in order, e.g. 2,4-7", 2},
	{"interface", KEY_INTERFACE, "IFACE", 0, "xsk: where frames come in", 3},
	{"queue", KEY_QUEUE, "N", 0, "xsk: its receive queue (0)", 3},
	{"stall-ms", KEY_STALL_MS, "MS", 0, "the first thread sleeps once, this long", 4},
	{"stall-at", KEY_STALL_AT, "SECONDS", 0, "so long after its first request (1)", 4},
	{"json", KEY_JSON, NULL, 0, "what it did as JSON, one object a line", 5},
	{},
};

static enum transport_wait wait_option(struct argp_state *state, const char *arg)
{
	for (int i = 0; i <= TRANSPORT_EPOLL; i++)
		if (!strcmp(arg, transport_wait_names[i]))
			return (enum transport_wait)i;
	argp_error(state, "--wait: '%s' is not one of: block, epoll, spin", arg);
	return TRANSPORT_BLOCK;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct serve_options *o = state->input;

	switch (key) {
	case 't':
		o->ops = option_transport(state, arg);
		break;
	case 'l':
		option_address(state, arg, o->listen, &o->nlisten);
		break;
	case 'w':
		o->wait = wait_option(state, arg);
		break;
	case KEY_WORKERS:
		o->workers = (unsigned int)option_whole(state, "--workers", arg, 1, SERVER_WORKERS);
		break;
	case KEY_CPU:
		if (cpu_list(arg, &o->cpus))
			argp_error(state, "--cpu: '%s' is not a list of CPUs, as 2,4-7", arg);
		if (!cpu_allowed(&o->cpus))
			argp_error(state, "--cpu: not all of %s are there, or for this process",
				   arg);
		o->has_cpus = true;
		break;
	case KEY_INTERFACE:
		o->interface = arg;
		break;
	case KEY_QUEUE:
		o->queue = (unsigned int)option_whole(state, "--queue", arg, 0, 4095);
		break;
	case KEY_STALL_MS:
		o->stall_ms = (unsigned int)option_whole(state, "--stall-ms", arg, 1, 60000);
		break;
	case KEY_STALL_AT:
		o->stall_at_s = option_number(state, "--stall-at", arg, 0, 3600);
		break;
	case KEY_JSON:
		o->json = true;
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->xsk;
		break;
	case ARGP_KEY_END:
		if (!o->ops || !o->nlisten)
			argp_error(state, "--transport and --listen are needed");
		if (o->ops && strcmp(o->ops->name, "xsk") != 0 &&
		    (o->interface || o->queue || xsk_options_given(&o->xsk)))
			argp_error(state,
				   "--interface, --queue, --ring, --require and --busy-poll go "
				   "with --transport xsk");
		if (o->workers * o->nlisten > SERVER_WORKERS)
			argp_error(state, "more than %d threads", SERVER_WORKERS);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void serve_options_parse(struct serve_options *o, int argc, char **argv)
{
	static const struct argp_child children[] = {{&xsk_argp, 0, NULL, 0}, {}};
	static const struct argp argp = {
		.options = table,
		.children = children,
		.parser = parse,
		.doc = "The answering end of a measurement: the same work over every transport.\v"
		       "Ends at SIGINT or SIGTERM, and says what it did and what it took.  See "
		       "tp-bench(8).",
	};

	*o = (struct serve_options){.wait = TRANSPORT_BLOCK, .workers = 1, .stall_at_s = 1};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, o);
}
