// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * redirect: the least that feeds an AF_XDP socket, to tell what the classifier in front of one costs.
 *
 * In:   every frame.
 * Out:  XDP_REDIRECT to the socket of the receive queue, XDP_PASS where there is none.
 * Maps: xsks, the one that tp-load pinned.
 * Floor: Linux 5.3.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "steer.h"

SEC("xdp")
int redirect(struct xdp_md *ctx)
{
	return bpf_redirect_map(&xsks, ctx->rx_queue_index, XDP_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
