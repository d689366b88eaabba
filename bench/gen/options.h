/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command lines of `tp-bench serve` and `tp-bench run`. */
#ifndef TRIPATH_BENCH_OPTIONS_H
#define TRIPATH_BENCH_OPTIONS_H

#include <sched.h>

#include "bench/gen/hello.h"
#include "bench/gen/transport.h"
#include "bench/gen/workload.h"
#include "bench/gen/xsk_options.h"

struct serve_options {
	const struct transport_ops *ops;
	enum transport_wait wait;
	struct sockaddr_storage listen[HELLO_SERVERS];
	unsigned int nlisten;
	unsigned int workers; /* of each address */
	bool has_cpus;
	cpu_set_t cpus;
	double stall_at_s;
	unsigned int stall_ms;
	const char *interface;
	unsigned int queue;
	struct xsk_options xsk;
	bool json;
};

struct run_options {
	const struct transport_ops *ops;
	enum transport_wait wait;
	struct sockaddr_storage to[HELLO_SERVERS];
	unsigned int nto;
	struct workload workload;
	bool closed;
	int cpu; /* -1: any */
	double duration_s, warmup_s;
	unsigned int timeout_ms;
	unsigned int max_lag_us; /* of 99 in 100 steps, for a generator that keeps up */
	unsigned int probes;     /* a bit of each enum probe_kind */
	const char *interface;
	unsigned int queue;
	struct xsk_options xsk;
	bool delivery;
	bool json;
};

/* Both end the program at a wrong command line, with EXIT_USAGE. */
void serve_options_parse(struct serve_options *o, int argc, char **argv);
void run_options_parse(struct run_options *o, int argc, char **argv);

/* Values that both know.  They end the program where @arg is none. */
struct argp_state;
const struct transport_ops *option_transport(struct argp_state *state, const char *arg);
void option_address(struct argp_state *state, const char *arg, struct sockaddr_storage *list,
		    unsigned int *n);
double option_number(struct argp_state *state, const char *what, const char *arg, double min,
		     double max);
/* The same, and no fraction. */
double option_whole(struct argp_state *state, const char *what, const char *arg, double min,
		    double max);

#endif
