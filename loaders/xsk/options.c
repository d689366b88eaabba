// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/xsk/options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "loaders/lib/msg.h"
#include "loaders/xsk/address.h"
#include "types.h"
#include "loaders/lib/version.h"

#define DEFAULT_RING   2048
#define MIN_RING       64
#define MAX_RING       32768
#define MIN_FRAMES     32
#define MAX_FRAMES     (1U << 20)
#define DEFAULT_BATCH  64
/* A worker that waits 10 ms for its CPU counts as stalled, and its traffic goes to the stack. */
#define POLL_NICE      (-10)
#define NICE_UNSET     100
#define DEFAULT_WINDOW 1
#define DEFAULT_SIZE   64
#define MAX_SIZE       3700 /* of a payload: what fits the larger frame with headers and headroom */

const char *argp_program_version = "tp-xsk " TP_VERSION;

enum key {
	KEY_OUT = 0x100,
	KEY_POLL,
	KEY_SPIN,
	KEY_BUSY_POLL,
	KEY_ZERO_COPY,
	KEY_COPY,
	KEY_REQUIRE,
	KEY_FRAMES,
	KEY_FRAME_SIZE,
	KEY_RING,
	KEY_BATCH,
	KEY_CPU,
	KEY_NICE,
	KEY_JSON,
	KEY_SANITIZE,
	KEY_DURATION,
	KEY_COUNT,
	KEY_FROM,
	KEY_TO,
	KEY_TO_MAC,
	KEY_WINDOW,
	KEY_SIZE,
};

static const struct argp_option table[] = {
	{"iface", 'i', "IFACE", 0, "interface that tp-load attached to", 1},
	{"queue", 'q', "N|all", 0, "receive queue (all)", 1},
	{"mode", 'm', "MODE", 0, "echo, drop, forward or client (echo)", 1},
	{"out", KEY_OUT, "IFACE", 0, "forward: the other interface (back out)", 1},
	{"poll", KEY_POLL, NULL, 0, "sleep when there is nothing to do (default)", 2},
	{"spin", KEY_SPIN, NULL, 0, "never sleep: a whole CPU for each queue", 2},
	{"busy-poll", KEY_BUSY_POLL, NULL, 0, "never sleep, and run the driver's NAPI too", 2},
	{"cpu", KEY_CPU, "LIST", 0, "CPUs of the workers in order, e.g. 2,4-7", 2},
	{"nice", KEY_NICE, "N", 0,
	 "priority of the workers, -20 to 19 (-10; 0 where they never sleep)", 2},
	{"zero-copy", KEY_ZERO_COPY, NULL, 0, "ask for zero-copy; warn when it is refused", 3},
	{"copy", KEY_COPY, NULL, 0, "ask for copy mode", 3},
	{"require", KEY_REQUIRE, "zero-copy", 0, "fail unless it is obtained", 3},
	{"frames", KEY_FRAMES, "N", 0, "UMEM frames of a queue (4 times the ring)", 4},
	{"frame-size", KEY_FRAME_SIZE, "BYTES", 0, "2048 or 4096 (what the MTU needs)", 4},
	{"ring", KEY_RING, "N", 0, "entries of RX and TX ring, a power of two (2048)", 4},
	{"batch", KEY_BATCH, "N", 0, "frames taken in one turn, 18 to 256 (64)", 4},
	{"interval", 'I', "SECONDS", 0, "time between reports; 0: only at the end (1)", 5},
	{"json", KEY_JSON, NULL, 0, "reports as JSON, one object a line", 5},
	{"duration", KEY_DURATION, "SECONDS", 0, "stop after this time", 5},
	{"count", KEY_COUNT, "N", 0, "stop once N packets were received, or N requests made", 5},
	{"sanitize", KEY_SANITIZE, NULL, 0, "check the owner of every frame at every step", 5},
	{NULL, 0, NULL, 0, "client mode, which asks a UDP echo service:", 6},
	{"from", KEY_FROM, "ADDR:PORT", 0,
	 "first source port, one for each queue; [ADDR]:PORT for IPv6", 6},
	{"to", KEY_TO, "ADDR:PORT", 0, "the service", 6},
	{"to-mac", KEY_TO_MAC, "MAC", 0, "of the service, or of the router to it", 6},
	{"window", KEY_WINDOW, "N", 0, "requests outstanding on each queue (1)", 6},
	{"size", KEY_SIZE, "BYTES", 0, "UDP payload (64)", 6},
	{"verbose", 'v', NULL, 0, "show what the libraries say", 7},
	{},
};

