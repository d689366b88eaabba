// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a policy means: whether its interface, tenants and CPUs make sense. Services:
 * policy_services.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maps/steer.h"
#include "policy_source.h"

#define FLOWS_MIN (TP_FLOW_SETS_MIN * TP_FLOW_WAYS)
#define FLOWS_MAX (TP_FLOW_SETS_MAX * TP_FLOW_WAYS)

static void check_head(struct policy_source *src)
{
	const struct policy_file *f = src->file;
	const __u32 *flows = f->interface.flows, *queue = f->interface.cpu_queue;

	if (f->version != 1)
		policy_refuse(src, policy_at(src, "version"), "version %u; allowed: 1", f->version);
	if (!policy_name_is_valid(f->name))
		policy_refuse(src, policy_at(src, "name"),
			      "policy name %s; allowed: up to %d of a-z 0-9 . _ -, first a letter "
			      "or digit",
			      policy_quote(f->name).s, TP_NAME_LEN - 1);
	if (flows && (*flows < FLOWS_MIN || *flows > FLOWS_MAX || *flows & (*flows - 1)))
		policy_refuse(src, policy_at(src, "interface.flows"),
			      "flows %u; allowed: a power of two from %u to %u", *flows, FLOWS_MIN,
			      FLOWS_MAX);
	if (queue && (!*queue || *queue > POLICY_CPU_QUEUE_MAX))
		policy_refuse(src, policy_at(src, "interface.cpu_queue"),
			      "cpu_queue %u; allowed: 1 to %u frames", *queue,
			      POLICY_CPU_QUEUE_MAX);
}

static void check_weights(struct policy_source *src, unsigned int i)
{
	const struct policy_spread *s = &src->file->cpus[i];
	unsigned int shares[TP_CPU_SLOTS] = {0}, j, k, sum = 0, before = src->refusals;

	for (j = 0; j < s->weights_count; j++) {
		const struct policy_weight *w = &s->weights[j];

		sum += w->weight > POLICY_WEIGHT_MAX ? 0 : w->weight;
		if (w->cpu >= TP_MAX_CPUS)
			policy_refuse(src, policy_at(src, "cpus[%u].weights[%u].cpu", i, j),
				      "cpu %u; allowed: 0 to %d", w->cpu, TP_MAX_CPUS - 1);
		if (w->weight > POLICY_WEIGHT_MAX)
			policy_refuse(src, policy_at(src, "cpus[%u].weights[%u].weight", i, j),
				      "weight %u; allowed: 0 to %u", w->weight, POLICY_WEIGHT_MAX);
		for (k = 0; k < j && s->weights[k].cpu != w->cpu; k++)
			;
		if (k < j)
			policy_refuse(src, policy_at(src, "cpus[%u].weights[%u].cpu", i, j),
				      "cpu %u is given a second time, after line %zu; allowed: "
				      "once a class",
				      w->cpu, policy_line(src, "cpus[%u].weights[%u].cpu", i, k));
	}
	if (src->refusals != before)
		return;
	if (!sum) {
		policy_refuse(src, policy_at(src, "cpus[%u].weights", i),
			      "every weight is 0; allowed: at least one above 0");
		return;
	}
	policy_shares(s->weights, s->weights_count, shares);
	for (j = 0; j < s->weights_count; j++)
		if (s->weights[j].weight && !shares[j])
			policy_refuse(src, policy_at(src, "cpus[%u].weights[%u].weight", i, j),
				      "weight %u of %u in all is none of a class's %d slots; "
				      "allowed: 0, or "
				      "at least a %dth of the sum",
				      s->weights[j].weight, sum, TP_CPU_SLOTS, TP_CPU_SLOTS);
}

