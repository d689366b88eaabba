// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Port -> group of the services behind it.  The services that hold a port change only where one
 * begins or ends, so the groups are made for those ports and repeated in between.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "policy_source.h"

#define STR(x)    #x
#define NUMBER(x) STR(x)

static void mark_edges(const struct policy_rule *rules, unsigned int n, int protocol, bool *edge)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (rules[i].protocol != protocol)
			continue;
		edge[rules[i].first] = true;
		edge[rules[i].last + 1] = true;
	}
}

/* -E2BIG: too many services; *@newest is the last one in the file either way. */
static int services_of(const struct policy_rule *rules, unsigned int n, int protocol,
		       unsigned int port, struct policy_group *group, unsigned int *newest)
{
	unsigned int i;

	memset(group, 0, sizeof(*group));
	for (i = 0; i < n; i++) {
		if (rules[i].protocol != protocol || port < rules[i].first || port > rules[i].last)
			continue;
		*newest = i;
		if (group->count == TP_GROUP_SERVICES)
			return -E2BIG;
		group->service[group->count++] = (__u8)(TP_SERVICE_FIRST + i);
	}
	return 0;
}

/* The group's number, a new one if need be; 0 is the empty group. -E2BIG when all are used. */
static int number_of(struct policy *out, const struct policy_group *group)
{
	int g;

	if (!group->count)
		return 0;
	for (g = 1; g < TP_PORT_GROUPS && out->group[g].count; g++)
		if (!memcmp(&out->group[g], group, sizeof(*group)))
			return g;
	if (g == TP_PORT_GROUPS)
		return -E2BIG;
	out->group[g] = *group;
	return g;
}

int policy_ports(const struct policy_rule *rules, unsigned int n, struct policy *out,
		 struct policy_ports_fault *fault)
{
	static const int protocols[2] = {IPPROTO_UDP, IPPROTO_TCP}; /* the rows of port_group */
	struct policy_group group;
	unsigned int row, port;
	int number, err = 0;
	bool edge[65536 + 1];

	for (row = 0; row < 2 && !err; row++) {
		memset(edge, 0, sizeof(edge));
		mark_edges(rules, n, protocols[row], edge);
		for (number = 0, port = 1; port < 65536; port++) {
			if (edge[port]) {
				fault->port = port;
				err = services_of(rules, n, protocols[row], port, &group,
						  &fault->service);
				fault->limit = "more services; allowed: " NUMBER(
					TP_GROUP_SERVICES) " on one port";
				if (err)
					break;
				number = number_of(out, &group);
				fault->limit =
					"one more set of services; allowed: 255 different sets of "
					"services that share a port";
				if (number < 0) {
					err = number;
					break;
				}
			}
			out->port_group[row][htons((__u16)port)] = (__u8)number;
		}
	}
	return err;
}
