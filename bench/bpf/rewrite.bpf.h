/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Gives a packet the source of the next flow; BPF_PROG_RUN keeps the bytes from one repeat to the
 * next.
 */
#ifndef TRIPATH_BENCH_REWRITE_BPF_H
#define TRIPATH_BENCH_REWRITE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "../replay.h"

const volatile struct replay_config cfg;

/* Number of the latest flow; user space reads it to know which ones came last. */
__u32 flow_number;

/* Offsets into the frame: no VLAN tag, no option, no extension header. */
#define IPV4_ADDRESSES 26 /* source, destination: 4 bytes each */
#define IPV4_PORTS     34
#define IPV6_SOURCE    22
#define IPV6_PORTS     54
#define WORD           8

static __always_inline __u32 next_flow(void)
{
	__u32 flow = flow_number + (cfg.flows ? cfg.step : 1);

	if (cfg.flows && flow >= cfg.flows)
		flow -= cfg.flows;
	flow_number = flow;
	return flow;
}

/* Puts @value into the lower @bits of the word at @at. */
static __always_inline void patch(void *at, __u64 value, int bits)
{
	__u64 word = *(__u64 *)at;

	*(__u64 *)at = (word >> bits << bits) | value;
}

/*
 * Whole words are stored, because the target's loads come at once: from a wider store they are
 * forwarded, from a narrower one they would wait, which no frame of a NIC makes them do.  Neither
 * checksum is mended: no program that is measured looks at one.
 */
static __always_inline bool rewrite(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 flow = next_flow();

	if (cfg.ipv6) {
		if (data + IPV6_PORTS + WORD > end)
			return false;
		*(__u64 *)(data + IPV6_SOURCE) = bpf_cpu_to_be64(REPLAY_IPV6_HIGH(flow));
		*(__u64 *)(data + IPV6_SOURCE + WORD) = bpf_cpu_to_be64(REPLAY_IPV6_LOW(flow));
		patch(data + IPV6_PORTS, bpf_htons(REPLAY_PORT(flow)), 16);
	} else {
		if (data + IPV4_PORTS + WORD > end)
			return false;
		patch(data + IPV4_ADDRESSES, bpf_htonl(REPLAY_IPV4(flow)), 32);
		patch(data + IPV4_PORTS, bpf_htons(REPLAY_PORT(flow)), 16);
	}
	return true;
}

#endif
