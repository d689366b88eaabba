/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table's algorithm; its layout and locking rule stand in maps/flow.h.
 *
 * Ordering: a reader's two looks at the decision word must enclose its look at the key, and a
 * writer's stores to the key must fall between its two to the word.  x86 keeps loads among loads and
 * stores among stores, so only the compiler has to be held; elsewhere a value-returning atomic, which is
 * a full barrier in the BPF memory model, does it at a price.
 */
#ifndef TRIPATH_BPF_FLOW_H
#define TRIPATH_BPF_FLOW_H

#include "flow.h"

#define READ(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

static __always_inline void flow_fence(struct flow *flow)
{
#if defined(__TARGET_ARCH_x86)
	barrier();
#else
	__u64 word = __sync_fetch_and_or(&flow->decision, 0);

	asm volatile("" ::"r"(word)); /* an unused result would make it a plain, unordered one */
#endif
}

/*
 * Multilinear-HM (Lemire and Kaser, "Strongly universal string hashing is fast", 2014): each pair of
 * 32-bit characters is keyed, multiplied and summed modulo 2^64, so two flows rarely share a sum, and
 * who does not know the key cannot find two that do.  It is linear, and addresses come in rows, which
 * would stand in rows in the table too; the last two steps, which map sums one to one, break those up.
 */
static __always_inline __u32 flow_hash(const struct flow_key *key, bool ipv6,
				       const volatile __u64 k[TP_FLOW_HASH_KEYS])
{
	__u64 sum = (k[0] + (__u32)key->id) * (k[1] + (key->id >> 32));

	sum += (k[2] + (__u32)key->s0) * (k[3] + (__u32)key->d0);
	if (ipv6) {
		sum += (k[4] + (__u32)(key->s0 >> 32)) * (k[5] + (__u32)(key->d0 >> 32));
		sum += (k[6] + (__u32)key->s1) * (k[7] + (__u32)key->d1);
		sum += (k[8] + (__u32)(key->s1 >> 32)) * (k[9] + (__u32)(key->d1 >> 32));
	}
	sum ^= sum >> 32;
	sum *= 0x9e3779b97f4a7c15ULL;
	return sum >> 32;
}

/* The set takes up to 17 of the hash's low bits, the first way its three upper ones. */
static __always_inline __u32 flow_set_index(__u32 hash, __u32 set_mask)
{
	return hash & set_mask;
}

/* Where in its set a flow is looked for first, so that most hits are the first compare. */
static __always_inline __u32 flow_first_way(__u32 hash)
{
	return hash >> 29;
}

static __always_inline bool flow_key_ipv6(const struct flow_key *key)
{
	return key->id >> 32 & TP_META_IPV6;
}

/* @ipv6 is @key's family, a constant where the caller knows it. */
static __always_inline bool flow_key_equal(const struct flow_key *a, const struct flow_key *key,
					   bool ipv6)
{
	if ((a->id ^ key->id) | (a->s0 ^ key->s0) | (a->d0 ^ key->d0))
		return false;
	/* The family is in the id, so both are IPv4 or both IPv6. */
	return !ipv6 || !((a->s1 ^ key->s1) | (a->d1 ^ key->d1));
}

static __always_inline bool flow_is_empty(const struct flow *flow)
{
	return !TP_DECISION_GEN(flow->decision);
}

/*
 * Whether @flow is @key's, with its decision; no writer finished while it looked.  That none was writing
 * already is for the caller to see in the decision.
 */
static __always_inline bool flow_read(struct flow *flow, const struct flow_key *key, bool ipv6,
				      __u64 *decision)
{
	__u64 word = READ(flow->decision);

	flow_fence(flow);
	if (!flow_key_equal(&flow->key, key, ipv6))
		return false;
	flow_fence(flow);
	*decision = word;
	return (READ(flow->decision) ^ word) <= TP_FLOW_SET_LOCK;
}

/* The common case of a look-up: the flow is in its first way, decided under the policy in force. */
static __always_inline bool flow_hit(struct flow *first, const struct flow_key *key, bool ipv6,
				     __u32 generation, __u64 *decision)
{
	return flow_read(first, key, ipv6, decision) && TP_DECISION_IS_OF(*decision, generation);
}

