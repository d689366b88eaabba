// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/bpf-replay.h"

#include <errno.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "loaders/lib/msg.h"
#include "skel/replay.skel.h"

static __u32 common_divisor(__u32 a, __u32 b)
{
	while (b) {
		__u32 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

__u32 bench_replay_step(__u32 flows)
{
	__u32 step = (__u32)((double)flows * 0.6180339887);

	while (step > 1 && common_divisor(flows, step) != 1)
		step--;
	return step ? step : 1;
}

int bench_replay_open(struct replay **out, const struct replay_config *config, int target_fd)
{
	struct replay *replay = replay__open();
	__u32 key = 0;
	int err;

	if (!replay)
		return -errno;
	memcpy(&replay->rodata->cfg, config, sizeof(*config));
	err = replay__load(replay);
	if (!err)
		err = bpf_map__update_elem(replay->maps.target, &key, sizeof(key), &target_fd,
					   sizeof(target_fd), 0);
	if (err) {
		msg_error("replay could not be put in front of a program: %s", strerror(-err));
		msg_show_libs();
		replay__destroy(replay);
		return err;
	}
	*out = replay;
	return 0;
}

int bench_replay_fd(const struct replay *replay)
{
	return bpf_program__fd(replay->progs.replay);
}

void bench_replay_close(struct replay *replay)
{
	replay__destroy(replay);
}

__u32 bench_replay_flow(const struct replay *replay)
{
	return replay->bss->flow_number;
}
