/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The classifier as it is shipped, loaded and under a policy, for measuring. */
#ifndef TRIPATH_BENCH_BPF_CLASSIFIER_H
#define TRIPATH_BENCH_BPF_CLASSIFIER_H

#include <jansson.h>

#include "maps/stats.h"

struct classifier;

struct bench_classifier {
	struct classifier *skel;
	__u32 sets;               /* of the flow table */
	struct queue_stats start; /* at the latest bench_classifier_reset() */
};

/* Loads the classifier with one receive queue and puts the policy of @policy_file in force. */
int bench_classifier_open(struct bench_classifier *c, const char *policy_file);
void bench_classifier_close(struct bench_classifier *c);
int bench_classifier_fd(const struct bench_classifier *c);
struct bpf_object *bench_classifier_object(const struct bench_classifier *c);

/* Empties the flow table. */
int bench_classifier_reset(struct bench_classifier *c);

/*
 * Adds {case, packets, service_stack, inserted, evicted} since the latest reset to @checks, and
 * fails with -EBADMSG where a packet came to another end than its service, which has the path
 * `stack`.
 */
int bench_classifier_check(struct bench_classifier *c, const char *name, json_t *checks);

#endif