static __always_inline bool flow_read_settled(struct flow *flow, const struct flow_key *key,
					      __u64 *decision)
{
	return flow_read(flow, key, flow_key_ipv6(key), decision) && !(*decision & TP_FLOW_WRITING);
}

/* The flow of @key and its decision, for readers; NULL where it is not there or just being written. */
static __always_inline struct flow *flow_lookup(struct flow_set *set, const struct flow_key *key,
						__u32 hash, __u64 *decision)
{
	struct flow *first = &set->way[flow_first_way(hash)];

	if (flow_read_settled(first, key, decision))
		return first;
#pragma unroll
	for (__u32 way = 0; way < TP_FLOW_WAYS; way++)
		if (set->way[way].key.id == key->id &&
		    flow_read_settled(&set->way[way], key, decision))
			return &set->way[way];
	return NULL;
}

/* The way that holds @key, or TP_FLOW_WAYS; for the writer, who holds the set. */
static __always_inline __u32 flow_find(const struct flow_set *set, const struct flow_key *key)
{
#pragma unroll
	for (__u32 way = 0; way < TP_FLOW_WAYS; way++)
		if (set->way[way].key.id == key->id &&
		    flow_key_equal(&set->way[way].key, key, flow_key_ipv6(key)) &&
		    !flow_is_empty(&set->way[way]))
			return way;
	return TP_FLOW_WAYS;
}

/* The way for a new flow: its first one or any other if empty, else the one seen longest ago. */
static __always_inline __u32 flow_victim(const struct flow_set *set, __u32 hash, __u32 now)
{
	__u32 victim = flow_first_way(hash), age = 0;

	if (flow_is_empty(&set->way[victim]))
		return victim;
#pragma unroll
	for (__u32 way = 0; way < TP_FLOW_WAYS; way++) {
		__u32 idle = now - set->way[way].seen, empty = flow_is_empty(&set->way[way]);

		/* Another CPU may be a tick ahead: seen just now. By arithmetic: branches cost the
		 * verifier twice as many states for each way. */
		barrier_var(idle);
		idle &= ~(__u32)((__s32)idle >> 31);
		/* An empty way is older than any other. */
		barrier_var(empty);
		idle |= -empty;
		if (idle > age) {
			age = idle;
			victim = way;
		}
	}
	return victim & (TP_FLOW_WAYS - 1);
}

enum flow_result {
	FLOW_CONTENDED, /* another CPU holds the set; nothing was changed */
	FLOW_REFRESHED,
	FLOW_INSERTED,
	FLOW_EVICTED, /* inserted in the place of another flow */
};

/* Makes @decision the flow's, and leaves the flow in *@way. Never waits. */
static __always_inline enum flow_result flow_store(struct flow_set *set, const struct flow_key *key,
						   __u32 hash, __u64 decision, __u32 now,
						   __u32 *way)
{
	struct flow *lock = &set->way[0], *flow;
	__u64 unlocked = READ(lock->decision), old;
	enum flow_result result = FLOW_REFRESHED;
	__u32 found;

	if (unlocked & TP_FLOW_SET_LOCK ||
	    __sync_val_compare_and_swap(&lock->decision, unlocked, unlocked | TP_FLOW_SET_LOCK) !=
		    unlocked)
		return FLOW_CONTENDED;

	/* Looked for again under the lock: the set may have changed since the reader missed. */
	found = flow_find(set, key);
	if (found == TP_FLOW_WAYS) {
		found = flow_victim(set, hash, now);
		result = flow_is_empty(&set->way[found]) ? FLOW_INSERTED : FLOW_EVICTED;
	}
	found &= TP_FLOW_WAYS - 1;
	flow = &set->way[found];
	old = READ(flow->decision);
	if (result != FLOW_REFRESHED) {
		WRITE(flow->decision, old | TP_FLOW_WRITING);
		flow_fence(flow);
		flow->key = *key;
		flow->packets = 0;
		flow->bytes = 0;
		flow->seen = now;
		flow_fence(flow);
	}
	/* In way 0 this is the unlock as well. */
	WRITE(flow->decision, decision | ((old + TP_FLOW_SEQ_ONE) & TP_FLOW_SEQ_MASK));
	if (found) {
		flow_fence(lock);
		WRITE(lock->decision, unlocked);
	}
	*way = found;
	return result;
}

#endif
