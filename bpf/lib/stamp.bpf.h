/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arrival stamp in a frame's XDP metadata, for whoever measures how long delivery takes. */
#ifndef TRIPATH_BPF_LIB_STAMP_H
#define TRIPATH_BPF_LIB_STAMP_H

#include "steer.h"

/*
 * After the redirect was granted, so that a frame for the stack never carries metadata.  A driver that has
 * no room for it, or does not know metadata, lets the frame go without.  Every pointer into the frame
 * is void afterwards.
 */
static __always_inline void stamp_arrival(struct xdp_md *ctx)
{
	struct xsk_stamp *stamp;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*stamp)))
		return;
	stamp = (void *)(long)ctx->data_meta;
	if ((void *)(stamp + 1) > (void *)(long)ctx->data)
		return;
	stamp->arrival_ns = bpf_ktime_get_ns();
	stamp->magic = TP_XSK_STAMP_MAGIC;
}

#endif