static void check_cpus(struct policy_source *src)
{
	const struct policy_file *f = src->file;
	unsigned int i, j;

	for (i = 0; i < f->cpus_count; i++) {
		for (j = 0; j < i && f->cpus[j].class_ != f->cpus[i].class_; j++)
			;
		if (j < i)
			policy_refuse(src, policy_at(src, "cpus[%u].class", i),
				      "this class has its CPUs at line %zu already; allowed: one "
				      "entry a class",
				      policy_line(src, "cpus[%u].class", j));
		check_weights(src, i);
	}
}

static void check_tenant_name(struct policy_source *src, unsigned int i)
{
	const struct policy_tenant *tenants = src->file->tenants;
	const char *name = tenants[i].name;
	unsigned int j;

	if (!policy_name_is_valid(name))
		policy_refuse(src, policy_at(src, "tenants[%u].name", i),
			      "tenant name %s; allowed: up to %d of a-z 0-9 . _ -, first a letter "
			      "or digit",
			      policy_quote(name).s, TP_NAME_LEN - 1);
	if (policy_name_is_reserved(name))
		policy_refuse(src, policy_at(src, "tenants[%u].name", i),
			      "tenant name \"%s\" is reserved; allowed: any but none and control",
			      name);
	for (j = 0; j < i; j++) {
		if (strcmp(tenants[j].name, name) != 0)
			continue;
		policy_refuse(src, policy_at(src, "tenants[%u].name", i),
			      "tenant name %s is taken at line %zu; allowed: a name of its own",
			      policy_quote(name).s, policy_line(src, "tenants[%u].name", j));
		break;
	}
}

static void check_default(struct policy_source *src)
{
	const struct policy_file *f = src->file;
	unsigned int i, found = f->tenants_count;

	for (i = 0; i < f->tenants_count; i++) {
		if (!f->tenants[i].is_default)
			continue;
		if (found == f->tenants_count) {
			found = i;
			continue;
		}
		policy_refuse(src, policy_at(src, "tenants[%u].default", i),
			      "a second default tenant, after line %zu; allowed: one",
			      policy_line(src, "tenants[%u].default", found));
	}
	if (found == f->tenants_count)
		policy_refuse(src, policy_at(src, "tenants"),
			      "no default tenant; needed: one with \"default: true\"");
	src->default_tenant = found;
}

/* VLAN ids or DSCPs: few, so that an array of who came first will do. */
static void check_tags(struct policy_source *src, const char *key, __u32 trust, __u32 min,
		       __u32 max)
{
	const struct policy_file *f = src->file;
	bool dscp = trust == TP_GEN_TRUST_DSCP;
	struct {
		unsigned int tenant, entry; /* tenant + 1 */
	} owner[4096] = {{0}};
	unsigned int i, j;

	for (i = 0; i < f->tenants_count; i++) {
		const struct policy_match *m = &f->tenants[i].match;
		unsigned int count = dscp ? m->dscp_count : m->vlan_count;

		if (count && !(f->interface.trust & trust))
			policy_refuse(
				src, policy_at(src, "tenants[%u].match.%s", i, key),
				"tenant %s is matched by %s, which the interface does not trust; "
				"allowed: with %s in interface.trust",
				policy_quote(f->tenants[i].name).s, key, key);
		for (j = 0; j < count; j++) {
			__u32 tag = dscp ? m->dscp[j] : m->vlan[j];

			if (tag < min || tag > max) {
				policy_refuse(src,
					      policy_at(src, "tenants[%u].match.%s[%u]", i, key, j),
					      "%s %u; allowed: %u to %u", key, tag, min, max);
				continue;
			}
			if (owner[tag].tenant)
				policy_refuse(
					src, policy_at(src, "tenants[%u].match.%s[%u]", i, key, j),
					"%s %u is claimed at line %zu already; allowed: once", key,
					tag,
					policy_line(src, "tenants[%u].match.%s[%u]",
						    owner[tag].tenant - 1, key, owner[tag].entry));
			owner[tag].tenant = i + 1;
			owner[tag].entry = j;
		}
	}
}

