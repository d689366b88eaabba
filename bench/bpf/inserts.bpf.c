// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * inserts: a flow that is not in the table is looked up, missed and inserted; in tripath's table,
 * in the kernel's LRU hash, and in none.
 *
 * In:   packets of replay, each of a new flow.
 * Out:  XDP_PASS; XDP_ABORTED where the packet could not be parsed or the table refused it.
 * Maps: flows (as the classifier's, of its own), lru (as many entries, the same key).
 * Floor: Linux 5.10.
 *
 * All three parse alike with the classifier's own parser and find a key and a hash; what differs is
 * the table.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "../replay.h"
#include "parse.bpf.h"
#include "flow.bpf.h"

const volatile __u64 hash_key[TP_FLOW_HASH_KEYS];
const volatile __u32 set_mask;

__u32 last_hash; /* keeps the floor's work from being optimised away */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TP_FLOW_SETS_DEFAULT *TP_FLOW_WAYS);
	__type(key, struct flow_key);
	__type(value, struct replay_value);
} lru SEC(".maps");

static __always_inline bool read_key(struct xdp_md *ctx, struct packet *pkt)
{
	pkt->pos = (void *)(long)ctx->data;
	pkt->end = (void *)(long)ctx->data_end;
	pkt->len = pkt->end - pkt->pos;
	return parse(pkt) == PARSED;
}

SEC("xdp")
int insert_floor(struct xdp_md *ctx)
{
	struct packet pkt = {};

	if (!read_key(ctx, &pkt))
		return XDP_ABORTED;
	last_hash = flow_hash(&pkt.key, flow_key_ipv6(&pkt.key), hash_key);
	return XDP_PASS;
}

SEC("xdp")
int insert_table(struct xdp_md *ctx)
{
	struct packet pkt = {};
	struct flow_set *set;
	__u32 hash, index, way = 0, now = bpf_jiffies64();
	__u64 decision;

	if (!read_key(ctx, &pkt))
		return XDP_ABORTED;
	hash = flow_hash(&pkt.key, flow_key_ipv6(&pkt.key), hash_key);
	index = flow_set_index(hash, set_mask);
	set = bpf_map_lookup_elem(&flows, &index);
	if (!set)
		return XDP_ABORTED;
	if (flow_lookup(set, &pkt.key, hash, &decision))
		return XDP_PASS;
	decision = TP_DECISION(1, hash & 0xff, 0, 0, 0);
	if (flow_store(set, &pkt.key, hash, decision, now, &way) == FLOW_CONTENDED)
		return XDP_ABORTED;
	set->way[way & (TP_FLOW_WAYS - 1)].packets = 1;
	set->way[way & (TP_FLOW_WAYS - 1)].bytes = pkt.len;
	return XDP_PASS;
}

SEC("xdp")
int insert_lru(struct xdp_md *ctx)
{
	struct packet pkt = {};
	struct replay_value value = {.packets = 1};

	if (!read_key(ctx, &pkt))
		return XDP_ABORTED;
	if (bpf_map_lookup_elem(&lru, &pkt.key))
		return XDP_PASS;
	value.bytes = pkt.len;
	return bpf_map_update_elem(&lru, &pkt.key, &value, BPF_ANY) ? XDP_ABORTED : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
