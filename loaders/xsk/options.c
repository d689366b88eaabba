// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/xsk/options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/version.h"
#include "loaders/xsk/address.h"
#include "loaders/xsk/values.h"
#include "types.h"

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
	KEY_END,
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

/* Options that say the same thing in different ways. */
static const struct {
	enum key a, b;
} exclusive[] = {
	{KEY_POLL, KEY_SPIN},      {KEY_POLL, KEY_BUSY_POLL}, {KEY_SPIN, KEY_BUSY_POLL},
	{KEY_COPY, KEY_ZERO_COPY}, {KEY_COPY, KEY_REQUIRE},
};

/* Options that only one mode has. */
static const struct {
	enum key key;
	enum sink_mode mode;
} of_mode[] = {
	{KEY_OUT, SINK_FORWARD},   {KEY_FROM, SINK_CLIENT},   {KEY_TO, SINK_CLIENT},
	{KEY_TO_MAC, SINK_CLIENT}, {KEY_WINDOW, SINK_CLIENT}, {KEY_SIZE, SINK_CLIENT},
};

struct parse {
	struct xsk_options *opt;
	bool given[KEY_END - KEY_OUT];
};

#define GIVEN(parse, key) ((parse)->given[(key)-KEY_OUT])
#define COUNT(array)      (sizeof(array) / sizeof((array)[0]))

static const char *name_of(enum key key)
{
	size_t i = 0;

	while (table[i].key != (int)key)
		i++;
	return table[i].name;
}

static void check_contradictions(struct argp_state *state, const struct parse *parse)
{
	size_t i;

	for (i = 0; i < COUNT(exclusive); i++)
		if (GIVEN(parse, exclusive[i].a) && GIVEN(parse, exclusive[i].b))
			argp_error(state, "--%s and --%s exclude each other",
				   name_of(exclusive[i].a), name_of(exclusive[i].b));
	for (i = 0; i < COUNT(of_mode); i++)
		if (GIVEN(parse, of_mode[i].key) && parse->opt->mode != of_mode[i].mode)
			argp_error(state, "--%s goes with --mode %s, not with --mode %s",
				   name_of(of_mode[i].key), mode_names[of_mode[i].mode],
				   mode_names[parse->opt->mode]);
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
	if (opt->out && opt->iface && !strcmp(opt->out, opt->iface))
		argp_error(state, "--out is another interface; without it packets go back out");
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

static error_t parse_key(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct xsk_options *opt = parse->opt;

	if (key >= KEY_OUT && key < KEY_END)
		GIVEN(parse, key) = true;
	switch (key) {
	case 'i':
		opt->iface = arg;
		break;
	case 'q':
		opt->queue = strcmp(arg, "all") ? (uint32_t)value_number(state, "--queue", arg, 0,
									 TP_MAX_QUEUES - 1)
						: ALL_QUEUES;
		break;
	case 'm':
		opt->mode =
			(enum sink_mode)value_choice(state, "--mode", arg, mode_names, SINK_MODES);
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
		opt->ncpus = value_cpus(state, arg, opt->cpus, MAX_CPUS);
		break;
	case KEY_NICE:
		opt->nice = *arg == '-' ? -(int)value_number(state, "--nice", arg + 1, 0, 20)
					: (int)value_number(state, "--nice", arg, 0, 19);
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
		opt->frames =
			(uint32_t)value_number(state, "--frames", arg, MIN_FRAMES, MAX_FRAMES);
		break;
	case KEY_FRAME_SIZE:
		opt->frame_size = value_power_of_two(state, "--frame-size", arg, 2048, 4096);
		break;
	case KEY_RING:
		opt->ring = value_power_of_two(state, "--ring", arg, MIN_RING, MAX_RING);
		break;
	case KEY_BATCH:
		opt->batch = (uint32_t)value_number(state, "--batch", arg, XSK_MAX_SEGMENTS,
						    XSK_BATCH_MAX);
		break;
	case 'I':
		opt->interval_s = value_seconds(state, "--interval", arg);
		break;
	case KEY_JSON:
		opt->json = true;
		break;
	case KEY_DURATION:
		opt->duration_s = value_seconds(state, "--duration", arg);
		if (!(opt->duration_s > 0))
			argp_error(
				state,
				"--duration: 0 is no time; without it tp-xsk runs until a signal");
		break;
	case KEY_COUNT:
		opt->count = value_number(state, "--count", arg, 1, UINT64_MAX);
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
		opt->client.window = (uint32_t)value_number(state, "--window", arg, 1, MAX_RING);
		break;
	case KEY_SIZE:
		opt->client.size =
			(uint32_t)value_number(state, "--size", arg, CLIENT_MIN_SIZE, MAX_SIZE);
		break;
	case 'v':
		opt->verbose = true;
		break;
	case ARGP_KEY_END:
		check_contradictions(state, parse);
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
		.parser = parse_key,
		.doc = "The AF_XDP sink: serves packets that the classifier of tripath steers to "
		       "the "
		       "sockets of an interface's receive queues.\v"
		       "Ctrl-C unbinds first; traffic then goes on over the kernel stack.  "
		       "See tp-xsk(8) and docs/path-b.md.",
	};

	struct parse parse = {.opt = opt};

	*opt = (struct xsk_options){
		.queue = ALL_QUEUES,
		.ring = DEFAULT_RING,
		.batch = DEFAULT_BATCH,
		.interval_s = 1,
		.nice = NICE_UNSET,
		.client = {.window = DEFAULT_WINDOW, .size = DEFAULT_SIZE},
	};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &parse);
}
