// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tp-bpfbench: what the classifier costs, beside an opponent and a floor, all in one process and in
 * turn. Prints raw values as JSON; bench/run makes a result of them.
 */
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <sodium.h>

#include "bench/bpf-cases.h"
#include "loaders/lib/msg.h"
#include "skel/pass.skel.h"

#define ROTATING_FLOWS (48U * 1024)

/* Parts that a case is run in, in turn with the others: a machine's slow minute is nobody's alone. */
#define PARTS 7U

struct options {
	const char *policy;
	const char *opponent;
	char *veth; /* SEND,RECEIVE */
	const char *only;
	struct bench_rounds rounds;
	__u32 flows;
	bool verbose;
};

enum {
	OPT_POLICY = 'p',
	OPT_FILTER = 'x',
	OPT_VETH = 'i',
	OPT_ROUNDS = 'r',
	OPT_ROUND_MS = 'm',
	OPT_FLOWS = 'f',
	OPT_CPU = 'c',
	OPT_ONLY = 'o',
	OPT_VERBOSE = 'v',
};

static const struct argp_option option_table[] = {
	{"policy", OPT_POLICY, "FILE", 0, "policy file to classify by", 0},
	{"xdp-filter", OPT_FILTER, "FILE", 0, "object of xdp-filter's full program", 0},
	{"veth", OPT_VETH, "SEND,RECEIVE", 0, "also run live frames over this pair", 0},
	{"rounds", OPT_ROUNDS, "N", 0, "rounds of each case (default 21)", 0},
	{"round-ms", OPT_ROUND_MS, "N", 0, "least length of a round of one program (default 50)",
	 0},
	{"flows", OPT_FLOWS, "N", 0, "live flows (default 20000)", 0},
	{"only", OPT_ONLY, "PREFIX", 0, "run only the cases whose names begin so, e.g. 'hot'", 0},
	{"cpu", OPT_CPU, "N", 0, "CPU to run on (default 1)", 0},
	{"verbose", OPT_VERBOSE, NULL, 0, "show what libbpf says", 0},
	{},
};

static error_t number(struct argp_state *state, const char *arg, long min, long max,
		      unsigned int *out)
{
	char *end;
	long value = strtol(arg, &end, 10);

	if (*end || end == arg || value < min || value > max) {
		argp_error(state, "'%s' is not a number from %ld to %ld", arg, min, max);
		return EINVAL;
	}
	*out = (unsigned int)value;
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_POLICY:
		o->policy = arg;
		return 0;
	case OPT_FILTER:
		o->opponent = arg;
		return 0;
	case OPT_VETH:
		o->veth = arg;
		return 0;
	case OPT_ROUNDS:
		return number(state, arg, 1, 1000, &o->rounds.count);
	case OPT_ROUND_MS:
		return number(state, arg, 1, 10000, &o->rounds.ms);
	case OPT_FLOWS:
		return number(state, arg, 1, 65536, &o->flows);
	case OPT_CPU:
		return number(state, arg, 0, CPU_SETSIZE - 1, &o->rounds.cpu);
	case OPT_ONLY:
		o->only = arg;
		return 0;
	case OPT_VERBOSE:
		o->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': there are no arguments, only options", arg);
		return EINVAL;
	case ARGP_KEY_END:
		if (!o->policy || !o->opponent)
			argp_error(state, "--policy and --xdp-filter are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int pin_to_cpu(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (!sched_setaffinity(0, sizeof(set), &set))
		return 0;
	msg_error("CPU %u is not there, or not for this process: choose another by --cpu", cpu);
	return -errno;
}

static int receipts(struct bench *b)
{
	int err = bench_receipt(b->programs, "classifier", bench_classifier_fd(&b->classifier));

	if (!err)
		err = bench_receipt(b->programs, "xdp-filter", b->opponent.prog_fd);
	return err ? err : bench_receipt(b->programs, "floor", b->pass_fd);
}

static int run_veth(struct bench *b, char *veth)
{
	const char *send, *receive;
	char *rest = NULL;

	send = strtok_r(veth, ",", &rest);
	receive = strtok_r(NULL, ",", &rest);
	if (!send || !receive) {
		msg_error("--veth wants two interface names with a comma between them");
		return -EINVAL;
	}
	return bench_case_veth(b, send, receive);
}

static bool wanted(const struct options *options, const char *name)
{
	return !options->only || !strncmp(name, options->only, strlen(options->only));
}

/* Part @part of all rounds of each case. */
static int run_part(struct bench *b, const struct options *options, unsigned int part)
{
	static const struct {
		const char *name;
		bool shuffled, ipv6, tcp;
	} cases[] = {
		{.name = "hot IPv4"},
		{.name = "hot IPv6", .ipv6 = true},
		{.name = "hot IPv4 TCP", .tcp = true},
		{.name = "shuffled IPv4", .shuffled = true},
		{.name = "shuffled IPv6", .shuffled = true, .ipv6 = true},
	};
	unsigned int all = options->rounds.count;
	int err = 0;

	b->rounds.first = part * all / PARTS;
	b->rounds.count = (part + 1) * all / PARTS - b->rounds.first;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && b->rounds.count && !err; i++) {
		if (!wanted(options, cases[i].name))
			continue;
		err = cases[i].shuffled
			      ? bench_case_shuffled(b, cases[i].name, cases[i].ipv6)
			      : bench_case_hot(b, cases[i].name, cases[i].ipv6, cases[i].tcp);
	}
	return err;
}

