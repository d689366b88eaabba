// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whether the services of a policy make sense, one by one and together. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_source.h"

#define PORT_ROCE 4791 /* IANA: RoCE v2 */

static void read_service(struct policy_source *src, unsigned int i)
{
	const struct policy_offer *o = &src->file->services[i];
	struct policy_rule *r = &src->rules[i];
	char why[POLICY_WHY_LEN];

	r->protocol = o->protocol;
	r->tenant = TP_TENANT_BY_RULE;
	r->valid = true;
	if (policy_parse_ports(o->port, &r->first, &r->last, why)) {
		policy_refuse(src, policy_at(src, "services[%u].port", i), "port %s %s",
			      policy_quote(o->port).s, why);
		r->valid = false;
	}
	if (o->local && policy_parse_prefix(o->local, &r->local, why)) {
		policy_refuse(src, policy_at(src, "services[%u].local", i), "prefix %s %s",
			      policy_quote(o->local).s, why);
		r->valid = false;
	}
}

static void check_name(struct policy_source *src, unsigned int i)
{
	const struct policy_offer *offers = src->file->services;
	const char *name = offers[i].name;
	unsigned int j;

	if (!policy_name_is_valid(name))
		policy_refuse(src, policy_at(src, "services[%u].name", i),
			      "service name %s; allowed: up to %d of a-z 0-9 . _ -, first a letter "
			      "or digit",
			      policy_quote(name).s, TP_NAME_LEN - 1);
	if (policy_name_is_reserved(name))
		policy_refuse(src, policy_at(src, "services[%u].name", i),
			      "service name \"%s\" is reserved; allowed: any but none and control",
			      name);
	for (j = 0; j < i; j++) {
		if (strcmp(offers[j].name, name) != 0)
			continue;
		policy_refuse(src, policy_at(src, "services[%u].name", i),
			      "service name %s is taken at line %zu; allowed: a name of its own",
			      policy_quote(name).s, policy_line(src, "services[%u].name", j));
		break;
	}
}

static void find_tenant(struct policy_source *src, unsigned int i)
{
	const struct policy_file *f = src->file;
	const char *name = f->services[i].tenant;
	unsigned int t;

	if (!name)
		return;
	for (t = 0; t < f->tenants_count; t++) {
		if (strcmp(f->tenants[t].name, name) != 0)
			continue;
		src->rules[i].tenant = policy_tenant_id(src, t);
		return;
	}
	policy_refuse(src, policy_at(src, "services[%u].tenant", i),
		      "tenant %s does not exist; allowed: a name from tenants",
		      policy_quote(name).s);
}

static const char *protocol_name(const struct policy_rule *r)
{
	return r->protocol == IPPROTO_UDP ? "udp" : "tcp";
}

static bool has_cpus(const struct policy_file *f, enum tp_class class_)
{
	unsigned int i;

	for (i = 0; i < f->cpus_count; i++)
		if (f->cpus[i].class_ == class_)
			return true;
	return false;
}

/* Ports that are control traffic whatever a policy says (docs/classifier.md, rule 7). */
static unsigned int control_port_in(const struct policy_rule *r)
{
	static const __u16 ports[] = {22, 179};
	unsigned int i;

	for (i = 0; r->protocol == IPPROTO_TCP && i < sizeof(ports) / sizeof(ports[0]); i++)
		if (r->first <= ports[i] && ports[i] <= r->last)
			return ports[i];
	return 0;
}

static void check_path(struct policy_source *src, unsigned int i)
{
	const struct policy_offer *o = &src->file->services[i];
	const struct policy_rule *r = &src->rules[i];
	yaml_mark_t at = policy_at(src, "services[%u].path", i);

	if (o->class_ == TP_CLASS_CONTROL && o->path != TP_PATH_STACK)
		policy_refuse(src, at,
			      "service %s of class control is steered away; allowed: path stack",
			      policy_quote(o->name).s);
	else if (o->path == TP_PATH_CPU && !has_cpus(src->file, o->class_))
		policy_refuse(src, at,
			      "path cpu, but the class of service %s has no CPUs; needed: its "
			      "weights in cpus",
			      policy_quote(o->name).s);
	if (!r->valid)
		return;
	if (o->path == TP_PATH_RDMA &&
	    (r->protocol != IPPROTO_UDP || r->first != PORT_ROCE || r->last != PORT_ROCE))
		policy_refuse(src, at,
			      "path rdma for %s port %s; allowed: protocol udp, port %d (RoCE v2)",
			      protocol_name(r), o->port, PORT_ROCE);
	if (o->path != TP_PATH_STACK && control_port_in(r))
		policy_refuse(src, policy_at(src, "services[%u].port", i),
			      "control port %u (%s) is steered away by service %s; allowed: path "
			      "stack, or "
			      "ports without %u",
			      control_port_in(r), control_port_in(r) == 22 ? "ssh" : "BGP",
			      policy_quote(o->name).s, control_port_in(r));
}

static bool overlap(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->valid && b->valid && a->protocol == b->protocol && a->first <= b->last &&
	       b->first <= a->last && policy_prefixes_meet(&a->local, &b->local);
}

static void check_overlaps(struct policy_source *src, unsigned int i)
{
	const struct policy_offer *offers = src->file->services;
	const char *protocol = protocol_name(&src->rules[i]);
	unsigned int j;

	for (j = 0; j < i; j++) {
		if (!overlap(&src->rules[i], &src->rules[j]))
			continue;
		policy_refuse(
			src, policy_at(src, "services[%u].port", i),
			"service %s (%s %s) overlaps service %s (%s %s) of line %zu; allowed: "
			"another protocol, port or local prefix",
			policy_quote(offers[i].name).s, protocol, offers[i].port,
			policy_quote(offers[j].name).s, protocol, offers[j].port,
			policy_line(src, "services[%u]", j));
		return;
	}
}

/* What is control is never held back, so a policy may not declare everything to be; no table needs the limit. */
static void check_control_ports(struct policy_source *src)
{
	const struct policy_file *f = src->file;
	unsigned int i, ports = 0;

	for (i = 0; i < f->services_count; i++) {
		if (f->services[i].class_ != TP_CLASS_CONTROL || !src->rules[i].valid)
			continue;
		ports += src->rules[i].last - src->rules[i].first + 1U;
		if (ports <= TP_CONTROL_PORTS)
			continue;
		policy_refuse(
			src, policy_at(src, "services[%u].port", i),
			"services of class control cover %u ports up to here; allowed: %d in all, "
			"since control traffic is never held back: class rpc for the others",
			ports, TP_CONTROL_PORTS);
		return;
	}
}

static int check_ports(struct policy_source *src)
{
	struct policy_ports_fault fault = {0};
	struct policy *scratch = calloc(1, sizeof(*scratch));
	int err;

	if (!scratch)
		return -ENOMEM;
	err = policy_ports(src->rules, src->file->services_count, scratch, &fault);
	if (err)
		policy_refuse(src, policy_at(src, "services[%u].port", fault.service),
			      "%s port %u: %s", protocol_name(&src->rules[fault.service]),
			      fault.port, fault.limit);
	free(scratch);
	return 0;
}

int policy_check_services(struct policy_source *src)
{
	unsigned int i;

	src->rules = calloc(src->file->services_count + 1, sizeof(*src->rules));
	if (!src->rules)
		return -ENOMEM;
	for (i = 0; i < src->file->services_count; i++) {
		read_service(src, i);
		check_name(src, i);
		find_tenant(src, i);
		check_path(src, i);
		check_overlaps(src, i);
	}
	check_control_ports(src);
	return src->refusals ? 0 : check_ports(src);
}
