/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A flow's first packet: which service and which tenant does the policy in force give it?
 *
 * The two functions that are not inlined keep the rare path out of the common one's registers, and
 * make clang describe struct policy and the prefix types in full: one that only an inner map names
 * gets a forward declaration in BTF, and libbpf then cannot size the map.
 */
#ifndef TRIPATH_BPF_POLICY_H
#define TRIPATH_BPF_POLICY_H

#include "flow.h"
#include "policy.h"

static __always_inline const struct policy *policy_of(__u64 gen_word)
{
	__u32 slot = TP_GEN_SLOT(gen_word), zero = 0;
	void *inner = bpf_map_lookup_elem(&policy, &slot);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

/* Bits of the flow's hash that the flow table leaves. */
static __always_inline __u32 policy_cpu_slot(__u32 hash)
{
	return hash >> 23 & (TP_CPU_SLOTS - 1);
}

static __always_inline __u8 key_family(const struct flow_key *key)
{
	return key->meta & TP_META_IPV6 ? 6 : 4;
}

static __always_inline bool service_matches(const struct policy_service *service,
					    const struct flow_key *key)
{
	return (!service->family || service->family == key_family(key)) &&
	       (key->d0 & service->mask[0]) == service->addr[0] &&
	       (key->d1 & service->mask[1]) == service->addr[1];
}

/* The service's id, or TP_SERVICE_NONE. */
static __always_inline __u8 policy_service_id(const struct policy *pol, const struct flow_key *key)
{
	__u8 index = pol->port_group[key->meta & TP_META_TCP][key->dport];
	const struct policy_group *group = &pol->group[index];

	for (int i = 0; i < TP_GROUP_SERVICES && i < group->count; i++) {
		__u8 id = group->service[i];

		if (service_matches(&pol->service[id], key))
			return id;
	}
	return TP_SERVICE_NONE;
}

static __noinline const struct prefix_tenant *prefix_find(void *prefixes,
							  const struct prefix_key *key)
{
	return bpf_map_lookup_elem(prefixes, key);
}

/* The longest prefix of @kind that holds the address; its length is 0 where none does. */
static __always_inline struct prefix_tenant prefix_lookup(const struct policy *pol, void *prefixes,
							  __u8 kind, __u64 addr0, __u64 addr1)
{
	struct prefix_key key = {.prefix_len = TP_PREFIX_KIND_BITS + 32};
	struct prefix_tenant none = {.tenant = TP_TENANT_BY_RULE};
	const struct prefix_tenant *found;

	if (!pol->has_prefix[kind & 7])
		return none;
	if (kind & TP_PREFIX_IPV6)
		key.prefix_len = TP_PREFIX_KIND_BITS + 128;
	key.kind[0] = kind;
	__builtin_memcpy(key.addr, &addr0, 8);
	__builtin_memcpy(key.addr + 8, &addr1, 8);
	found = prefix_find(prefixes, &key);
	return found ? *found : none;
}

static __always_inline __u16 tenant_by_prefix(const struct policy *pol, __u64 gen_word,
					      const struct flow_key *key)
{
	__u8 family = key->meta & TP_META_IPV6 ? TP_PREFIX_IPV6 : 0;
	__u32 slot = TP_GEN_SLOT(gen_word);
	void *prefixes = bpf_map_lookup_elem(&tenant_prefixes, &slot);
	struct prefix_tenant peer, local;

	if (!prefixes)
		return TP_TENANT_DEFAULT;
	peer = prefix_lookup(pol, prefixes, TP_PREFIX_PEER | family, key->s0, key->s1);
	local = prefix_lookup(pol, prefixes, TP_PREFIX_LOCAL | family, key->d0, key->d1);
	if (peer.tenant == TP_TENANT_BY_RULE ||
	    (local.tenant != TP_TENANT_BY_RULE && local.prefix_len > peer.prefix_len))
		peer = local;
	return peer.tenant == TP_TENANT_BY_RULE ? TP_TENANT_DEFAULT : peer.tenant;
}

/* Precedence: the service's own, VLAN, DSCP, the longer of peer and local prefix, default. */
static __noinline __u16 policy_tenant(const struct policy *pol, __u64 gen_word,
				      const struct policy_service *service,
				      const struct flow_key *key)
{
	__u32 vid = key->meta >> TP_META_VLAN_SHIFT & 0xfff;
	__u32 dscp = key->meta >> TP_META_DSCP_SHIFT & 0x3f;
	__u32 flags = TP_GEN_FLAGS(gen_word);
	__u16 tenant;

	if (service->tenant != TP_TENANT_BY_RULE)
		return service->tenant;
	if (flags & TP_GEN_TRUST_VLAN && vid) {
		tenant = pol->vlan_tenant[vid];
		if (tenant != TP_TENANT_BY_RULE)
			return tenant;
	}
	if (flags & TP_GEN_TRUST_DSCP) {
		tenant = pol->dscp_tenant[dscp];
		if (tenant != TP_TENANT_BY_RULE)
			return tenant;
	}
	return tenant_by_prefix(pol, gen_word, key);
}

/* The decision word for a flow under the generation of @gen_word; 0 where that is gone. */
static __always_inline __u64 policy_decide(__u64 gen_word, const struct flow_key *key)
{
	const struct policy *pol = policy_of(gen_word);
	const struct policy_service *service;
	__u8 id;

	if (!pol)
		return 0;
	id = policy_service_id(pol, key);
	service = &pol->service[id];
	return TP_DECISION(TP_GEN_GENERATION(gen_word), id,
			   policy_tenant(pol, gen_word, service, key), service->class_,
			   service->path);
}

#endif
