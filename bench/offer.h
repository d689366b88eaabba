/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What bench/bpf/offer.bpf.c and tp-offer agree on. */
#ifndef TRIPATH_BENCH_OFFER_H
#define TRIPATH_BENCH_OFFER_H

/* Flow N has this source port plus N. */
#define OFFER_FIRST_PORT 2000U
#define OFFER_MAX_FLOWS  60000U

/* Frames between two runs of NAPI; veth's ring holds 256. */
#define OFFER_BATCH 64

struct offer_config {
	__u32 flows;   /* at least 1 */
	__u32 step;    /* at most flows; no common divisor with it: each flow comes once a cycle */
	__u32 ifindex; /* where the frames go */
};

#endif