static int run_cases(struct bench *b, const struct options *options)
{
	int err = receipts(b);

	for (unsigned int part = 0; part < PARTS && !err; part++)
		err = run_part(b, options, part);
	b->rounds = options->rounds;
	if (!err && wanted(options, "insert"))
		err = bench_case_insert(b);
	if (!err && options->veth && wanted(options, "veth"))
		err = run_veth(b, options->veth);
	return err;
}

static int print(const struct bench *b)
{
	json_t *root = json_pack("{s:O, s:O, s:O}", "programs", b->programs, "cases", b->cases,
				 "checks", b->checks);
	int err;

	if (!root)
		return -ENOMEM;
	err = json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) ? -EIO : 0;
	json_decref(root);
	return err;
}

static int measure(struct bench *b, const struct options *options)
{
	/* The local ports of the services that bench/run's policy has. */
	static const __u16 ports[] = {7000, 7001, 7002, 7003, 7004, 7005, 7006, 7007,
				      8000, 8001, 8002, 8003, 8004, 8005, 8006, 8007};
	struct pass *pass;
	int err;

	err = pin_to_cpu(b->rounds.cpu);
	if (err)
		return err;
	err = bench_classifier_open(&b->classifier, options->policy);
	if (err)
		return err;
	err = bench_opponent_open(&b->opponent, options->opponent, ports,
				  sizeof(ports) / sizeof(ports[0]));
	if (err)
		goto close_classifier;
	pass = pass__open_and_load();
	if (!pass) {
		err = -errno;
		goto close_opponent;
	}
	b->pass_fd = bpf_program__fd(pass->progs.pass);
	err = run_cases(b, options);
	if (!err)
		err = print(b);
	pass__destroy(pass);
close_opponent:
	bench_opponent_close(&b->opponent);
close_classifier:
	bench_classifier_close(&b->classifier);
	return err;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Times the classifier with BPF_PROG_RUN against xdp-filter and against "
		       "nothing; "
		       "prints raw values as JSON.",
	};
	struct options options = {.rounds = {.count = 21, .ms = 50, .cpu = 1}, .flows = 20000};
	struct bench b = {.rotating = ROTATING_FLOWS};
	int err;

	err = argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (err)
		return EXIT_USAGE;
	msg_init("tp-bpfbench", options.verbose);
	if (sodium_init() < 0) {
		msg_error("libsodium found no source of random numbers");
		return EXIT_FAILED;
	}
	b.rounds = options.rounds;
	b.flows = options.flows;
	b.cases = json_array();
	b.checks = json_array();
	b.programs = json_array();
	err = measure(&b, &options);
	json_decref(b.programs);
	json_decref(b.checks);
	json_decref(b.cases);
	if (err) {
		msg_error("nothing was measured: %s", strerror(-err));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
