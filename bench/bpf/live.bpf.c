// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * live: both ends of the live-frame measurement.
 *
 * In:   live_send: frames of BPF_PROG_RUN with BPF_F_TEST_XDP_LIVE_FRAMES; live_sink: what the XDP
 *       program under test passed on, at tc ingress of the receiving veth.
 * Out:  live_send redirects each frame, as the next flow, into a veth; live_sink counts and drops,
 *       which is as early behind XDP_PASS as can be, and the same for every program under test.
 * Maps: none but global data.
 * Floor: Linux 5.18 (live frames).
 */
#include "rewrite.bpf.h"

struct __sk_buff;

__u64 frames; /* counted by the one CPU that the frames run on */

#define TC_ACT_SHOT 2

SEC("xdp")
int live_send(struct xdp_md *ctx)
{
	return rewrite(ctx) ? bpf_redirect(cfg.ifindex, 0) : XDP_ABORTED;
}

SEC("tc")
int live_sink(struct __sk_buff *skb)
{
	frames++;
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
