/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Options of `tp-bench serve` and `tp-bench run` that are of the AF_XDP transport, or of arrival stamps. */
#ifndef TRIPATH_BENCH_XSK_OPTIONS_H
#define TRIPATH_BENCH_XSK_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "bench/gen/transport.h"

struct xsk_options {
	unsigned int local_port;
	unsigned int ring;
	bool require_zero_copy;
	bool busy_poll;
};

/* A child of both commands' argp; its input is a struct xsk_options. */
extern const struct argp xsk_argp;

/* Whether any of them was. */
bool xsk_options_given(const struct xsk_options *o);
void xsk_options_apply(const struct xsk_options *o, struct transport_config *config);

#endif
