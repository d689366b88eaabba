// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Live frames through a veth pair, each program attached natively in turn.  All of them pass what
 * they get; tc drops it at the first point behind XDP, alike for all, so that a round is frame,
 * program, socket buffer, drop.  Sender and receiver share the pinned CPU: veth's NAPI runs where
 * the frames were sent.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bpf-cases.h"
#include "bench/bpf-packet.h"
#include "bench/bpf-replay.h"
#include "loaders/lib/msg.h"
#include "skel/live.skel.h"

#define BATCH       64 /* frames between two runs of NAPI; veth's ring holds 256 */
#define WARM_FRAMES (64 * BATCH)
#define SIDES       4

struct veth {
	struct live *live;
	struct bench_packet packet;
	int receive; /* ifindex */
	struct bpf_tc_hook hook;
};

static int send_frames(const struct veth *veth, __u32 frames)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = veth->packet.bytes,
		    .data_size_in = veth->packet.len, .repeat = (int)frames,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);

	return bpf_prog_test_run_opts(bpf_program__fd(veth->live->progs.live_send), &opts) ? -errno
											   : 0;
}

/* Attaches @side, sends a round, and records what arrived: Mpps, and the share that was lost. */
static int one_round(struct veth *veth, const struct bench_side *side, json_t *record)
{
	__u64 frames, start, ns;
	int err;

	err = bpf_xdp_attach(veth->receive, side->prog_fd, XDP_FLAGS_DRV_MODE, NULL);
	if (err)
		return err;
	err = send_frames(veth, WARM_FRAMES);
	if (err)
		return err;
	frames = veth->live->bss->frames;
	start = bench_clock(CLOCK_MONOTONIC);
	err = send_frames(veth, side->repeat);
	if (err)
		return err;
	ns = bench_clock(CLOCK_MONOTONIC) - start;
	frames = veth->live->bss->frames - frames;
	if (json_array_append_new(json_object_get(record, "mpps"),
				  json_real((double)frames * 1e3 / (double)ns)) ||
	    json_array_append_new(json_object_get(record, "lost_share"),
				  json_real(1 - (double)frames / side->repeat)))
		return -ENOMEM;
	return 0;
}

static int in_turn(struct bench *b, struct veth *veth, struct bench_side sides[SIDES])
{
	json_t *records = json_array();
	/* About 0.4 us a frame: the same number for all, so that all carry the same frames. */
	__u32 repeat = b->rounds.ms * 1000 * 3;
	int err = 0;

	msg_info("veth: %u rounds of %u frames, %d programs in turn", b->rounds.count, repeat,
		 SIDES);
	if (json_array_append_new(b->cases,
				  json_pack("{s:s, s:o}", "case", "veth", "sides", records)))
		return -ENOMEM;
	for (int i = 0; i < SIDES; i++) {
		sides[i].repeat = repeat;
		if (json_array_append_new(
			    records, json_pack("{s:s, s:I, s:[], s:[]}", "side", sides[i].name,
					       "repeat", (json_int_t)repeat, "mpps", "lost_share")))
			return -ENOMEM;
	}
	for (unsigned int round = 0; round < b->rounds.count && !err; round++) {
		for (unsigned int i = 0; i < SIDES && !err; i++) {
			unsigned int turn = (i + round) % SIDES;

			err = one_round(veth, &sides[turn], json_array_get(records, turn));
			if (err)
				msg_error("veth: %s: %s", sides[turn].name, strerror(-err));
		}
	}
	return err;
}

static int attach_sink(struct veth *veth)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(veth->live->progs.live_sink));
	int err;

	veth->hook = (struct bpf_tc_hook){
		.sz = sizeof(veth->hook),
		.ifindex = veth->receive,
		.attach_point = BPF_TC_INGRESS,
	};
	err = bpf_tc_hook_create(&veth->hook);
	if (err)
		return err;
	err = bpf_tc_attach(&veth->hook, &opts);
	if (err)
		bpf_tc_hook_destroy(&veth->hook);
	return err;
}

static void detach_sink(struct veth *veth)
{
	veth->hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&veth->hook);
}

static int load(struct bench *b, struct veth *veth, unsigned int send)
{
	veth->live = live__open();
	if (!veth->live)
		return -errno;
	veth->live->rodata->cfg.flows = b->flows;
	veth->live->rodata->cfg.step = bench_replay_step(b->flows);
	veth->live->rodata->cfg.ifindex = send;
	return live__load(veth->live);
}

int bench_case_veth(struct bench *b, const char *send, const char *receive)
{
	struct bench_side sides[SIDES] = {
		{.name = "floor", .prog_fd = b->pass_fd},
		{.name = "classifier", .prog_fd = bench_classifier_fd(&b->classifier)},
		{.name = "xdp-filter", .prog_fd = b->opponent.prog_fd},
		{.name = "classifier again", .prog_fd = bench_classifier_fd(&b->classifier)},
	};
	struct veth veth = {.receive = (int)if_nametoindex(receive)};
	unsigned int send_index = if_nametoindex(send);
	int err;

	if (!send_index || !veth.receive) {
		msg_error("%s and %s must both exist in this network namespace", send, receive);
		return -ENODEV;
	}
	bench_packet_make(&veth.packet, false, false, 0);
	err = load(b, &veth, send_index);
	if (err)
		goto destroy_live;
	err = bench_make_live(b, &veth.packet, false);
	if (err)
		goto destroy_live;
	err = attach_sink(&veth);
	if (err)
		goto destroy_live;
	err = in_turn(b, &veth, sides);
	bpf_xdp_detach(veth.receive, XDP_FLAGS_DRV_MODE, NULL);
	if (!err)
		err = bench_classifier_check(&b->classifier, "veth", b->checks);
	detach_sink(&veth);

destroy_live:
	if (err)
		msg_show_libs();
	live__destroy(veth.live);
	return err;
}
