// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * classifier: every frame that an interface receives, told apart by service and tenant and steered.
 *
 * In:    Ethernet, up to two VLAN tags, IPv4 and IPv6, TCP and UDP; all else passes, with its reason.
 * Out:   XDP_PASS, or XDP_REDIRECT to the AF_XDP socket of the receive queue or to another CPU.
 *        Nothing is dropped or modified here; a redirect that fails later is counted by drops.bpf.c.
 * Maps:  policy_gen, policy, tenant_prefixes (read); flows; queue_stats, service_stats,
 *        tenant_stats (counted); xsks, xsk_heartbeat, cpus (steered to).
 * Floor: Linux 5.15; 5.18 where frames exceed a page.
 * Cost:  results/bpf.json, by `make bench SUITE=bpf`.
 *
 * The packet's way, top to bottom: classifier() -> classify() -> parse() (lib/parse.bpf.h) ->
 * decide(), from the flow table or from the policy (lib/flow.bpf.h, lib/policy.bpf.h) -> steer() ->
 * count() (lib/count.bpf.h).  `explain` asks classify() the same question without leaving a trace.
 * docs/classifier.md is the specification.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "explain.h"
#include "state.h"
#include "stats.h"
#include "steer.h"

#include "count.bpf.h"
#include "parse.bpf.h"
#include "flow.bpf.h"
#include "policy.bpf.h"
#include "stamp.bpf.h"

const volatile struct classifier_config cfg;

/* What explain learns of the flow on the way; zero where the table does not hold it. */
struct trace {
	__u64 packets;
	__u64 bytes;
	__u32 seen;
	bool cached;
};

/* --- decide: service, tenant, class and path of a flow --- */

static __always_inline void flow_count(struct flow *flow, __u32 len, __u32 now)
{
	if (cfg.atomic_counters) {
		__sync_fetch_and_add(&flow->packets, 1);
		__sync_fetch_and_add(&flow->bytes, len);
	} else {
		flow->packets++;
		flow->bytes += len;
	}
	if (flow->packets >= TP_FLOW_PACKETS_MAX) {
		flow->packets /= 2;
		flow->bytes /= 2;
	}
	flow->seen = now;
}

/* One packet's question to the flow table, in memory for the rare path; the common one has registers. */
struct question {
	struct flow_key key;
	__u64 gen_word;
	__u32 hash;
	__u32 len;
	__u32 queue;
};

