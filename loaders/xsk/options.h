/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the command line of tp-xsk asks for. */
#ifndef TRIPATH_LOADERS_XSK_OPTIONS_H
#define TRIPATH_LOADERS_XSK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "loaders/lib/xsk.h"
#include "loaders/xsk/client.h"

enum sink_mode {
	SINK_ECHO,
	SINK_DROP,
	SINK_FORWARD,
	SINK_CLIENT,
	SINK_MODES,
};

enum sink_wait {
	WAIT_POLL,
	WAIT_SPIN,
	WAIT_BUSY_POLL,
};

#define ALL_QUEUES UINT32_MAX
#define MAX_CPUS   1024

struct xsk_options {
	const char *iface;
	const char *out; /* NULL: forward back out */
	uint32_t queue;  /* or ALL_QUEUES */
	enum sink_mode mode;
	enum sink_wait wait;
	enum xsk_copy copy;
	bool require_zero_copy;
	bool sanitize;
	bool json;
	bool verbose;
	uint32_t frames;
	uint32_t frame_size; /* 0: by MTU */
	uint32_t ring;
	uint32_t batch;
	double interval_s; /* 0: a report at the end only */
	double duration_s; /* 0: until a signal */
	uint64_t count;    /* stop after so many packets received, or requests; 0: don't */
	struct client_options client;
	int cpus[MAX_CPUS];
	uint32_t ncpus; /* 0: the CPUs that the process may use */
	int nice;       /* of the workers */
};

/* Exits with EXIT_USAGE, after saying why, where the command line is wrong. */
void options_parse(struct xsk_options *opt, int argc, char **argv);

const char *options_mode_name(enum sink_mode mode);
const char *options_wait_name(enum sink_wait wait);

#endif
