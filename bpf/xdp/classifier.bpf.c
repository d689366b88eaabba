// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * classifier: every frame that an interface receives, told apart by service and tenant and steered.
 *
 * In:    Ethernet, up to two VLAN tags, IPv4 and IPv6, TCP and UDP; all else passes, with its reason.
 * Out:   XDP_PASS, or XDP_REDIRECT to the AF_XDP socket of the receive queue or to another CPU.
 *        Nothing is dropped or modified here; a redirect that fails later is counted by drops.bpf.c.
 * Maps:  policy_gen, policy, tenant_prefixes (read); flows; queue_stats, service_stats,
 *        tenant_stats (counted); xsks, xsk_heartbeat, cpus (steered to); explain_answer.
 * Floor: Linux 5.15; 5.18 where frames exceed a page.
 * Cost:  results/bpf.json, by `make bench SUITE=bpf`.
 *
 * The packet's way: classifier() -> classify() -> decide() (lib/decide.bpf.h: parse, then the flow table or
 * the policy; lib/parse.bpf.h, lib/flow.bpf.h, lib/policy.bpf.h) -> steer() -> count() (lib/count.bpf.h).
 * `explain` asks classify() the same question without leaving a trace.
 * docs/classifier.md is the specification.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "explain.h"
#include "state.h"
#include "stats.h"
#include "steer.h"

const volatile struct classifier_config cfg;

#include "decide.bpf.h" /* reads cfg */
#include "stamp.bpf.h"

/* --- steer: from the path that the policy wants to the one that is there --- */

/*
 * The coarse clock stands still between two ticks, and the call that reads it is dear: once a tick, then.
 * Jiffies move a moment before it, so for one tick it may be as old as the tick before.
 */
static __always_inline __u64 clock_ns(struct xsk_heartbeat *sink, bool live)
{
	__u64 tick = bpf_jiffies64(), clock = READ(sink->clock);

	if (unlikely(TP_CLOCK_TICK(clock) != TP_CLOCK_TICK(tick))) {
		clock = TP_CLOCK(tick, bpf_ktime_get_coarse_ns());
		if (live)
			WRITE(sink->clock, clock);
	}
	return TP_CLOCK_NS(clock);
}

static __always_inline enum tp_reason steer_xsk(struct xdp_md *ctx, struct outcome *out, bool live)
{
	__u32 queue = ctx->rx_queue_index;
	struct xsk_heartbeat *sink = bpf_map_lookup_elem(&xsk_heartbeat, &queue);
	__u64 beat = sink ? READ(sink->beat_ns) : 0;

	if (!beat)
		return TP_REASON_xsk_unbound;
	if ((__s64)(clock_ns(sink, live) - beat) > (__s64)cfg.stall_ns)
		return TP_REASON_xsk_stalled;
	if (out->meta & TP_META_TCP && !(READ(sink->flags) & TP_SINK_FORWARDS))
		return TP_REASON_xsk_not_forwarder;
	out->action = bpf_redirect_map(&xsks, queue, XDP_PASS);
	return out->action == XDP_REDIRECT ? TP_REASON_xsk_redirected : TP_REASON_xsk_unbound;
}

/* A flow always meets the same slot, so it is not reordered while the policy stays. */
static __always_inline enum tp_reason steer_cpu(__u64 gen_word, struct outcome *out)
{
	const struct policy *pol = policy_of(gen_word);
	__u32 class = TP_DECISION_CLASS(out->decision);

	if (!pol || class >= TP_CLASSES)
		return TP_REASON_cpu_unavailable;
	out->cpu = pol->cpu_slot[class][policy_cpu_slot(out->hash)];
	if (out->cpu == TP_NO_CPU)
		return TP_REASON_cpu_unavailable;
	out->action = bpf_redirect_map(&cpus, out->cpu, XDP_PASS);
	return out->action == XDP_REDIRECT ? TP_REASON_cpu_redirected : TP_REASON_cpu_unavailable;
}

/* @live is false for explain, which writes nothing. */
static __always_inline enum tp_reason steer(struct xdp_md *ctx, __u64 gen_word, struct outcome *out,
					    bool live)
{
	if (TP_DECISION_SERVICE(out->decision) == TP_SERVICE_NONE)
		return TP_REASON_no_service;
	if (TP_DECISION_CLASS(out->decision) == TP_CLASS_CONTROL)
		return TP_REASON_control_service;
	switch (TP_DECISION_PATH(out->decision)) {
	case TP_PATH_AF_XDP:
		return steer_xsk(ctx, out, live);
	case TP_PATH_CPU:
		return steer_cpu(gen_word, out);
	case TP_PATH_RDMA:
		return TP_REASON_rdma_counted;
	default:
		return TP_REASON_service_stack;
	}
}

/* --- count: one look at the configuration; the verifier removes the other branch --- */
static __always_inline void count(const struct frame *frame, const struct outcome *out)
{
	if (cfg.atomic_counters)
		count_frame(frame->len, frame->queue, cfg.queues, out, true);
	else
		count_frame(frame->len, frame->queue, cfg.queues, out, false);
}

static __always_inline enum tp_reason reason_of(const struct frame *frame, struct outcome *out,
						struct trace *trace)
{
	enum tp_reason odd;

	if (unlikely(!frame->gen_word))
		return TP_REASON_no_policy;
	odd = decide(frame, out, trace);
	if (unlikely(odd != PARSED))
		return odd;
	if (unlikely(!out->decision))
		return TP_REASON_no_policy;
	out->has_service = true;
	return steer(frame->ctx, frame->gen_word, out, !trace);
}

static __always_inline void classify(const struct frame *frame, struct outcome *out,
				     struct trace *trace)
{
	out->action = XDP_PASS;
	out->reason = reason_of(frame, out, trace);
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

static __always_inline struct frame frame_of(struct xdp_md *ctx)
{
	struct frame frame = {
		.ctx = ctx,
		.gen_word = generation_word(),
		.len = ctx->data_end - ctx->data,
		.queue = ctx->rx_queue_index,
	};

	if (cfg.frags)
		frame.len = bpf_xdp_get_buff_len(ctx);
	return frame;
}

SEC("xdp")
int classifier(struct xdp_md *ctx)
{
	struct frame frame = frame_of(ctx);
	struct outcome out = {};

	classify(&frame, &out, NULL);
	count(&frame, &out);
	if (out.verdict == TP_VERDICT_XSK && cfg.stamp)
		stamp_arrival(ctx);
	return out.action;
}

/* Never attached: run on a packet that was made for the question. */
SEC("xdp")
int explain(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct explain_answer *answer = bpf_map_lookup_elem(&explain_answer, &zero);
	struct frame frame = frame_of(ctx);
	struct outcome out = {};
	struct trace trace = {};

	if (!answer)
		return XDP_ABORTED;
	classify(&frame, &out, &trace);

	answer->jiffies = bpf_jiffies64();
	answer->verdict = out.verdict;
	answer->reason = out.reason;
	answer->queue = frame.queue;
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