static uint64_t number(struct argp_state *state, const char *what, const char *arg, uint64_t min,
		       uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || value < min || value > max)
		argp_error(state, "%s: '%s' is not a number from %llu to %llu", what, arg,
			   (unsigned long long)min, (unsigned long long)max);
	return value;
}

static double seconds(struct argp_state *state, const char *what, const char *arg)
{
	char *end;
	double value = strtod(arg, &end);

	if (end == arg || *end || !(value >= 0 && value < 1e9))
		argp_error(state, "%s: '%s' is not a number of seconds", what, arg);
	return value;
}

static uint32_t power_of_two(struct argp_state *state, const char *what, const char *arg,
			     uint32_t min, uint32_t max)
{
	uint32_t value = (uint32_t)number(state, what, arg, min, max);

	if (value & (value - 1))
		argp_error(state, "%s: %u is not a power of two", what, value);
	return value;
}

static int choice(struct argp_state *state, const char *what, const char *arg,
		  const char *const *names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(arg, names[i]))
			return i;
	argp_error(state, "%s: '%s' is not one of: echo, drop, forward, client", what, arg);
	return 0;
}

static void cpu_list(struct argp_state *state, struct xsk_options *opt, char *arg)
{
	char *item, *save = NULL;

	for (item = strtok_r(arg, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		char *dash = strchr(item, '-');
		uint64_t first, last;

		if (dash)
			*dash = '\0';
		first = number(state, "--cpu", item, 0, MAX_CPUS - 1);
		last = dash ? number(state, "--cpu", dash + 1, first, MAX_CPUS - 1) : first;
		for (; first <= last && opt->ncpus < MAX_CPUS; first++)
			opt->cpus[opt->ncpus++] = (int)first;
	}
	if (!opt->ncpus)
		argp_error(state, "--cpu: which CPUs? e.g. --cpu 2,4-7");
}

static const char *const mode_names[] = {[SINK_ECHO] = "echo",
					 [SINK_DROP] = "drop",
					 [SINK_FORWARD] = "forward",
					 [SINK_CLIENT] = "client"};
static const char *const wait_names[] = {
	[WAIT_POLL] = "poll", [WAIT_SPIN] = "spin", [WAIT_BUSY_POLL] = "busy-poll"};

const char *options_mode_name(enum sink_mode mode)
{
	return mode_names[mode];
}

const char *options_wait_name(enum sink_wait wait)
{
	return wait_names[wait];
}

static void check_client(struct argp_state *state, const struct client_options *client)
{
	if (!client->from.ss_family || !client->to.ss_family || !client->has_to_mac)
		argp_error(state, "--mode client needs --from, --to and --to-mac");
	if (client->from.ss_family != client->to.ss_family)
		argp_error(state, "--from and --to are of different families");
}

static void check(struct argp_state *state, struct xsk_options *opt)
{
	if (opt->mode == SINK_CLIENT)
		check_client(state, &opt->client);

	if (!opt->iface)
		argp_error(state, "which interface? e.g. --iface eth0");
	if (opt->out && opt->mode != SINK_FORWARD)
		argp_error(state, "--out goes with --mode forward");
	if (opt->out && opt->iface && !strcmp(opt->out, opt->iface))
		argp_error(state, "--out is another interface; without it packets go back out");
	if (opt->require_zero_copy && opt->copy == XSK_COPY_FORCE)
		argp_error(state, "--copy and --require zero-copy exclude each other");
	if (opt->require_zero_copy)
		opt->copy = XSK_COPY_ZERO;
	if (opt->nice == NICE_UNSET)
		opt->nice = opt->wait == WAIT_POLL ? POLL_NICE : 0;
	if (!opt->frames)
		opt->frames = opt->ring * 4;
	/* A receive-buffer shortage is worth having for a test, a batch that can't be is not. */
	if (opt->frames < opt->batch)
		opt->batch = opt->frames > XSK_MAX_SEGMENTS ? opt->frames : XSK_MAX_SEGMENTS;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct xsk_options *opt = state->input;

	switch (key) {
	case 'i':
		opt->iface = arg;
		break;
	case 'q':
		opt->queue = strcmp(arg, "all")
				     ? (uint32_t)number(state, "--queue", arg, 0, TP_MAX_QUEUES - 1)
				     : ALL_QUEUES;
		break;
	case 'm':
		opt->mode = (enum sink_mode)choice(state, "--mode", arg, mode_names, SINK_MODES);
		break;
	case KEY_OUT:
		opt->out = arg;
		break;
	case KEY_POLL:
		opt->wait = WAIT_POLL;
		break;
	case KEY_SPIN:
		opt->wait = WAIT_SPIN;
		break;
	case KEY_BUSY_POLL:
		opt->wait = WAIT_BUSY_POLL;
		break;
	case KEY_CPU:
		cpu_list(state, opt, arg);
		break;
	case KEY_NICE:
		opt->nice = *arg == '-' ? -(int)number(state, "--nice", arg + 1, 0, 20)
					: (int)number(state, "--nice", arg, 0, 19);
		break;
	case KEY_ZERO_COPY:
		opt->copy = XSK_COPY_ZERO;
		break;
	case KEY_COPY:
		opt->copy = XSK_COPY_FORCE;
		break;
	case KEY_REQUIRE:
		if (strcmp(arg, "zero-copy") != 0)
			argp_error(state, "--require: '%s' is not zero-copy", arg);
		opt->require_zero_copy = true;
		break;
	case KEY_FRAMES:
		opt->frames = (uint32_t)number(state, "--frames", arg, MIN_FRAMES, MAX_FRAMES);
		break;
	case KEY_FRAME_SIZE:
		opt->frame_size = power_of_two(state, "--frame-size", arg, 2048, 4096);
		break;
	case KEY_RING:
		opt->ring = power_of_two(state, "--ring", arg, MIN_RING, MAX_RING);
		break;
	case KEY_BATCH:
		opt->batch =
			(uint32_t)number(state, "--batch", arg, XSK_MAX_SEGMENTS, XSK_BATCH_MAX);
		break;
	case 'I':
		opt->interval_s = seconds(state, "--interval", arg);
		break;
	case KEY_JSON:
		opt->json = true;
		break;
	case KEY_DURATION:
		opt->duration_s = seconds(state, "--duration", arg);
		break;
	case KEY_COUNT:
		opt->count = number(state, "--count", arg, 1, UINT64_MAX);
		break;
	case KEY_SANITIZE:
		opt->sanitize = true;
		break;
	case KEY_FROM:
		if (!address_parse(arg, &opt->client.from))
			argp_error(state, "--from: '%s' is not an address and port", arg);
		break;
	case KEY_TO:
		if (!address_parse(arg, &opt->client.to))
			argp_error(state, "--to: '%s' is not an address and port", arg);
		break;
	case KEY_TO_MAC:
		opt->client.has_to_mac = address_parse_mac(arg, opt->client.to_mac);
		if (!opt->client.has_to_mac)
			argp_error(state, "--to-mac: '%s' is not a MAC address", arg);
		break;
	case KEY_WINDOW:
		opt->client.window = (uint32_t)number(state, "--window", arg, 1, MAX_RING);
		break;
	case KEY_SIZE:
		opt->client.size =
			(uint32_t)number(state, "--size", arg, CLIENT_MIN_SIZE, MAX_SIZE);
		break;
	case 'v':
		opt->verbose = true;
		break;
	case ARGP_KEY_END:
		check(state, opt);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(struct xsk_options *opt, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "The AF_XDP sink: serves packets that the classifier of tripath steers to "
		       "the "
		       "sockets of an interface's receive queues.\v"
		       "Ctrl-C unbinds first; traffic then goes on over the kernel stack.  "
		       "See tp-xsk(8) and docs/path-b.md.",
	};

	*opt = (struct xsk_options){
		.queue = ALL_QUEUES,
		.ring = DEFAULT_RING,
		.batch = DEFAULT_BATCH,
		.interval_s = 1,
		.nice = NICE_UNSET,
		.client = {.window = DEFAULT_WINDOW, .size = DEFAULT_SIZE},
	};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, opt);
}
