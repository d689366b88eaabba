/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TRIPATH_LOADERS_PROBE_OPTIONS_H
#define TRIPATH_LOADERS_PROBE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "loaders/probe/kind.h"
#include "maps/probe_guardian.h"
#include "maps/probe_wakeup.h"

struct probe_options {
	enum probe_kind kind;
	double interval_s; /* 0: only the totals at the end */
	double duration_s; /* 0: until a signal */
	bool json;
	bool per_cpu;
	bool verbose;
	uint32_t pid;      /* of a process; 0: not asked */
	const char *iface; /* NULL: not asked */
	struct tp_comm comm[TP_WAKEUP_NAMES - 1];
	uint32_t comms;
	struct tp_comm worker[TP_WORKER_NAMES];
	uint32_t workers;
};

/* Fills @opt, or says what is wrong and exits with EXIT_USAGE. */
void probe_options_parse(struct probe_options *opt, int argc, char **argv);

#endif
