// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/client.h"
#include "bench/gen/options.h"
#include "loaders/lib/msg.h"
#include "loaders/probe/kind.h"

enum key {
	KEY_WORKLOAD = 0x100,
	KEY_SIZE,
	KEY_FANOUT,
	KEY_READS,
	KEY_ARRIVALS,
	KEY_VERIFY,
	KEY_SCALE,
	KEY_SEED,
	KEY_CLOSED,
	KEY_CPU,
	KEY_WARMUP,
	KEY_TIMEOUT,
	KEY_MAX_LAG,
	KEY_PROBE,
	KEY_INTERFACE,
	KEY_QUEUE,
	KEY_DELIVERY,
	KEY_JSON,
};

static const struct argp_option table[] = {
	{"transport", 't', "NAME", 0, "tcp, udp, uring, xsk", 1},
	{"to", 'T', "ADDR:PORT", 0, "a server; again for more", 1},
	{"class", 'c', "NAME", 0, "A (default), B, C or mix", 2},
	{"workload", KEY_WORKLOAD, "FILE", 0, "load that a file describes, instead of a class", 2},
	{"rate", 'r', "STEPS", 0, "steps a second", 2},
	{"size", KEY_SIZE, "BYTES[-BYTES]", 0, "of a message, header of 48 included", 2},
	{"fanout", KEY_FANOUT, "N[-N]", 0, "requests of a step", 2},
	{"reads", KEY_READS, "SHARE|echo", 0,
	 "requests whose reply carries the data; echo: both do", 2},
	{"arrivals", KEY_ARRIVALS, "HOW", 0, "poisson, uniform, onoff:ON_MS,OFF_MS or trace:FILE",
	 2},
	{"verify", KEY_VERIFY, NULL, 0, "checksums, checked by who receives the data", 2},
	{"scale", KEY_SCALE, "FACTOR", 0, "multiplies every rate (1)", 2},
	{"seed", KEY_SEED, "N", 0, "of all that is drawn (1)", 2},
	{"closed", KEY_CLOSED, NULL, 0, "closed loop: a step starts when another ends", 3},
	{"outstanding", 'n', "N", 0, "steps in flight of each class (1 closed; open: no limit)", 3},
	{"wait", 'w', "HOW", 0, "spin (default) or block", 4},
	{"cpu", KEY_CPU, "N", 0, "CPU to run on", 4},
	{"duration", 'd', "SECONDS", 0, "measured time (5)", 4},
	{"warmup", KEY_WARMUP, "SECONDS", 0, "time before it (0.5)", 4},
	{"timeout", KEY_TIMEOUT, "MS", 0, "a request without a reply for so long is lost (1000)",
	 4},
	{"max-lag", KEY_MAX_LAG, "US", 0,
	 "steps that start later than this were not offered in time (1000)", 4},
	{"probe", KEY_PROBE, "NAME[,NAME]", 0, "run tp-probe around the measurement", 5},
	{"interface", KEY_INTERFACE, "IFACE", 0, "xsk: where frames go out", 5},
	{"queue", KEY_QUEUE, "N", 0, "xsk: its queue (0)", 5},
	{"delivery", KEY_DELIVERY, NULL, 0,
	 "time from a message's arrival stamp to its being here (tcp, udp; xsk: tp-load attach "
	 "--stamp)",
	 5},
	{"json", KEY_JSON, NULL, 0, "the result as JSON", 5},
	{},
};

/* Given on the command line: it wins over the workload, which may come later. */
struct given {
	struct run_options *o;
	const char *class_, *workload, *arrivals;
	struct range size, fanout; /* max 0: not given */
	double rate, reads, scale; /* rate 0, reads NAN: not given */
	bool verify, scaled, has_seed, has_outstanding;
	uint64_t seed;
	uint32_t outstanding;
};

static struct range range(struct argp_state *state, const char *what, char *arg, double min,
			  double max)
{
	char *dash = strchr(arg, '-');
	struct range r;

	if (dash)
		*dash = '\0';
	r.min = (uint32_t)option_whole(state, what, arg, min, max);
	r.max = dash ? (uint32_t)option_whole(state, what, dash + 1, r.min, max) : r.min;
	return r;
}