static void read_prefixes(struct policy_source *src, unsigned int tenant, bool peer)
{
	const struct policy_match *m = &src->file->tenants[tenant].match;
	char *const *list = peer ? m->peer : m->local, why[POLICY_WHY_LEN];
	unsigned int i, n = peer ? m->peer_count : m->local_count;

	for (i = 0; i < n; i++) {
		struct policy_claim *c = &src->claims[src->claims_count];

		if (policy_parse_prefix(list[i], &c->prefix, why)) {
			policy_refuse(src,
				      policy_at(src, "tenants[%u].match.%s[%u]", tenant,
						peer ? "peer" : "local", i),
				      "prefix %s %s", policy_quote(list[i]).s, why);
			continue;
		}
		c->side = peer ? TP_PREFIX_PEER : TP_PREFIX_LOCAL;
		c->tenant = tenant;
		c->entry = i;
		src->claims_count++;
	}
}

static int compare_prefixes(const struct policy_claim *a, const struct policy_claim *b)
{
	return a->side != b->side ? a->side - b->side
				  : memcmp(&a->prefix, &b->prefix, sizeof(a->prefix));
}

static int compare_claims(const void *left, const void *right)
{
	const struct policy_claim *a = left, *b = right;
	int by_prefix = compare_prefixes(a, b);

	if (by_prefix)
		return by_prefix;
	if (a->tenant != b->tenant)
		return a->tenant < b->tenant ? -1 : 1;
	return a->entry < b->entry ? -1 : a->entry > b->entry;
}

static int check_prefixes(struct policy_source *src)
{
	const struct policy_file *f = src->file;
	size_t i, n = 0;
	unsigned int t;

	for (t = 0; t < f->tenants_count; t++) {
		n += f->tenants[t].match.peer_count + f->tenants[t].match.local_count;
		if (n <= TP_MAX_PREFIXES)
			continue;
		policy_refuse(
			src, policy_at(src, "tenants[%u].match", t),
			"more than %d tenant prefixes, counting from the top; allowed: %d in all",
			TP_MAX_PREFIXES, TP_MAX_PREFIXES);
		return 0;
	}
	src->claims = calloc(n + 1, sizeof(*src->claims));
	if (!src->claims)
		return -ENOMEM;
	for (t = 0; t < f->tenants_count; t++) {
		read_prefixes(src, t, true);
		read_prefixes(src, t, false);
	}
	qsort(src->claims, src->claims_count, sizeof(*src->claims), compare_claims);
	for (i = 1; i < src->claims_count; i++) {
		const struct policy_claim *a = &src->claims[i - 1], *b = &src->claims[i];
		const struct policy_match *m = &f->tenants[b->tenant].match;
		bool peer = b->side == TP_PREFIX_PEER;
		const char *side = peer ? "peer" : "local";
		char *const *list = peer ? m->peer : m->local;

		if (compare_prefixes(a, b))
			continue;
		policy_refuse(
			src, policy_at(src, "tenants[%u].match.%s[%u]", b->tenant, side, b->entry),
			"%s prefix %s is claimed by tenant %s at line %zu already; allowed: once",
			side, policy_quote(list[b->entry]).s,
			policy_quote(f->tenants[a->tenant].name).s,
			policy_line(src, "tenants[%u].match.%s[%u]", a->tenant, side, a->entry));
	}
	return 0;
}

int policy_check(struct policy_source *src)
{
	unsigned int i;
	int err;

	check_head(src);
	check_cpus(src);
	for (i = 0; i < src->file->tenants_count; i++)
		check_tenant_name(src, i);
	check_default(src);
	check_tags(src, "vlan", TP_GEN_TRUST_VLAN, 1, 4094);
	check_tags(src, "dscp", TP_GEN_TRUST_DSCP, 0, 63);
	err = check_prefixes(src);
	if (!err)
		err = policy_check_services(src);
	if (err)
		return err;
	return src->refusals ? -EINVAL : 0;
}
