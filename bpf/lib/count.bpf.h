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
	__u32 hash; /* of the flow; with meta, set where there is a decision from the flow table or policy */
	__u32 meta;       /* TP_META_* */
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

/* The row of *@queue; of @last, which *@queue then is, for a queue that appeared after attach. */
static __always_inline struct queue_stats *queue_row(__u32 *queue, __u32 last)
{
	struct queue_stats *row = bpf_map_lookup_elem(&queue_stats, queue);

	if (unlikely(!row)) {
		*queue = last;
		row = bpf_map_lookup_elem(&queue_stats, queue);
	}
	return row;
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

static __always_inline void count_frame(__u64 len, __u32 queue, __u32 last_queue,
					const struct outcome *out, bool atomic)
{
	struct queue_stats *q = queue_row(&queue, last_queue);
	struct tenant_rows *tenants = bpf_map_lookup_elem(&tenant_stats, &queue);
	struct service_rows *services = bpf_map_lookup_elem(&service_stats, &queue);
	__u64 size = (len - 1) >> 6; /* in 64 bits: the verifier follows no truncated word */
	__u32 bucket;
	struct service_stats *s;
	struct tenant_stats *t;

	/* The verifier does not see that a reason which came back from a function is in range. */
	if (!q || !tenants || !services || out->reason >= TP_REASONS)
		return;
	t = &tenants->tenant[TP_DECISION_TENANT(out->decision)];
	bump(&q->packets, 1, atomic);
	bump(&q->bytes, len, atomic);
	bump((__u64 *)&q->verdicts + out->verdict, 1, atomic);
	bump((__u64 *)&q->reasons + out->reason, 1, atomic);
	bump(&t->packets, 1, atomic);
	bump(&t->bytes, len, atomic);

	if (!out->has_service)
		return;
	s = &services->service[TP_DECISION_SERVICE(out->decision)];
	bump(&s->packets, 1, atomic);
	bump(&s->bytes, len, atomic);
	bump((__u64 *)&s->verdicts + out->verdict, 1, atomic);
	bucket = size_bucket[size < 64 ? size : 64];
	bump((__u64 *)&s->sizes + (bucket & (TP_SIZE_BUCKETS - 1)), 1, atomic);
}

#endif