/* Not found, or found under an older policy: decide from it, and keep that if the set is free. */
static __always_inline __u64 decide_anew(struct flow_set *set, const struct question *q)
{
	__u64 decision = policy_decide(q->gen_word, &q->key);
	struct queue_stats *row = queue_row(q->queue);
	__u32 now = bpf_jiffies64(), way = 0;

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

/*
 * Everything but a hit in the flow's first way.  @live says again that there is no @trace: the verifier
 * follows both sides of a test of a stack pointer, and of a constant only one.
 */
static __noinline __u64 decide_rest(struct flow_set *set, const struct question *q,
				    struct trace *trace, bool live)
{
	struct flow *flow;
	__u64 decision;
	bool valid;

	flow = flow_lookup(set, &q->key, q->hash, &decision);
	valid = flow && TP_DECISION_GEN(decision) == TP_GEN_GENERATION(q->gen_word);
	if (!live) {
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

static __always_inline __u64 decide(const struct packet *pkt, __u32 hash, __u64 gen_word,
				    __u32 queue, struct trace *trace)
{
	__u32 index = flow_set_index(hash, cfg.flow_set_mask);
	struct flow_set *set = bpf_map_lookup_elem(&flows, &index);
	struct flow *first;
	__u64 decision;

	if (!set)
		return 0;
	first = &set->way[flow_first_way(hash)];
	if (trace || unlikely(!flow_read(first, &pkt->key, &decision)) ||
	    unlikely(TP_DECISION_GEN(decision) != TP_GEN_GENERATION(gen_word))) {
		struct question q = {pkt->key, gen_word, hash, pkt->len, queue};

		return decide_rest(set, &q, trace, !trace);
	}
	flow_count(first, pkt->len, bpf_jiffies64());
	return decision;
}

/* --- steer: from the path that the policy wants to the one that is there --- */

static __always_inline enum tp_reason steer_xsk(struct xdp_md *ctx, const struct packet *pkt,
						struct outcome *out)
{
	__u32 queue = ctx->rx_queue_index;
	struct xsk_heartbeat *sink = bpf_map_lookup_elem(&xsk_heartbeat, &queue);
	__u64 beat = sink ? READ(sink->beat_ns) : 0;

	if (!beat)
		return TP_REASON_xsk_unbound;
	if ((__s64)(bpf_ktime_get_coarse_ns() - beat) > (__s64)cfg.stall_ns)
		return TP_REASON_xsk_stalled;
	if (pkt->meta & TP_META_TCP && !(READ(sink->flags) & TP_SINK_FORWARDS))
		return TP_REASON_xsk_not_forwarder;
	out->action = bpf_redirect_map(&xsks, queue, XDP_PASS);
	if (out->action != XDP_REDIRECT)
		return TP_REASON_xsk_unbound;
	if (cfg.stamp)
		stamp_arrival(ctx);
	return TP_REASON_xsk_redirected;
}

/* A flow always meets the same slot, so it is not reordered while the policy stays. */
static __always_inline enum tp_reason steer_cpu(__u32 hash, __u64 gen_word, struct outcome *out)
{
	const struct policy *pol = policy_of(gen_word);
	__u32 class = TP_DECISION_CLASS(out->decision);

	if (!pol || class >= TP_CLASSES)
		return TP_REASON_cpu_unavailable;
	out->cpu = pol->cpu_slot[class][policy_cpu_slot(hash)];
	if (out->cpu == TP_NO_CPU)
		return TP_REASON_cpu_unavailable;
	out->action = bpf_redirect_map(&cpus, out->cpu, XDP_PASS);
	return out->action == XDP_REDIRECT ? TP_REASON_cpu_redirected : TP_REASON_cpu_unavailable;
}

static __always_inline enum tp_reason steer(struct xdp_md *ctx, const struct packet *pkt,
					    __u32 hash, __u64 gen_word, struct outcome *out)
{
	if (TP_DECISION_SERVICE(out->decision) == TP_SERVICE_NONE)
		return TP_REASON_no_service;
	if (TP_DECISION_CLASS(out->decision) == TP_CLASS_CONTROL)
		return TP_REASON_control_service;
	switch (TP_DECISION_PATH(out->decision)) {
	case TP_PATH_AF_XDP:
		return steer_xsk(ctx, pkt, out);
	case TP_PATH_CPU:
		return steer_cpu(hash, gen_word, out);
	case TP_PATH_RDMA:
		return TP_REASON_rdma_counted;
	default:
		return TP_REASON_service_stack;
	}
}

/* --- count: one look at the configuration; the verifier removes the other branch --- */
static __always_inline void count(const struct packet *pkt, __u32 queue, const struct outcome *out)
{
	if (cfg.atomic_counters)
		count_frame(pkt, queue, out, true);
	else
		count_frame(pkt, queue, out, false);
}

static __always_inline bool is_known_control(enum tp_reason reason)
{
	return reason == TP_REASON_arp || reason == TP_REASON_icmp || reason == TP_REASON_icmpv6 ||
	       reason == TP_REASON_control_port;
}

static __always_inline enum tp_reason reason_of(struct xdp_md *ctx, struct packet *pkt, __u32 queue,
						__u64 gen_word, struct outcome *out,
						struct trace *trace)
{
	enum tp_reason odd;
	__u32 hash;

	if (unlikely(!gen_word))
		return TP_REASON_no_policy;
	if (TP_GEN_FLAGS(gen_word) & TP_GEN_TRUST_DSCP)
		pkt->dscp_mask = TP_META_DSCP_MASK;
	odd = parse(pkt);
	if (unlikely(odd != PARSED)) {
		out->has_service = is_known_control(odd);
		if (out->has_service)
			out->decision =
				TP_DECISION(TP_GEN_GENERATION(gen_word), TP_SERVICE_CONTROL,
					    TP_TENANT_DEFAULT, TP_CLASS_CONTROL, TP_PATH_STACK);
		return odd;
	}
	pkt->key.id = TP_FLOW_ID(pkt->sport, pkt->dport, pkt->meta);
	hash = flow_hash(&pkt->key, cfg.hash_key);
	out->decision = decide(pkt, hash, gen_word, queue, trace);
	if (!out->decision)
		return TP_REASON_no_policy;
	out->has_service = true;
	return steer(ctx, pkt, hash, gen_word, out);
}

static __always_inline void classify(struct xdp_md *ctx, struct packet *pkt, __u32 queue,
				     __u64 gen_word, struct outcome *out, struct trace *trace)
{
	pkt->pos = (const void *)(long)ctx->data;
	pkt->end = (const void *)(long)ctx->data_end;
	pkt->len = pkt->end - pkt->pos;
	if (cfg.frags)
		pkt->len = bpf_xdp_get_buff_len(ctx);
	out->action = XDP_PASS;
	out->reason = reason_of(ctx, pkt, queue, gen_word, out, trace);
	out->verdict = out->reason == TP_REASON_xsk_redirected   ? TP_VERDICT_XSK
		       : out->reason == TP_REASON_cpu_redirected ? TP_VERDICT_CPU
								 : TP_VERDICT_STACK;
}

static __always_inline __u64 generation_word(void)
{
	__u32 zero = 0;
	struct policy_gen *gen = bpf_map_lookup_elem(&policy_gen, &zero);

	return gen ? READ(gen->word) : 0;
}

SEC("xdp")
int classifier(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index, queues = cfg.queues;
	struct packet pkt = {};
	struct outcome out = {};

	if (queue > queues)
		queue = queues;
	classify(ctx, &pkt, queue, generation_word(), &out, NULL);
	count(&pkt, queue, &out);
	return out.action;
}

/* Never attached: run on a packet that was made for the question. */
SEC("xdp")
int explain(struct xdp_md *ctx)
{
	__u32 zero = 0, queue = ctx->rx_queue_index;
	struct explain_answer *answer = bpf_map_lookup_elem(&explain_answer, &zero);
	struct packet pkt = {};
	struct outcome out = {};
	struct trace trace = {};

	if (!answer)
		return XDP_ABORTED;
	classify(ctx, &pkt, queue, generation_word(), &out, &trace);

	answer->jiffies = bpf_jiffies64();
	answer->verdict = out.verdict;
	answer->reason = out.reason;
	answer->queue = queue;
	answer->cpu = out.cpu;
	answer->generation = TP_DECISION_GEN(out.decision);
	answer->tenant = TP_DECISION_TENANT(out.decision);
	answer->service = TP_DECISION_SERVICE(out.decision);
	answer->class_ = TP_DECISION_CLASS(out.decision);
	answer->path = TP_DECISION_PATH(out.decision);
	answer->cached = trace.cached;
	answer->fallback = out.has_service && answer->path == TP_PATH_AF_XDP &&
					   answer->service != TP_SERVICE_CONTROL
				   ? TP_REASON_xsk_unbound
				   : out.reason;
	answer->flow_packets = trace.packets;
	answer->flow_bytes = trace.bytes;
	answer->flow_seen = trace.seen;
	return out.action;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
