// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/probe/options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/version.h"

#define PID_MAX (1U << 22) /* the kernel's PID_MAX_LIMIT */

const char *argp_program_version = "tp-probe " TP_VERSION;

enum key {
	KEY_JSON = 0x100,
	KEY_PER_CPU,
	KEY_WORKERS,
	KEY_IFACE,
};

static const struct argp_option table[] = {
	{"interval", 'i', "SECONDS", 0, "report every so often, and the totals at the end", 1},
	{"duration", 'd', "SECONDS", 0, "stop after this time", 1},
	{"json", KEY_JSON, NULL, 0, "report as JSON, one object a line", 1},
	{"per-cpu", KEY_PER_CPU, NULL, 0, "softirq: a histogram for each CPU", 1},
	{"pid", 'p', "PID", 0,
	 "softirq: only what runs in the context of this process; wakeup: only its tasks; "
	 "guardian: the process",
	 2},
	{"comm", 'c', "NAME,...", 0,
	 "wakeup: only tasks of these names; guardian: its name (guardiand)", 2},
	{"workers", KEY_WORKERS, "NAME,...", 0,
	 "guardian: whom it should not preempt (tp-xsk,tp-tcp,tp-rdma,tp-bench)", 2},
	{"iface", KEY_IFACE, "IFACE", 0,
	 "wakeup: whether tasks run on the CPU that polls this interface", 2},
	{"verbose", 'v', NULL, 0, "show what the libraries say", 3},
	{},
};

static double seconds(struct argp_state *state, const char *what, const char *arg)
{
	char *end;
	double value = strtod(arg, &end);

	if (end == arg || *end || !(value >= 0.01 && value < 1e9))
		argp_error(state, "%s: '%s' is not a number of seconds, from 0.01 on", what, arg);
	return value;
}

static uint32_t process(struct argp_state *state, const char *arg)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || !value || value > PID_MAX)
		argp_error(state, "--pid: '%s' is not a process id", arg);
	return (uint32_t)value;
}

/* Names as the kernel keeps them: at most 15 bytes, filled up with NUL. */
static uint32_t names(struct argp_state *state, const char *what, char *arg, struct tp_comm *out,
		      uint32_t max)
{
	char *item, *save = NULL;
	uint32_t n = 0;

	for (item = strtok_r(arg, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		if (n == max)
			argp_error(state, "%s: more than %u names", what, max);
		if (strlen(item) >= TP_COMM_LEN)
			argp_error(state,
				   "%s: '%s' is longer than the 15 bytes that the kernel keeps of "
				   "a name (see /proc/PID/comm)",
				   what, item);
		memset(&out[n], 0, sizeof(out[n]));
		memcpy(&out[n++], item, strlen(item));
	}
	if (!n)
		argp_error(state, "%s: which names? e.g. %s tp-xsk,tp-bench", what, what);
	return n;
}

static enum probe_kind kind_of(struct argp_state *state, const char *arg)
{
	enum probe_kind kind = probe_kind_find(arg, strlen(arg));

	if (kind == PROBE_KINDS)
		argp_error(state, "'%s' is not one of: " PROBE_KIND_NAMES, arg);
	return kind;
}

static void check(struct argp_state *state, struct probe_options *opt)
{
	static char guardian[] = "guardiand", workers[] = "tp-xsk,tp-tcp,tp-rdma,tp-bench";

	if (opt->kind == PROBE_KINDS)
		argp_error(state, "which probe? softirq, wakeup or guardian");
	if (opt->iface && opt->kind != PROBE_WAKEUP)
		argp_error(state, "--iface goes with wakeup");
	if (opt->workers && opt->kind != PROBE_GUARDIAN)
		argp_error(state, "--workers goes with guardian");
	if (opt->per_cpu && opt->kind != PROBE_SOFTIRQ)
		argp_error(state, "--per-cpu goes with softirq");
	if (opt->comms && opt->kind == PROBE_SOFTIRQ)
		argp_error(state, "--comm goes with wakeup and guardian; softirq takes --pid");
	if (opt->kind != PROBE_GUARDIAN)
		return;
	if (opt->comms > 1 || (opt->comms && opt->pid))
		argp_error(state, "the guardian is one process: one --comm, or --pid");
	if (!opt->comms)
		opt->comms = names(state, "--comm", guardian, opt->comm, 1);
	if (!opt->workers)
		opt->workers = names(state, "--workers", workers, opt->worker, TP_WORKER_NAMES);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct probe_options *opt = state->input;

	switch (key) {
	case 'i':
		opt->interval_s = seconds(state, "--interval", arg);
		break;
	case 'd':
		opt->duration_s = seconds(state, "--duration", arg);
		break;
	case KEY_JSON:
		opt->json = true;
		break;
	case KEY_PER_CPU:
		opt->per_cpu = true;
		break;
	case 'p':
		opt->pid = process(state, arg);
		break;
	case 'c':
		opt->comms = names(state, "--comm", arg, opt->comm, TP_WAKEUP_NAMES - 1);
		break;
	case KEY_WORKERS:
		opt->workers = names(state, "--workers", arg, opt->worker, TP_WORKER_NAMES);
		break;
	case KEY_IFACE:
		opt->iface = arg;
		break;
	case 'v':
		opt->verbose = true;
		break;
	case ARGP_KEY_ARG:
		if (opt->kind != PROBE_KINDS)
			argp_error(state, "one probe at a time: '%s' is one too many", arg);
		opt->kind = kind_of(state, arg);
		break;
	case ARGP_KEY_END:
		check(state, opt);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void probe_options_parse(struct probe_options *opt, int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "softirq|wakeup|guardian",
		.doc = "Measures in the kernel, as cheaply as it can: how long softirqs wait and "
		       "run; how long woken tasks wait for a CPU, and whether it is the right "
		       "one; how the guardian is scheduled and whom it preempts.\v"
		       "Runs until Ctrl-C or --duration, then prints the totals.  See tp-probe(8) "
		       "and docs/probes.md.",
	};

	*opt = (struct probe_options){.kind = PROBE_KINDS};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, opt);
}
