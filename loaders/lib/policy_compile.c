// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A checked policy file as the struct policy that the classifier reads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps/steer.h"
#include "policy_source.h"

void policy_shares(const struct policy_weight *weights, unsigned int n, unsigned int *shares)
{
	unsigned int rest[TP_CPU_SLOTS] = {0}, i, best, sum = 0, given = 0;

	for (i = 0; i < n; i++)
		sum += weights[i].weight;
	for (i = 0; i < n; i++) {
		shares[i] = TP_CPU_SLOTS * weights[i].weight / sum;
		rest[i] = TP_CPU_SLOTS * weights[i].weight % sum;
		given += shares[i];
	}
	for (; given < TP_CPU_SLOTS; given++) {
		for (best = 0, i = 1; i < n; i++)
			if (rest[i] > rest[best])
				best = i;
		shares[best]++;
		rest[best] = 0;
	}
}

/* Each turn goes to the CPU that is furthest behind its share, so neighbouring slots differ. */
static void interleave(const struct policy_spread *s, __u32 *slot)
{
	unsigned int shares[TP_CPU_SLOTS] = {0}, turn, i, best;
	int behind[TP_CPU_SLOTS] = {0};

	policy_shares(s->weights, s->weights_count, shares);
	for (turn = 0; turn < TP_CPU_SLOTS; turn++) {
		for (best = 0, i = 0; i < s->weights_count; i++) {
			behind[i] += (int)shares[i];
			if (behind[i] > behind[best])
				best = i;
		}
		behind[best] -= TP_CPU_SLOTS;
		slot[turn] = s->weights[best].cpu;
	}
}

static void fill_cpus(const struct policy_source *src, struct policy *out)
{
	unsigned int i, slot;

	for (i = 0; i < TP_CLASSES; i++)
		for (slot = 0; slot < TP_CPU_SLOTS; slot++)
			out->cpu_slot[i][slot] = TP_NO_CPU;
	for (i = 0; i < src->file->cpus_count; i++)
		interleave(&src->file->cpus[i], out->cpu_slot[src->file->cpus[i].class_]);
	out->cpu_qsize = policy_cpu_queue(src);
}

size_t policy_cpus(const struct policy_source *src, __u32 *cpus, size_t max)
{
	bool used[TP_MAX_CPUS] = {false};
	unsigned int i, j;
	size_t n = 0;

	for (i = 0; i < src->file->cpus_count; i++) {
		const struct policy_spread *s = &src->file->cpus[i];

		for (j = 0; j < s->weights_count; j++)
			if (s->weights[j].weight)
				used[s->weights[j].cpu] = true;
	}
	for (i = 0; i < TP_MAX_CPUS; i++) {
		if (!used[i])
			continue;
		if (n < max)
			cpus[n] = i;
		n++;
	}
	return n;
}

static void fill_tenants(const struct policy_source *src, struct policy *out)
{
	unsigned int i, j;

	memset(out->vlan_tenant, 0xff, sizeof(out->vlan_tenant)); /* TP_TENANT_BY_RULE */
	memset(out->dscp_tenant, 0xff, sizeof(out->dscp_tenant));
	for (i = 0; i < src->file->tenants_count; i++) {
		const struct policy_tenant *t = &src->file->tenants[i];
		__u16 id = policy_tenant_id(src, i);

		strncpy(out->tenant_name[id], t->name, TP_NAME_LEN - 1);
		for (j = 0; j < t->match.vlan_count; j++)
			out->vlan_tenant[t->match.vlan[j]] = id;
		for (j = 0; j < t->match.dscp_count; j++)
			out->dscp_tenant[t->match.dscp[j]] = id;
	}
	out->tenants = src->file->tenants_count;
}

/* An address as it stands in the packet, in words: IPv4 in the low 32 bits of the first. */
static void words_of(const __u8 *addr, unsigned int family, __u64 *words)
{
	__u32 ipv4;

	if (family == 4) {
		memcpy(&ipv4, addr, sizeof(ipv4));
		words[0] = ipv4;
		words[1] = 0;
	} else {
		memcpy(words, addr, 16);
	}
}

static void fill_service(const struct policy_source *src, unsigned int i, struct policy_service *s)
{
	const struct policy_offer *o = &src->file->services[i];
	const struct policy_rule *r = &src->rules[i];
	__u8 mask[16];

	strncpy(s->name, o->name, TP_NAME_LEN - 1);
	s->port_first = r->first;
	s->port_last = r->last;
	s->tenant = r->tenant;
	s->protocol = (__u8)r->protocol;
	s->class_ = (__u8)o->class_;
	s->path = (__u8)o->path;
	if (!r->local.family)
		return;
	policy_prefix_mask(&r->local, mask);
	s->family = r->local.family;
	s->prefix_len = r->local.len;
	words_of(r->local.addr, s->family, s->addr);
	words_of(mask, s->family, s->mask);
}

static int fill_services(const struct policy_source *src, struct policy *out)
{
	struct policy_service *none = &out->service[TP_SERVICE_NONE];
	struct policy_service *control = &out->service[TP_SERVICE_CONTROL];
	struct policy_ports_fault unused;
	unsigned int i;

	strcpy(none->name, "none");
	none->tenant = TP_TENANT_BY_RULE;
	none->class_ = TP_CLASS_BULK; /* what nobody declared waits behind what somebody did */
	none->path = TP_PATH_STACK;
	strcpy(control->name, "control");
	control->tenant = TP_TENANT_DEFAULT;
	control->class_ = TP_CLASS_CONTROL;
	control->path = TP_PATH_STACK;
	for (i = 0; i < src->file->services_count; i++)
		fill_service(src, i, &out->service[TP_SERVICE_FIRST + i]);
	out->services = TP_SERVICE_FIRST + src->file->services_count;
	return policy_ports(src->rules, src->file->services_count, out, &unused);
}

static void fill_prefixes(const struct policy_source *src, struct policy *out,
			  struct prefix_entry *entries)
{
	size_t i;

	for (i = 0; i < src->claims_count; i++) {
		const struct policy_claim *c = &src->claims[i];
		struct prefix_entry *e = &entries[i];

		e->key.kind[0] = (__u8)(c->side | (c->prefix.family == 6 ? TP_PREFIX_IPV6 : 0));
		e->key.prefix_len = TP_PREFIX_KIND_BITS + c->prefix.len;
		memcpy(e->key.addr, c->prefix.addr, sizeof(e->key.addr));
		e->value.tenant = policy_tenant_id(src, c->tenant);
		e->value.prefix_len = c->prefix.len;
		out->has_prefix[e->key.kind[0]] = 1;
	}
	out->prefixes = (__u32)src->claims_count;
}

int policy_compile(const struct policy_source *src, struct policy *out,
		   struct prefix_entry **prefixes, size_t *n)
{
	struct prefix_entry *entries = NULL;
	int err;

	if (src->claims_count) {
		entries = calloc(src->claims_count, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
	}
	memset(out, 0, sizeof(*out));
	strncpy(out->name, src->file->name, TP_NAME_LEN - 1);
	memcpy(out->hash, src->hash, TP_HASH_LEN);
	out->flags = src->file->interface.trust;
	fill_cpus(src, out);
	fill_tenants(src, out);
	err = fill_services(src, out);
	if (err)
		goto free_entries;
	fill_prefixes(src, out, entries);
	*prefixes = entries;
	*n = src->claims_count;
	return 0;
free_entries:
	free(entries);
	return err;
}
