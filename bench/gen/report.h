/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A run as JSON and as text, and whether it counts. */
#ifndef TRIPATH_BENCH_REPORT_H
#define TRIPATH_BENCH_REPORT_H

#include "bench/gen/load.h"
#include "bench/gen/options.h"

#define EXIT_INCONCLUSIVE 4 /* the generator could not offer what was asked for */

/*
 * The whole result (docs/man/tp-bench.8); new, or NULL.  @receipt and @probes (may be NULL) are taken over.
 * *@status: EXIT_OK, EXIT_FAILED where something was corrupt or nothing was answered, EXIT_INCONCLUSIVE.
 */
json_t *report_json(const struct run_options *o, const struct load *l,
		    const struct client_counts *counts, const struct cgroup *cgroup,
		    json_t *receipt, json_t *probes, int *status);
/* For people, from the same. */
void report_print(const json_t *report);

#endif
