// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From plain lists to the compiled policy of maps/policy.h. */
#include "tests/vectors/rules.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "address/length" in either family. */
static void parse_prefix(const char *text, __u8 *family, __u8 *addr, __u8 *prefix_len)
{
	char host[INET6_ADDRSTRLEN + 1];
	unsigned int length;
	int af;

	if (sscanf(text, "%46[^/]/%u", host, &length) != 2)
		errx(1, "rules: %s is not ADDRESS/LENGTH", text);
	af = strchr(host, ':') ? AF_INET6 : AF_INET;
	memset(addr, 0, 16);
	if (inet_pton(af, host, addr) != 1 || length > (af == AF_INET ? 32 : 128))
		errx(1, "rules: %s is not a prefix", text);
	*family = af == AF_INET ? 4 : 6;
	*prefix_len = (__u8)length;
}

void rules_add_service(struct rules *rules, const char *name, __u8 protocol, __u16 first,
		       __u16 last, enum tp_class class_, enum tp_path path, __u16 tenant,
		       const char *local)
{
	struct rule_service *service = &rules->service[rules->services];

	if (rules->services++ >= RULES_SERVICES)
		errx(1, "rules: no room for service %s", name);
	*service = (struct rule_service){
		.name = name,
		.protocol = protocol,
		.first = first,
		.last = last,
		.class_ = class_,
		.path = path,
		.tenant = tenant,
	};
	if (local)
		parse_prefix(local, &service->family, service->addr, &service->prefix_len);
}

void rules_add_prefix(struct rules *rules, __u8 kind, const char *text, __u16 tenant)
{
	struct rule_prefix *prefix = &rules->prefix[rules->prefixes];

	if (rules->prefixes++ >= RULES_PREFIXES)
		errx(1, "rules: no room for prefix %s", text);
	prefix->kind = kind;
	prefix->tenant = tenant;
	parse_prefix(text, &prefix->family, prefix->addr, &prefix->prefix_len);
}

static void add_mark(struct rule_mark *marks, __u32 *count, __u16 value, __u16 tenant)
{
	if (*count >= RULES_MARKS)
		errx(1, "rules: no room for VLAN or DSCP %u", value);
	marks[(*count)++] = (struct rule_mark){value, tenant};
}

void rules_add_vlan(struct rules *rules, __u16 vlan, __u16 tenant)
{
	add_mark(rules->vlan, &rules->vlans, vlan, tenant);
}

void rules_add_dscp(struct rules *rules, __u16 dscp, __u16 tenant)
{
	add_mark(rules->dscp, &rules->dscps, dscp, tenant);
}

bool rules_prefix_holds(__u8 prefix_family, const __u8 *prefix, __u8 prefix_len, __u8 family,
			const __u8 *addr)
{
	size_t whole = prefix_len / 8;
	unsigned int bits = prefix_len % 8;

	if (prefix_family != family || memcmp(prefix, addr, whole) != 0)
		return false;
	return bits == 0 || (prefix[whole] ^ addr[whole]) >> (8 - bits) == 0;
}

void rules_prefix(const struct rule_prefix *rule, struct prefix_key *key,
		  struct prefix_tenant *value)
{
	__u8 kind = rule->kind | (rule->family == 6 ? TP_PREFIX_IPV6 : 0);

	*key = (struct prefix_key){
		.prefix_len = TP_PREFIX_KIND_BITS + rule->prefix_len,
		.kind = {kind},
	};
	memcpy(key->addr, rule->addr, sizeof(key->addr));
	*value = (struct prefix_tenant){.tenant = rule->tenant, .prefix_len = rule->prefix_len};
}

