// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * nothing: passes every frame.  tp-load offers it to libxdp, away from any traffic, to learn whether this
 * kernel lets the dispatcher work; on the peer of a veth it is what XDP_TX and redirect back need there.
 *
 * Floor: Linux 4.8.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int nothing(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
