// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * replay: another flow at every repeat of BPF_PROG_RUN, in front of any XDP program.
 *
 * In:   one packet, made by tp-bpfbench.
 * Out:  what the program in `target` answers; XDP_ABORTED where there is none.
 * Maps: target (the program that is measured, unmodified, reached by a direct tail call).
 * Floor: Linux 5.10.
 *
 * The same replay in front of an empty program is the floor that is taken off.
 */
#include "rewrite.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

SEC("xdp")
int replay(struct xdp_md *ctx)
{
	if (rewrite(ctx))
		bpf_tail_call_static(ctx, &target, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
