/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A compiled policy.  Each generation is a pair of new inner maps, filled, frozen and hung into a
 * free slot of two outer maps; then one word is written that every hook reads once a packet:
 *
 *	policy_gen[0].word -> slot -> policy[slot][0]		struct policy
 *			      slot -> tenant_prefixes[slot]	longest-prefix match -> tenant
 *
 * A packet therefore sees one whole policy.  A slot is used again only after a grace period.
 */
#ifndef TRIPATH_MAPS_POLICY_H
#define TRIPATH_MAPS_POLICY_H

#include "flow.h"

#define TP_POLICY_SLOTS   4
#define TP_PORT_GROUPS    256 /* group 0: no service on this port */
#define TP_GROUP_SERVICES 32  /* services that may share a port by different local prefixes */
#define TP_CPU_SLOTS      64  /* what a class's flows spread over, in proportion to weight */
#define TP_NO_CPU         0xffffffffU
#define TP_CONTROL_PORTS  32 /* of class control, besides ssh and BGP: a rule, no table's size */
#define TP_HASH_LEN       32 /* BLAKE2b-256 of the policy file's bytes */

/* The generation word: generation (never 0 while a policy is in force), slot, flags. */
#define TP_GEN_WORD(gen, slot, flags)                                                              \
	((__u64)(__u32)(gen) | (__u64)(slot) << 32 | (__u64)(flags) << 40)
#define TP_GEN_GENERATION(w) ((__u32)(w))
#define TP_GEN_SLOT(w)       ((__u8)((w) >> 32))
#define TP_GEN_FLAGS(w)      ((__u32)((w) >> 40))
#define TP_GEN_TRUST_VLAN    (1U << 0) /* tenants may be matched by VLAN tag */
/* Or by DSCP, which is then part of the flow key: the flag is the mask of it in the TOS byte. */
#define TP_GEN_TRUST_DSCP    TP_META_DSCP_MASK
#define TP_GEN_DSCP_MASK(w)  ((__u8)((w) >> 40) & TP_META_DSCP_MASK)

struct policy_gen {
	__u64 word;
};

/*
 * One service: protocol, local (destination) port range and local prefix.  Services of a policy
 * never overlap.  addr and mask hold the prefix as it stands in the packet (network order), IPv4 in
 * the low 32 bits of word 0; family 0 matches both families and then mask is all zero.
 */
struct policy_service {
	char name[TP_NAME_LEN];
	__u64 addr[2];
	__u64 mask[2];
	__u16 port_first; /* host byte order */
	__u16 port_last;
	__u16 tenant;    /* tenant id, or TP_TENANT_BY_RULE */
	__u8 protocol;   /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 family;     /* 0, 4 or 6 */
	__u8 prefix_len; /* of the local prefix, 0 where family is 0 */
	__u8 class_;     /* enum tp_class */
	__u8 path;       /* enum tp_path */
	__u8 pad[5];
};

/* Services behind one port, in no particular order: they never overlap. */
struct policy_group {
	__u8 count;
	__u8 service[TP_GROUP_SERVICES]; /* service ids */
};

/* Key and value of tenant_prefixes; prefix_len counts the kind's 32 bits too. */
#define TP_PREFIX_PEER      1U /* matches the source address */
#define TP_PREFIX_LOCAL     2U /* matches the destination address */
#define TP_PREFIX_IPV6      4U /* or-ed to the kind of an IPv6 prefix */
#define TP_PREFIX_KIND_BITS 32

struct prefix_key {
	__u32 prefix_len;
	__u8 kind[4];  /* kind[0] is TP_PREFIX_*, the rest 0 */
	__u8 addr[16]; /* network byte order; IPv4 in the first four bytes */
};

struct prefix_tenant {
	__u16 tenant;
	__u8 prefix_len; /* of the address alone, to find the longer of peer and local */
	__u8 pad;
};

/*
 * Value of the inner map of `policy`.  service[TP_SERVICE_NONE] is what unmatched traffic gets:
 * path stack, class bulk, tenant by rule; service[TP_SERVICE_CONTROL] is for counting only.
 */
struct policy {
	char name[TP_NAME_LEN];
	__u8 hash[TP_HASH_LEN];
	__u32 generation;
	__u32 flags;        /* TP_GEN_* */
	__u32 services;     /* ids in use: 0 .. services - 1, but for those without a name */
	__u32 tenants;      /* likewise 0 .. tenants - 1; 0 is the default tenant */
	__u32 prefixes;     /* entries of tenant_prefixes */
	__u8 has_prefix[8]; /* [kind]: 1 where tenant_prefixes holds such a prefix: saves look-ups
			     */
	__u32 cpu_qsize;    /* frames a cpumap entry queues */
	__u32 cpu_slot[TP_CLASSES][TP_CPU_SLOTS]; /* CPU number, or TP_NO_CPU */
	__u16 vlan_tenant[4096];                  /* tenant id, or TP_TENANT_BY_RULE: no rule */
	__u16 dscp_tenant[64];
	__u8 port_group[2]
		       [65536]; /* [0] UDP, [1] TCP; index: port in network byte order, as loaded */
	struct policy_group group[TP_PORT_GROUPS];
	struct policy_service service[TP_MAX_SERVICES];
	char tenant_name[TP_MAX_TENANTS][TP_NAME_LEN];
};

_Static_assert(sizeof(struct policy_service) == 80, "");
_Static_assert(sizeof(struct policy_group) == 33, "");
_Static_assert(sizeof(struct prefix_key) == 24, "");
_Static_assert(sizeof(struct prefix_tenant) == 4, "");

#ifdef __bpf__
/* Written by one store into the mapped page: the copy of a map update may be seen half done. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct policy_gen);
} policy_gen SEC(".maps");

struct policy_inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct policy);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, TP_POLICY_SLOTS);
	__type(key, __u32);
	__array(values, struct policy_inner);
} policy SEC(".maps");

struct tenant_prefixes_inner {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TP_MAX_PREFIXES);
	__type(key, struct prefix_key);
	__type(value, struct prefix_tenant);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, TP_POLICY_SLOTS);
	__type(key, __u32);
	__array(values, struct tenant_prefixes_inner);
} tenant_prefixes SEC(".maps");
#endif

#endif
