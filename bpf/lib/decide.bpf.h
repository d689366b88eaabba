/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From frame to decision: service, tenant, class and path, from the flow table or, on a flow's first
 * packet, from the policy.
 *
 * Three ways through, and the first two are compiled for their family alone: plain IPv4, plain IPv6, and
 * everything else.  The plain ones keep a packet in registers as long as its flow stands in the first way
 * of its set; what is rarer works on memory, out of line.  Reads `cfg`, the program's configuration.
 */
#ifndef TRIPATH_BPF_DECIDE_H
#define TRIPATH_BPF_DECIDE_H

#include "count.bpf.h"
#include "flow.bpf.h"
#include "parse.bpf.h"
#include "policy.bpf.h"

/* One frame on its way: what every stage may ask. */
struct frame {
	struct xdp_md *ctx;
	__u64 gen_word;
	__u64 len; /* fragments of a multi-buffer frame included */
	__u32 queue;
};

/* What explain learns of the flow on the way; zero where the table does not hold it. */
struct trace {
	__u64 packets;
	__u64 bytes;
	__u32 seen;
	__u32 cached; /* whether the flow's own decision stands; without holes: see struct question */
};

static __always_inline void flow_count(struct flow *flow, __u64 len, __u32 now)
{
	if (cfg.atomic_counters) {
		__sync_fetch_and_add(&flow->packets, 1);
		__sync_fetch_and_add(&flow->bytes, len);
	} else {
		flow->packets++;
		flow->bytes += len;
	}
	/* Once a tick is often enough to look: between two, no link carries what is left to wrap. */
	if (unlikely(flow->seen != now)) {
		flow->seen = now;
		if (flow->packets >= TP_FLOW_PACKETS_MAX) {
			flow->packets /= 2;
			flow->bytes /= 2;
		}
	}
}

/*
 * One packet's question to the flow table, in memory for the rare path; the common one has registers.
 * Without holes: a function that is verified for itself takes no memory that was not written.
 */
struct question {
	struct flow_key key;
	__u64 gen_word;
	__u64 len;
	__u32 hash;
	__u32 queue;
};

_Static_assert(sizeof(struct question) == sizeof(struct flow_key) + 24, "no holes");

/* Not found, or found under an older policy: decide from it, and keep that if the set is free. */
static __always_inline __u64 decide_anew(struct flow_set *set, const struct question *q)
{
	__u64 decision = policy_decide(q->gen_word, &q->key);
	__u32 now = bpf_jiffies64(), way = 0, queue = q->queue;
	struct queue_stats *row = queue_row(&queue, cfg.queues);

	if (!decision || !row)
		return decision;
	switch (flow_store(set, &q->key, q->hash, decision, now, &way)) {
	case FLOW_CONTENDED:
		bump(&row->flows.contended, 1, true);
		return decision;
	case FLOW_REFRESHED:
		bump(&row->flows.refreshed, 1, true);
		break;
	case FLOW_EVICTED:
		bump(&row->flows.evicted, 1, true);
		bump(&row->flows.inserted, 1, true);
		break;
	case FLOW_INSERTED:
		bump(&row->flows.inserted, 1, true);
		break;
	}
	flow_count(&set->way[way & (TP_FLOW_WAYS - 1)], q->len, now);
	return decision;
}

static __always_inline struct flow_set *flow_set_of(__u32 hash)
{
	__u32 index = flow_set_index(hash, cfg.flow_set_mask);

	return bpf_map_lookup_elem(&flows, &index);
}

/*
 * Everything but a hit in the flow's first way.  With a @trace it looks, tells, and changes nothing.
 *
 * Global, as is what else is rare: the verifier walks through a global function once, with arguments of
 * which it knows the type alone, and not again for every state that a caller comes with.
 */
__noinline __u64 decide_rest(const struct question *q, struct trace *trace)
{
	struct flow_set *set;
	struct flow *flow;
	__u64 decision;
	bool valid;

	if (!q)
		return 0;
	set = flow_set_of(q->hash);
	if (!set)
		return 0;
	flow = flow_lookup(set, &q->key, q->hash, &decision);
	valid = flow && TP_DECISION_GEN(decision) == TP_GEN_GENERATION(q->gen_word);
	if (trace) {
		if (flow && !flow_is_empty(flow)) {
			trace->packets = flow->packets;
			trace->bytes = flow->bytes;
			trace->seen = flow->seen;
		}
		trace->cached = valid;
		return valid ? decision : policy_decide(q->gen_word, &q->key);
	}
	if (!valid)
		return decide_anew(set, q);
	flow_count(flow, q->len, bpf_jiffies64());
	return decision;
}