/* "softirq,wakeup" */
static unsigned int probes(struct argp_state *state, const char *arg)
{
	unsigned int set = 0;
	size_t length;

	for (;; arg += length + 1) {
		enum probe_kind kind;

		length = strcspn(arg, ",");
		kind = probe_kind_find(arg, length);
		if (kind == PROBE_KINDS)
			argp_error(state, "--probe: '%.*s' is not one of: " PROBE_KIND_NAMES,
				   (int)length, arg);
		set |= 1U << kind;
		if (!arg[length])
			return set;
	}
}

/* The whole of @arg, within what a workload file may say. */
static bool onoff(const char *arg, struct traffic *t)
{
	int end = -1;

	return sscanf(arg, "onoff:%lf,%lf%n", &t->on_ms, &t->off_ms, &end) == 2 && !arg[end] &&
	       t->on_ms >= 0.01 && t->on_ms <= 1e6 && t->off_ms >= 0 && t->off_ms <= 1e6;
}

static void set_arrivals(struct argp_state *state, struct traffic *t, const char *arg)
{
	if (!strcmp(arg, "poisson")) {
		t->arrivals = ARRIVALS_POISSON;
	} else if (!strcmp(arg, "uniform")) {
		t->arrivals = ARRIVALS_UNIFORM;
	} else if (onoff(arg, t)) {
		t->arrivals = ARRIVALS_ONOFF;
	} else if (!strncmp(arg, "trace:", 6) && arg[6]) {
		t->arrivals = ARRIVALS_TRACE;
		free(t->trace);
		t->trace = strdup(arg + 6);
	} else {
		argp_error(state,
			   "--arrivals: '%s' is not poisson, uniform, onoff:ON_MS,OFF_MS (up to "
			   "1e6 each) or trace:FILE",
			   arg);
	}
}

/* The one class that options of a class can speak of. */
static void set_traffic(struct argp_state *state, const struct given *g, struct traffic *t)
{
	if (g->rate > 0)
		t->rate_per_s = g->rate;
	if (g->size.max)
		t->size = g->size;
	if (g->fanout.max)
		t->fanout = g->fanout;
	if (!isnan(g->reads))
		t->reads = g->reads;
	if (g->verify)
		t->verify = true;
	if (g->arrivals)
		set_arrivals(state, t, g->arrivals);
}

