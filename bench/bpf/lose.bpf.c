// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Known losses, for trace/xdp_exceptions.bt: an error of the program's own, and a redirect to nowhere. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define NO_SUCH_INTERFACE 0x7fffffff

SEC("xdp")
int abort_all(struct xdp_md *ctx)
{
	return XDP_ABORTED;
}

SEC("xdp")
int misdirect_all(struct xdp_md *ctx)
{
	return bpf_redirect(NO_SUCH_INTERFACE, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
