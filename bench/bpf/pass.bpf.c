// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* pass: what running any XDP program costs. Every frame is passed, nothing is read. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
