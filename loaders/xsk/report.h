/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the workers did: lines for people or JSON, one object a line, at start, at intervals and at the end. */
#ifndef TRIPATH_LOADERS_XSK_REPORT_H
#define TRIPATH_LOADERS_XSK_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "loaders/xsk/worker.h"

struct report_port;

struct report {
	const struct xsk_options *opt;
	const struct worker *workers;
	uint32_t n;
	uint64_t start_ns;
	uint64_t last_ns;
	struct report_port *last; /* as of last_ns, by worker and port */
	int error; /* -errno of a report that could not be written; none follows it */
};

int report_init(struct report *r, const struct xsk_options *opt, const struct worker *workers,
		uint32_t n);
void report_fini(struct report *r);

/* The sockets are bound and steered to. */
void report_ready(struct report *r);
void report_interval(struct report *r);
/* After the workers ended; says nothing after an error.  False if frames are unaccounted for. */
bool report_final(struct report *r);

double report_elapsed_s(const struct report *r);
uint64_t report_received(const struct report *r);

#endif
