// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ids that follow names from one policy to the next: counters are kept by id and read by name. */
#include <stdbool.h>
#include <string.h>

#include "policy.h"

#define NO_ID 0xffffU

/* The names of services or tenants by id; "" where an id is not in use. */
struct names {
	const char *first;
	size_t stride;
	__u32 count;
};

static const char *name_of(const struct names *names, __u32 id)
{
	return id < names->count ? names->first + id * names->stride : "";
}

static struct names services_of(const struct policy *policy)
{
	return (struct names){policy->service[0].name, sizeof(policy->service[0]),
			      policy->services};
}

static struct names tenants_of(const struct policy *policy)
{
	return (struct names){policy->tenant_name[0], sizeof(policy->tenant_name[0]),
			      policy->tenants};
}

static __u32 find(const struct names *names, __u32 first, const char *name)
{
	__u32 id;

	for (id = first; id < names->count; id++)
		if (!strcmp(name_of(names, id), name))
			return id;
	return NO_ID;
}

/* One that @old does not count under either, as long as there is one. */
static __u32 free_id(const struct names *old, const bool *taken, __u32 first, __u32 max)
{
	__u32 id, spare = NO_ID;

	for (id = first; id < max; id++) {
		if (taken[id])
			continue;
		if (!*name_of(old, id))
			return id;
		if (spare == NO_ID)
			spare = id;
	}
	return spare;
}

/* Fills @id: the id to be of what has id i now; those below @first stay. Returns the highest, plus 1. */
static __u32 assign(const struct names *new, const struct names *old, __u32 first, __u32 max,
		    __u32 *id)
{
	bool taken[TP_MAX_TENANTS] = {false};
	__u32 i, end = first;

	for (i = 0; i < new->count; i++) {
		id[i] = i < first ? i : find(old, first, name_of(new, i));
		if (id[i] != NO_ID)
			taken[id[i]] = true;
	}
	for (i = first; i < new->count; i++) {
		if (id[i] == NO_ID) {
			id[i] = free_id(old, taken, first, max);
			taken[id[i]] = true;
		}
		if (id[i] >= end)
			end = id[i] + 1;
	}
	return end;
}

static void keep_services(struct policy *policy, const struct policy *old)
{
	struct names new_names = services_of(policy), old_names = services_of(old);
	struct policy_service was[TP_MAX_SERVICES];
	__u32 id[TP_MAX_SERVICES], i, k, end;

	end = assign(&new_names, &old_names, TP_SERVICE_FIRST, TP_MAX_SERVICES, id);
	memcpy(was, policy->service, sizeof(was));
	memset(policy->service, 0, sizeof(policy->service));
	for (i = 0; i < policy->services; i++)
		policy->service[id[i]] = was[i];
	for (i = 0; i < TP_PORT_GROUPS; i++)
		for (k = 0; k < policy->group[i].count; k++)
			policy->group[i].service[k] = (__u8)id[policy->group[i].service[k]];
	policy->services = end;
}

static void renumber(__u16 *tenant, const __u32 *id)
{
	if (*tenant != TP_TENANT_BY_RULE)
		*tenant = (__u16)id[*tenant];
}

static void keep_tenants(struct policy *policy, struct prefix_entry *prefixes, size_t n,
			 const struct policy *old)
{
	struct names new_names = tenants_of(policy), old_names = tenants_of(old);
	char was[TP_MAX_TENANTS][TP_NAME_LEN];
	__u32 id[TP_MAX_TENANTS], end;
	size_t i;

	end = assign(&new_names, &old_names, TP_TENANT_DEFAULT + 1, TP_MAX_TENANTS, id);
	memcpy(was, policy->tenant_name, sizeof(was));
	memset(policy->tenant_name, 0, sizeof(policy->tenant_name));
	for (i = 0; i < policy->tenants; i++)
		memcpy(policy->tenant_name[id[i]], was[i], sizeof(was[i]));
	for (i = 0; i < policy->services; i++)
		renumber(&policy->service[i].tenant, id);
	for (i = 0; i < sizeof(policy->vlan_tenant) / sizeof(policy->vlan_tenant[0]); i++)
		renumber(&policy->vlan_tenant[i], id);
	for (i = 0; i < sizeof(policy->dscp_tenant) / sizeof(policy->dscp_tenant[0]); i++)
		renumber(&policy->dscp_tenant[i], id);
	for (i = 0; i < n; i++)
		renumber(&prefixes[i].value.tenant, id);
	policy->tenants = end;
}

void policy_keep_ids(struct policy *policy, struct prefix_entry *prefixes, size_t n,
		     const struct policy *old)
{
	keep_tenants(policy, prefixes, n, old);
	keep_services(policy, old);
}

bool policy_new_service(const struct policy *policy, const struct policy *old, __u32 id)
{
	struct names new_names = services_of(policy), old_names = services_of(old);

	return *name_of(&new_names, id) &&
	       strcmp(name_of(&new_names, id), name_of(&old_names, id)) != 0;
}

bool policy_new_tenant(const struct policy *policy, const struct policy *old, __u32 id)
{
	struct names new_names = tenants_of(policy), old_names = tenants_of(old);

	return *name_of(&new_names, id) &&
	       strcmp(name_of(&new_names, id), name_of(&old_names, id)) != 0;
}
