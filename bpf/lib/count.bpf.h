/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The classifier's one exit: every frame is counted by queue and tenant, and by service where it
 * has one. */
#ifndef TRIPATH_BPF_COUNT_H
#define TRIPATH_BPF_COUNT_H

#include "flow.h"
#include "stats.h"
#include "parse.bpf.h"

/* What one packet's classification came to. */
struct outcome {
	enum tp_reason reason;
	enum tp_verdict verdict;
	int action; /* XDP_* */
	__u32 cpu;  /* of TP_VERDICT_CPU */
	__u64 decision;
	bool has_service; /* counted under the decision's service */
};

/* @atomic is a constant wherever this is inlined. */
static __always_inline void bump(__u64 *counter, __u64 by, bool atomic)
{
	if (atomic)
		__sync_fetch_and_add(counter, by);
	else
		*counter += by;
}

static __always_inline struct queue_stats *queue_row(__u32 queue)
{
	return bpf_map_lookup_elem(&queue_stats, &queue);
}

/* Bucket of each 64 bytes of frame length; the last is for all that is longer than 4,096. */
static const __u8 size_bucket[65] = {
	TP_SIZE_le_64,
	TP_SIZE_le_128,
	[2 ... 3] = TP_SIZE_le_256,
	[4 ... 7] = TP_SIZE_le_512,
	[8 ... 15] = TP_SIZE_le_1024,
	[16 ... 31] = TP_SIZE_le_2048,
	[32 ... 63] = TP_SIZE_le_4096,
	[64] = TP_SIZE_gt_4096,
};

static __always_inline void count_frame(const struct packet *pkt, __u32 queue,
					const struct outcome *out, bool atomic)
{
	__u32 service = queue * TP_MAX_SERVICES + TP_DECISION_SERVICE(out->decision);
	__u32 tenant = queue * TP_MAX_TENANTS + TP_DECISION_TENANT(out->decision);
	struct queue_stats *q = queue_row(queue);
	struct tenant_stats *t = bpf_map_lookup_elem(&tenant_stats, &tenant);
	__u32 size = (pkt->len - 1) >> 6;
	struct service_stats *s;
	__u32 bucket;

	/* The verifier does not see that a reason which came back from a function is in range. */
	if (!q || !t || out->reason >= TP_REASONS)
		return;
	bump(&q->packets, 1, atomic);
	bump(&q->bytes, pkt->len, atomic);
	bump((__u64 *)&q->verdicts + out->verdict, 1, atomic);
	bump((__u64 *)&q->reasons + out->reason, 1, atomic);
	bump(&t->packets, 1, atomic);
	bump(&t->bytes, pkt->len, atomic);

	if (!out->has_service)
		return;
	s = bpf_map_lookup_elem(&service_stats, &service);
	if (!s)
		return;
	bump(&s->packets, 1, atomic);
	bump(&s->bytes, pkt->len, atomic);
	bump((__u64 *)&s->verdicts + out->verdict, 1, atomic);
	bucket = size_bucket[size < 64 ? size : 64];
	bump((__u64 *)&s->sizes + (bucket & (TP_SIZE_BUCKETS - 1)), 1, atomic);
}

#endif
