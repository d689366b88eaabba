/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table: what was decided for a flow's first packet, kept for the ones that follow, and what
 * the flow has carried, so that its shape can be read off.
 *
 * Set-associative: a flow may stand in any of the TP_FLOW_WAYS ways of one set, and is one cache line,
 * so a hit touches one line and one page, whatever the family.  The set comes from a keyed hash; the
 * whole key decides.
 */
#ifndef TRIPATH_MAPS_FLOW_H
#define TRIPATH_MAPS_FLOW_H

#include "types.h"

#define TP_FLOW_WAYS         8
#define TP_FLOW_HASH_KEYS    10 /* 64-bit words of secret, one for each 32 bits of the key */
#define TP_FLOW_PACKETS_MAX  0xf0000000U
#define TP_FLOW_SETS_MIN     (1U << 7)
#define TP_FLOW_SETS_MAX     (1U << 17)
#define TP_FLOW_SETS_DEFAULT (1U << 14) /* 131,072 flows: 64 k live ones fill it by half */

/* Bits of flow_key.meta. VLAN ids are 0 where there is no tag. */
#define TP_META_TCP         (1U << 0)
#define TP_META_IPV6        (1U << 1)
#define TP_META_DSCP_SHIFT  2 /* 6 bits, as in the TOS byte; 0 unless the policy trusts DSCP */
#define TP_META_DSCP_MASK   0xfcU
#define TP_META_VLAN_SHIFT  8  /* 12 bits, outer tag */
#define TP_META_VLAN2_SHIFT 20 /* 12 bits, inner tag */

/*
 * Ports and addresses in network byte order, as they stand in the packet; s* is the peer (source),
 * d* the local end (destination).  An IPv4 address fills the low 32 bits of s0 or d0.  The program
 * only handles whole words: two halves stored and a word loaded would stall on store forwarding.
 */
struct flow_key {
	union {
		struct {
			__u16 sport;
			__u16 dport;
			__u32 meta;
		};
		__u64 id;
	};
	__u64 s0;
	__u64 d0;
	__u64 s1;
	__u64 d1;
};

/* One flow: one cache line. */
struct flow {
	struct flow_key key;
	__u64 decision; /* below; 0: the way is empty */
	__u64 bytes;
	__u32 packets; /* at TP_FLOW_PACKETS_MAX both are halved, so that their ratio stays */
	__u32 seen;    /* low 32 bits of jiffies64 of the latest packet */
};

struct flow_set {
	struct flow way[TP_FLOW_WAYS];
} __attribute__((aligned(TP_CACHE_LINE)));

/*
 * The decision word: what the policy of one generation makes of a flow, and the locks that keep it
 * together with its key.
 *
 * A writer takes the set by setting SET_LOCK in way 0, by compare-and-swap, and does not wait where
 * that is taken.  It sets WRITING in the way that it changes, and ends with a word whose sequence is
 * one on.  A reader takes a word, compares the key, and believes the word only if it was not WRITING and
 * is still the same but for SET_LOCK; else it decides from the policy.  Counters are outside of this.
 */
#define TP_FLOW_SET_LOCK (1ULL << 0)
#define TP_FLOW_SEQ_ONE  (1ULL << 1) /* 16 bits, modulo */
#define TP_FLOW_SEQ_MASK (0xffffULL << 1)
#define TP_FLOW_WRITING  (1ULL << 17) /* beside the generation, so that one compare looks at both */

#define TP_DECISION(gen, service, tenant, class_, path)                                            \
	((__u64)(gen) << 18 | (__u64)(service) << 42 | (__u64)((tenant)&0x3ff) << 50 |             \
	 (__u64)((class_)&3) << 60 | (__u64)((path)&3) << 62)
#define TP_DECISION_GEN(d) ((__u32)((d) >> 18 & TP_GENERATION_MAX))
/* Made under generation @gen, and not being written. */
#define TP_DECISION_IS_OF(d, gen)                                                                  \
	((__u32)((d) >> 17 & (2 * TP_GENERATION_MAX + 1)) == (__u32)(gen) << 1)
#define TP_DECISION_SERVICE(d) ((__u8)((d) >> 42))
#define TP_DECISION_TENANT(d)  ((__u16)((d) >> 50 & 0x3ff))
#define TP_DECISION_CLASS(d)   ((__u8)((d) >> 60 & 3))
#define TP_DECISION_PATH(d)    ((__u8)((d) >> 62))

/* flow_key.id of both ports, loaded as one word, and meta. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "flow_key.id is laid out for little-endian machines"
#endif
#define TP_FLOW_ID(ports, meta) ((__u64)(ports) | (__u64)(meta) << 32)

_Static_assert(sizeof(struct flow_key) == 40, "");
_Static_assert(sizeof(struct flow) == TP_CACHE_LINE, "a flow is one cache line");
_Static_assert(sizeof(struct flow_set) == TP_FLOW_WAYS * TP_CACHE_LINE, "a set is in one page");
_Static_assert(TP_MAX_TENANTS <= 1 << 10 && TP_MAX_SERVICES <= 1 << 8, "they fit the decision");
_Static_assert(TP_CLASSES <= 4 && TP_PATHS <= 4, "they fit the decision");

#ifdef __bpf__
/*
 * max_entries is set before load: the number of sets, a power of two.  Mmapable, because only then do
 * an array's values begin on a page: a plain one puts them behind its header, 56 bytes into a line.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TP_FLOW_SETS_MIN);
	__type(key, __u32);
	__type(value, struct flow_set);
} flows SEC(".maps");
#endif

#endif