static void compile_service(const struct rule_service *rule, struct policy_service *service)
{
	__u8 mask[16] = {};

	for (unsigned int bit = 0; bit < rule->prefix_len; bit++)
		mask[bit / 8] |= (__u8)(0x80 >> bit % 8);
	snprintf(service->name, sizeof(service->name), "%s", rule->name);
	memcpy(service->addr, rule->addr, sizeof(service->addr));
	memcpy(service->mask, mask, sizeof(service->mask));
	service->port_first = rule->first;
	service->port_last = rule->last;
	service->tenant = rule->tenant;
	service->protocol = rule->protocol;
	service->family = rule->family;
	service->prefix_len = rule->prefix_len;
	service->class_ = (__u8)rule->class_;
	service->path = (__u8)rule->path;
}

/* The group of services behind one port: an old one where it is there, else a new one. */
static __u8 group_of(struct policy *policy, __u32 *groups, const struct policy_group *wanted)
{
	for (__u32 i = 0; i < *groups; i++)
		if (!memcmp(&policy->group[i], wanted, sizeof(*wanted)))
			return (__u8)i;
	if (*groups == TP_PORT_GROUPS)
		errx(1, "rules: more than %d port groups", TP_PORT_GROUPS);
	policy->group[*groups] = *wanted;
	return (__u8)(*groups)++;
}

static void compile_ports(const struct rules *rules, struct policy *policy)
{
	__u32 groups = 1; /* group 0 is empty */

	for (__u32 tcp = 0; tcp < 2; tcp++) {
		for (__u32 port = 0; port < 65536; port++) {
			struct policy_group group = {};

			for (__u32 i = 0; i < rules->services; i++) {
				const struct rule_service *service = &rules->service[i];

				if (service->protocol != (tcp ? IPPROTO_TCP : IPPROTO_UDP) ||
				    port < service->first || port > service->last)
					continue;
				if (group.count == TP_GROUP_SERVICES)
					errx(1, "rules: port %u has too many services", port);
				group.service[group.count++] = (__u8)(TP_SERVICE_FIRST + i);
			}
			if (group.count)
				policy->port_group[tcp][htons((__u16)port)] =
					group_of(policy, &groups, &group);
		}
	}
}

struct policy *rules_compile(const struct rules *rules)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		err(1, "rules");
	snprintf(policy->name, sizeof(policy->name), "vectors");
	policy->flags = rules->flags;
	policy->services = TP_SERVICE_FIRST + rules->services;
	policy->tenants = rules->tenants;
	policy->prefixes = rules->prefixes;
	policy->cpu_qsize = 64;
	for (__u32 i = 0; i < rules->prefixes; i++) {
		struct prefix_key key;
		struct prefix_tenant value;

		rules_prefix(&rules->prefix[i], &key, &value);
		policy->has_prefix[key.kind[0]] = 1;
	}
	for (__u32 class_ = 0; class_ < TP_CLASSES; class_++)
		for (__u32 slot = 0; slot < TP_CPU_SLOTS; slot++)
			policy->cpu_slot[class_][slot] = rules->cpu[class_];
	memset(policy->vlan_tenant, 0xff, sizeof(policy->vlan_tenant));
	memset(policy->dscp_tenant, 0xff, sizeof(policy->dscp_tenant));
	for (__u32 i = 0; i < rules->vlans; i++)
		policy->vlan_tenant[rules->vlan[i].value] = rules->vlan[i].tenant;
	for (__u32 i = 0; i < rules->dscps; i++)
		policy->dscp_tenant[rules->dscp[i].value] = rules->dscp[i].tenant;
	/* A packet that no service matches has its tenant by the rules, like any other. */
	policy->service[TP_SERVICE_NONE].tenant = TP_TENANT_BY_RULE;
	for (__u32 i = 0; i < rules->services; i++)
		compile_service(&rules->service[i], &policy->service[TP_SERVICE_FIRST + i]);
	for (__u32 i = 0; i < rules->tenants; i++)
		snprintf(policy->tenant_name[i], TP_NAME_LEN, "tenant%u", i);
	compile_ports(rules, policy);
	return policy;
}
