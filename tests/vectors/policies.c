// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The policies that the vectors run under. */
#include <netinet/in.h>

#include "tests/vectors/vectors.h"

static void add_services(struct rules *rules)
{
	static const struct {
		const char *name;
		const char *local;
		__u8 protocol;
		__u8 class_;
		__u8 path;
		__u16 first;
		__u16 last;
		__u16 tenant;
	} rows[] = {
		{"planner", NULL, IPPROTO_TCP, TP_CLASS_RPC, TP_PATH_STACK, 8000, 8010,
		 TP_TENANT_BY_RULE},
		{"gateway", NULL, IPPROTO_UDP, TP_CLASS_RETRIEVAL, TP_PATH_AF_XDP, 9000, 9000,
		 TP_TENANT_BY_RULE},
		{"gateway-tcp", NULL, IPPROTO_TCP, TP_CLASS_RETRIEVAL, TP_PATH_AF_XDP, 9000, 9000,
		 TP_TENANT_BY_RULE},
		{"roce", NULL, IPPROTO_UDP, TP_CLASS_BULK, TP_PATH_RDMA, 4791, 4791,
		 TP_TENANT_BY_RULE},
		{"shard", "10.1.0.0/16", IPPROTO_TCP, TP_CLASS_BULK, TP_PATH_STACK, 7000, 7000,
		 TENANT_BETA},
		{"shard-v6", "2001:db8:1::/48", IPPROTO_TCP, TP_CLASS_RPC, TP_PATH_STACK, 7000,
		 7000, TP_TENANT_BY_RULE},
		{"shard-xsk", "10.2.0.0/16", IPPROTO_TCP, TP_CLASS_RETRIEVAL, TP_PATH_AF_XDP, 7000,
		 7000, TP_TENANT_BY_RULE},
		{"cpu-held", NULL, IPPROTO_UDP, TP_CLASS_RPC, TP_PATH_CPU, 5000, 5000,
		 TP_TENANT_BY_RULE},
		{"cpu-none", NULL, IPPROTO_UDP, TP_CLASS_RETRIEVAL, TP_PATH_CPU, 5001, 5001,
		 TP_TENANT_BY_RULE},
		{"cpu-absent", NULL, IPPROTO_UDP, TP_CLASS_BULK, TP_PATH_CPU, 5002, 5002,
		 TP_TENANT_BY_RULE},
		{"metrics", NULL, IPPROTO_TCP, TP_CLASS_CONTROL, TP_PATH_STACK, 6000, 6001,
		 TP_TENANT_BY_RULE},
		{"low", NULL, IPPROTO_UDP, TP_CLASS_RPC, TP_PATH_STACK, 0, 3, TP_TENANT_BY_RULE},
		{"high", NULL, IPPROTO_UDP, TP_CLASS_RPC, TP_PATH_STACK, 65530, 65535,
		 TP_TENANT_BY_RULE},
		{"any-v4", "0.0.0.0/0", IPPROTO_UDP, TP_CLASS_RPC, TP_PATH_STACK, 9100, 9100,
		 TP_TENANT_BY_RULE},
		{"any-v6", "::/0", IPPROTO_UDP, TP_CLASS_RPC, TP_PATH_STACK, 9100, 9100,
		 TP_TENANT_BY_RULE},
		{"host", "10.1.2.3/32", IPPROTO_TCP, TP_CLASS_RPC, TP_PATH_STACK, 7100, 7100,
		 TP_TENANT_BY_RULE},
		{"host-v6", "2001:db8::5/128", IPPROTO_TCP, TP_CLASS_RPC, TP_PATH_STACK, 7100, 7100,
		 TP_TENANT_BY_RULE},
		{"odd-v6", "2001:db8:7:8000::/67", IPPROTO_TCP, TP_CLASS_RPC, TP_PATH_STACK, 7100,
		 7100, TP_TENANT_BY_RULE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		rules_add_service(rules, rows[i].name, rows[i].protocol, rows[i].first,
				  rows[i].last, rows[i].class_, rows[i].path, rows[i].tenant,
				  rows[i].local);
}

static void add_tenants(struct rules *rules)
{
	static const struct {
		const char *prefix;
		__u8 kind;
		__u16 tenant;
	} rows[] = {
		{"192.0.2.0/24", TP_PREFIX_PEER, TENANT_ALPHA},
		{"192.0.2.128/25", TP_PREFIX_PEER, TENANT_BETA},
		{"10.1.0.0/16", TP_PREFIX_LOCAL, TENANT_GAMMA},
		{"10.1.2.0/24", TP_PREFIX_LOCAL, TENANT_DELTA},
		{"10.1.2.3/32", TP_PREFIX_LOCAL, TENANT_HOST},
		{"2001:db8:a::/48", TP_PREFIX_PEER, TENANT_ALPHA},
		{"2001:db8:a:b::/64", TP_PREFIX_PEER, TENANT_BETA},
		{"2001:db8:a:b::9/128", TP_PREFIX_PEER, TENANT_HOST},
		{"2001:db8:1::/48", TP_PREFIX_LOCAL, TENANT_GAMMA},
		{"2001:db8:1:2::/64", TP_PREFIX_LOCAL, TENANT_DELTA},
		{"::/0", TP_PREFIX_LOCAL, TENANT_V6},
		{"c000:200::/24", TP_PREFIX_PEER, TENANT_TRAP},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		rules_add_prefix(rules, rows[i].kind, rows[i].prefix, rows[i].tenant);
	rules_add_vlan(rules, 100, TENANT_VLAN);
	rules_add_vlan(rules, 4095, TENANT_VLAN2);
	rules_add_dscp(rules, 46, TENANT_DSCP);
	rules_add_dscp(rules, 63, TENANT_DSCP63);
	rules->tenants = VECTOR_TENANTS;
}

const struct rules *vectors_rules(enum vector_policy policy)
{
	static const __u32 trust[] = {
		[POLICY_TRUST_VLAN] = TP_GEN_TRUST_VLAN,
		[POLICY_TRUST_DSCP] = TP_GEN_TRUST_DSCP,
		[POLICY_TRUST_BOTH] = TP_GEN_TRUST_VLAN | TP_GEN_TRUST_DSCP,
	};
	static struct rules made[POLICY_NONE];
	struct rules *rules;

	if (policy >= POLICY_NONE)
		return NULL;
	rules = &made[policy];
	if (rules->tenants)
		return rules;
	rules->flags = trust[policy];
	rules->cpu[TP_CLASS_CONTROL] = TP_NO_CPU;
	rules->cpu[TP_CLASS_RPC] = 0;
	rules->cpu[TP_CLASS_RETRIEVAL] = TP_NO_CPU;
	rules->cpu[TP_CLASS_BULK] = 5; /* within the cpumap, and no entry of it */
	add_services(rules);
	add_tenants(rules);
	return rules;
}
