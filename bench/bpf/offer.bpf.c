// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * offer: both ends of the packet-rate measurement.
 *
 * In:   offer: frames of BPF_PROG_RUN with BPF_F_TEST_XDP_LIVE_FRAMES; arrivals: frames at tc ingress of
 *       the interface where a forwarder's output comes out.
 * Out:  offer redirects each frame, with the source port of the next flow, into a veth; arrivals
 *       counts and drops.
 * Maps: none but global data.
 * Floor: Linux 5.18 (live frames).
 *
 * Only the source port differs from flow to flow: the IPv4 header's checksum stays right, and the UDP
 * checksum is 0 (none), so the kernel's stack takes every frame too.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "../offer.h"

struct __sk_buff;

const volatile struct offer_config cfg;

__u32 flow;              /* of the latest frame: 0 to flows - 1 */
__u64 sent;              /* frames */
__u64 arrived;           /* frames, ... */
__u64 arrived_in_time;   /* ... up to the end of the latest batch that was sent */
__u64 first_ns, last_ns; /* CLOCK_MONOTONIC: the first frame, and the end of the latest batch */

#define UDP_HEADER  34 /* no VLAN tag, no option */
#define WORD        8
#define TC_ACT_SHOT 2

SEC("xdp")
int offer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 *udp = data + UDP_HEADER;
	__u32 next = flow + cfg.step;

	if (data + UDP_HEADER + WORD > end)
		return XDP_ABORTED;
	if (next >= cfg.flows)
		next -= cfg.flows;
	flow = next;
	/* Timed here, since starting and ending BPF_PROG_RUN takes many milliseconds. */
	if (!sent++)
		first_ns = bpf_ktime_get_ns();
	if (sent % OFFER_BATCH == 0) {
		last_ns = bpf_ktime_get_ns();
		arrived_in_time = arrived;
	}
	/* A whole word: a narrow store would make the receiver's wider load of it wait. */
	*udp = (*udp >> 16 << 16) | bpf_htons(OFFER_FIRST_PORT + next);
	return bpf_redirect(cfg.ifindex, 0);
}

SEC("tc")
int arrivals(struct __sk_buff *skb)
{
	/* They may come in on several CPUs. */
	__sync_fetch_and_add(&arrived, 1);
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