/* A hit's decision; 0, and *@q filled, where the rare path has to look. */
static __always_inline __u64 decide_flow(const struct packet *pkt, bool ipv6, __u32 hash,
					 const struct frame *frame, struct question *q)
{
	struct flow_set *set = flow_set_of(hash);
	struct flow *first = set ? &set->way[flow_first_way(hash)] : NULL;
	__u64 decision;

	if (unlikely(!first || !flow_hit(first, &pkt->key, ipv6, TP_GEN_GENERATION(frame->gen_word),
					 &decision))) {
		*q = (struct question){pkt->key, frame->gen_word, frame->len, hash, frame->queue};
		return 0;
	}
	flow_count(first, frame->len, bpf_jiffies64());
	return decision;
}

static __always_inline struct packet packet_of(struct xdp_md *ctx, __u32 len, __u64 gen_word)
{
	return (struct packet){
		.pos = (const void *)(long)ctx->data,
		.end = (const void *)(long)ctx->data_end,
		.len = len,
		.dscp_mask = TP_GEN_DSCP_MASK(gen_word),
	};
}

/* False where the frame is not plain; see parse_plain(). */
static __always_inline bool decide_plain(const struct frame *frame, bool ipv6, struct outcome *out,
					 struct question *q)
{
	struct packet pkt = packet_of(frame->ctx, frame->len, frame->gen_word);

	if (!parse_plain(&pkt, ipv6))
		return false;
	out->meta = pkt.meta;
	out->hash = flow_hash(&pkt.key, ipv6, cfg.hash_key);
	out->decision = decide_flow(&pkt, ipv6, out->hash, frame, q);
	return true;
}

/* PARSED with the key and the hash of @q filled, or the reason for which there is nothing to decide. */
__noinline enum tp_reason parse_any(struct xdp_md *ctx, struct question *q)
{
	struct packet pkt;
	enum tp_reason odd;

	if (!q)
		return TP_REASON_no_policy;
	pkt = packet_of(ctx, q->len, q->gen_word);
	odd = parse(&pkt);
	if (odd != PARSED)
		return odd;
	q->key = pkt.key;
	q->hash = flow_hash(&pkt.key, flow_key_ipv6(&pkt.key), cfg.hash_key);
	return PARSED;
}

static __always_inline bool is_known_control(enum tp_reason reason)
{
	return reason == TP_REASON_arp || reason == TP_REASON_icmp || reason == TP_REASON_icmpv6 ||
	       reason == TP_REASON_control_port;
}

/* PARSED with @q filled, or the reason for which there is nothing to decide. */
static __always_inline enum tp_reason decide_any(const struct frame *frame, struct outcome *out,
						 struct question *q)
{
	enum tp_reason odd;

	*q = (struct question){
		.gen_word = frame->gen_word, .len = frame->len, .queue = frame->queue};
	odd = parse_any(frame->ctx, q);
	if (odd == PARSED) {
		out->meta = q->key.meta;
		out->hash = q->hash;
	} else if (is_known_control(odd)) {
		out->has_service = true;
		out->decision = TP_DECISION(TP_GEN_GENERATION(frame->gen_word), TP_SERVICE_CONTROL,
					    TP_TENANT_DEFAULT, TP_CLASS_CONTROL, TP_PATH_STACK);
	}
	return odd;
}

/* PARSED with out->decision, which is 0 where no policy is in force; else why there is none. */
static __always_inline enum tp_reason decide(const struct frame *frame, struct outcome *out,
					     struct trace *trace)
{
	struct question q;
	enum tp_reason odd;

	/* Speed is nothing to explain, and each way through is as many states more to verify. */
	if (trace ||
	    (!decide_plain(frame, false, out, &q) && !decide_plain(frame, true, out, &q))) {
		odd = decide_any(frame, out, &q);
		if (odd != PARSED)
			return odd;
	}
	if (unlikely(!out->decision))
		out->decision = decide_rest(&q, trace);
	return PARSED;
}

#endif
