/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of a result as JSON; each new, or NULL. */
#ifndef TRIPATH_BENCH_REPORT_PARTS_H
#define TRIPATH_BENCH_REPORT_PARTS_H

#include "bench/gen/load.h"

/* {"count", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns", "histogram_ns"} */
json_t *report_histogram(const struct histogram *h);
json_t *report_counts(const struct load_counts *c);
void report_add_counts(struct load_counts *sum, const struct load_counts *c);
/* {"client", "server", "system", "softirq_share"} between two moments. */
json_t *report_cpu(const struct load_moment *a, const struct load_moment *b, unsigned int servers,
		   const struct cgroup *cgroup);
/* Messages (requests and replies) and GB, by CPU time of both processes and of the whole system. */
json_t *report_per_cpu_second(const json_t *cpu, const struct load_counts *sum);

#endif
