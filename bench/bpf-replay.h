/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The replay program in front of a target: another flow at every repeat. */
#ifndef TRIPATH_BENCH_BPF_REPLAY_H
#define TRIPATH_BENCH_BPF_REPLAY_H

#include <linux/types.h>

#include "bench/replay.h"

struct replay;

/* Close with replay__destroy(). */
int bench_replay_open(struct replay **out, const struct replay_config *config, int target_fd);
int bench_replay_fd(const struct replay *replay);
void bench_replay_close(struct replay *replay);
/* Number of the latest flow. */
__u32 bench_replay_flow(const struct replay *replay);

/* A step for @flows flows: near its golden section, so that neighbours in time are far apart. */
__u32 bench_replay_step(__u32 flows);

#endif
