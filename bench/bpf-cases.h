/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The cases of suite `bpf`: each adds what it measured to `cases` and what it checked to `checks`.
 */
#ifndef TRIPATH_BENCH_BPF_CASES_H
#define TRIPATH_BENCH_BPF_CASES_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/bpf-classifier.h"
#include "bench/bpf-opponent.h"
#include "bench/bpf-time.h"

struct bench {
	struct bench_classifier classifier;
	struct bench_opponent opponent;
	int pass_fd; /* the empty program */
	struct bench_rounds rounds;
	__u32 flows;    /* live ones */
	__u32 rotating; /* flows of the insert case whose retention is checked */
	json_t *cases;
	json_t *checks;
	json_t *programs; /* receipts */
};

/* One packet, the same flow every time. */
int bench_case_hot(struct bench *b, const char *name, bool ipv6, bool tcp);
/* Every packet of another one of the live flows. */
int bench_case_shuffled(struct bench *b, const char *name, bool ipv6);
/* Every packet of a new flow: tables alone, and the classifier whole. */
int bench_case_insert(struct bench *b);
/* Frames into @send, one end of a veth pair, received by @receive, the other end. */
int bench_case_veth(struct bench *b, const char *send, const char *receive);

/* Adds what ran to @programs: name, id, tag, sizes, maps. */
int bench_receipt(json_t *programs, const char *name, int prog_fd);

/* Makes the @flows flows live in the classifier's table, and only those. */
int bench_make_live(struct bench *b, const struct bench_packet *packet, bool ipv6);

#endif
