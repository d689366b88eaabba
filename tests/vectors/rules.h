/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A policy as an operator thinks of it: plain lists.  The reference scans these lists; the BPF
 * programs get what rules_compile() makes of them, so a fault of the compiled form shows as a
 * disagreement.
 */
#ifndef TRIPATH_TESTS_VECTORS_RULES_H
#define TRIPATH_TESTS_VECTORS_RULES_H

#include <stdbool.h>

#include "policy.h"

struct rule_service {
	const char *name;
	__u8 protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	__u16 first;   /* local ports, both included */
	__u16 last;
	enum tp_class class_;
	enum tp_path path;
	__u16 tenant; /* or TP_TENANT_BY_RULE */
	__u8 family;  /* of the local prefix: 4, 6, or 0 for any address of both */
	__u8 addr[16];
	__u8 prefix_len;
};

struct rule_prefix {
	__u8 kind;   /* TP_PREFIX_PEER or TP_PREFIX_LOCAL */
	__u8 family; /* 4 or 6 */
	__u8 addr[16];
	__u8 prefix_len;
	__u16 tenant;
};

/* A VLAN id or a DSCP that a tenant claims. */
struct rule_mark {
	__u16 value;
	__u16 tenant;
};

/* Room of the lists of struct rules; the policy's own limits are far wider. */
#define RULES_SERVICES 64
#define RULES_PREFIXES 2048
#define RULES_MARKS    32

/*
 * services[i] has id TP_SERVICE_FIRST + i; services do not overlap, prefixes are unique, host
 * bits are 0.
 */
struct rules {
	__u32 flags; /* TP_GEN_TRUST_* */
	__u32 services;
	__u32 prefixes;
	__u32 vlans;
	__u32 dscps;
	__u32 tenants;         /* ids in use, the default tenant included */
	__u32 cpu[TP_CLASSES]; /* where the class's flows go on path cpu, or TP_NO_CPU */
	struct rule_service service[RULES_SERVICES];
	struct rule_prefix prefix[RULES_PREFIXES];
	struct rule_mark vlan[RULES_MARKS];
	struct rule_mark dscp[RULES_MARKS];
};

/* Adders end the test program, with a word, when @text is no address or a list is full. */
void rules_add_service(struct rules *rules, const char *name, __u8 protocol, __u16 first,
		       __u16 last, enum tp_class class_, enum tp_path path, __u16 tenant,
		       const char *local);
void rules_add_prefix(struct rules *rules, __u8 kind, const char *text, __u16 tenant);
void rules_add_vlan(struct rules *rules, __u16 vlan, __u16 tenant);
void rules_add_dscp(struct rules *rules, __u16 dscp, __u16 tenant);

/* Whether address @addr of @family lies in the prefix. */
bool rules_prefix_holds(__u8 prefix_family, const __u8 *prefix, __u8 prefix_len, __u8 family,
			const __u8 *addr);

/*
 * The compiled policy, generation 0; the caller frees it. The prefixes go through
 * rules_prefix().
 */
struct policy *rules_compile(const struct rules *rules);
void rules_prefix(const struct rule_prefix *rule, struct prefix_key *key,
		  struct prefix_tenant *value);

#endif