static void finish(struct argp_state *state, struct given *g)
{
	struct run_options *o = g->o;
	struct workload *w = &o->workload;
	bool of_class = g->rate > 0 || g->size.max || g->fanout.max || !isnan(g->reads) ||
			g->verify || g->arrivals;

	if (!o->ops || !o->nto)
		argp_error(state, "--transport and --to are needed");
	if (o->closed && (g->rate > 0 || g->arrivals || g->scaled))
		argp_error(state,
			   "--rate, --arrivals and --scale are of an open loop: with --closed a "
			   "step starts when another ends");
	if (o->ops && strcmp(o->ops->name, "xsk") != 0 &&
	    (o->interface || o->queue || xsk_options_given(&o->xsk)))
		argp_error(state,
			   "--interface, --queue, --local-port, --ring, --require and --busy-poll "
			   "go with --transport xsk");
	if (g->class_ && g->workload)
		argp_error(state, "--class and --workload exclude each other");
	if (g->workload) {
		if (workload_read(w, g->workload))
			exit(EXIT_USAGE);
	} else if (!workload_named(w, g->class_ ? g->class_ : "A")) {
		argp_error(state, "--class: '%s' is not one of: A, B, C, mix", g->class_);
	}
	if (of_class && w->n > 1)
		argp_error(state,
			   "rate, size, fanout, reads, arrivals and verify are of one class; this "
			   "load has %u: "
			   "use --scale, or a file with --workload",
			   w->n);
	if (of_class)
		set_traffic(state, g, &w->traffic[0]);
	if (g->has_seed)
		w->seed = g->seed;
	for (unsigned int i = 0; i < w->n; i++) {
		struct traffic *t = &w->traffic[i];

		t->rate_per_s *= g->scale;
		if (t->rate_per_s > WORKLOAD_MAX_RATE)
			argp_error(state, "--scale: class %s at %g steps a second; at most %g",
				   t->name, t->rate_per_s, WORKLOAD_MAX_RATE);
		if (g->has_outstanding)
			t->outstanding = g->outstanding;
		if (o->closed && !t->outstanding)
			t->outstanding = 1;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct given *g = state->input;
	struct run_options *o = g->o;

	switch (key) {
	case 't':
		o->ops = option_transport(state, arg);
		break;
	case 'T':
		option_address(state, arg, o->to, &o->nto);
		break;
	case 'c':
		g->class_ = arg;
		break;
	case KEY_WORKLOAD:
		g->workload = arg;
		break;
	case 'r':
		g->rate = option_number(state, "--rate", arg, 0.01, WORKLOAD_MAX_RATE);
		break;
	case KEY_SIZE:
		g->size = range(state, "--size", arg, WORKLOAD_MIN_SIZE, WIRE_MAX_MESSAGE);
		break;
	case KEY_FANOUT:
		g->fanout = range(state, "--fanout", arg, 1, WORKLOAD_MAX_FANOUT);
		break;
	case KEY_READS:
		g->reads = strcmp(arg, "echo") ? option_number(state, "--reads", arg, 0, 1)
					       : WORKLOAD_ECHO;
		break;
	case KEY_ARRIVALS:
		g->arrivals = arg;
		break;
	case KEY_VERIFY:
		g->verify = true;
		break;
	case KEY_SCALE:
		g->scale = option_number(state, "--scale", arg, 1e-6, 1e6);
		g->scaled = true;
		break;
	case KEY_SEED:
		g->seed = (uint64_t)option_whole(state, "--seed", arg, 0, 9e15);
		g->has_seed = true;
		break;
	case KEY_CLOSED:
		o->closed = true;
		break;
	case 'n':
		g->outstanding = (uint32_t)option_whole(state, "--outstanding", arg, 1,
							WORKLOAD_MAX_OUTSTANDING);
		g->has_outstanding = true;
		break;
	case 'w':
		if (strcmp(arg, "spin") != 0 && strcmp(arg, "block") != 0)
			argp_error(state, "--wait: '%s' is not one of: spin, block", arg);
		o->wait = *arg == 's' ? TRANSPORT_SPIN : TRANSPORT_BLOCK;
		break;
	case KEY_CPU:
		o->cpu = (int)option_whole(state, "--cpu", arg, 0, CPU_SETSIZE - 1);
		break;
	case 'd':
		o->duration_s = option_number(state, "--duration", arg, 0.01, 86400);
		break;
	case KEY_WARMUP:
		o->warmup_s = option_number(state, "--warmup", arg, 0, 3600);
		break;
	case KEY_TIMEOUT:
		o->timeout_ms = (unsigned int)option_whole(state, "--timeout", arg, 1, 600000);
		break;
	case KEY_MAX_LAG:
		o->max_lag_us = (unsigned int)option_whole(state, "--max-lag", arg, 1, 1e9);
		break;
	case KEY_PROBE:
		o->probes = probes(state, arg);
		break;
	case KEY_INTERFACE:
		o->interface = arg;
		break;
	case KEY_QUEUE:
		o->queue = (unsigned int)option_whole(state, "--queue", arg, 0, 4095);
		break;
	case KEY_DELIVERY:
		o->delivery = true;
		break;
	case KEY_JSON:
		o->json = true;
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->xsk;
		break;
	case ARGP_KEY_END:
		finish(state, g);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void run_options_parse(struct run_options *o, int argc, char **argv)
{
	static const struct argp_child children[] = {{&xsk_argp, 0, NULL, 0}, {}};
	static const struct argp argp = {
		.options = table,
		.children = children,
		.parser = parse,
		.doc = "Offers load to `tp-bench serve` and reports what became of it.\v"
		       "Open loop by default: steps start when the schedule says, and their time "
		       "counts from "
		       "then.  Exit status 4: inconclusive, the generator could not keep up.  See "
		       "tp-bench(8).",
	};
	struct given given = {.o = o, .reads = NAN, .scale = 1};

	*o = (struct run_options){
		.cpu = -1,
		.duration_s = 5,
		.warmup_s = 0.5,
		.timeout_ms = 1000,
		.max_lag_us = 1000,
	};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &given);
}
