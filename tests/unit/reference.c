// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The reference, rule by rule as docs/classifier.md numbers them.  Written for reading: it
 * scans lists and reads bytes, and owes nothing to speed.
 */
#include "tests/unit/reference.h"

#include <netinet/in.h>
#include <string.h>

#define EXTENSIONS_FOLLOWED 6

/* What the frame was found to be, as far as parsing came. */
struct parsed {
	const unsigned char *frame;
	size_t length;
	size_t linear;
	size_t offset; /* of the layer that is looked at */
	__u16 ethertype;
	__u16 outer_vlan;
	__u8 family;
	__u8 dscp;
	__u8 protocol;
	__u16 sport;
	__u16 dport;
	const unsigned char *source;
	const unsigned char *destination;
};

/* TP_REASONS is no reason: the rule does not apply and the next one is asked. */
#define NEXT_RULE TP_REASONS

static __u16 word(const unsigned char *bytes)
{
	return (__u16)(bytes[0] << 8 | bytes[1]);
}

static bool fits(const struct parsed *packet, size_t bytes)
{
	return packet->offset + bytes <= packet->linear;
}

/* Bytes of the frame from the layer that is looked at; data may lie in further buffers. */
static size_t left(const struct parsed *packet)
{
	return packet->length - packet->offset;
}

/* Rule 2. */
static enum tp_reason parse_ethernet(struct parsed *packet)
{
	int tags = 0;

	if (!fits(packet, 14))
		return TP_REASON_eth_truncated;
	packet->ethertype = word(packet->frame + 12);
	packet->offset = 14;
	while (packet->ethertype == 0x8100 || packet->ethertype == 0x88a8) {
		const unsigned char *tag = packet->frame + packet->offset;

		if (tags == 2)
			return TP_REASON_vlan_too_deep;
		if (!fits(packet, 4))
			return TP_REASON_vlan_truncated;
		if (tags == 0)
			packet->outer_vlan = word(tag) & 0x0fff;
		packet->ethertype = word(tag + 2);
		packet->offset += 4;
		tags++;
	}
	return NEXT_RULE;
}

/* Rule 4. */
static enum tp_reason parse_ipv4(struct parsed *packet)
{
	const unsigned char *ip = packet->frame + packet->offset;
	size_t header, total;

	if (!fits(packet, 20))
		return TP_REASON_ipv4_truncated;
	header = (ip[0] & 0x0f) * 4U;
	total = word(ip + 2);
	if (ip[0] >> 4 != 4 || header < 20)
		return TP_REASON_ipv4_malformed;
	if (!fits(packet, header))
		return TP_REASON_ipv4_truncated;
	if (total < header || total > left(packet))
		return TP_REASON_ipv4_malformed;
	if (word(ip + 6) & 0x3fff)
		return TP_REASON_ipv4_fragment;
	packet->family = 4;
	packet->dscp = ip[1] >> 2;
	packet->protocol = ip[9];
	packet->source = ip + 12;
	packet->destination = ip + 16;
	packet->offset += header;
	return packet->protocol == IPPROTO_ICMP ? TP_REASON_icmp : NEXT_RULE;
}

/* Bytes of an extension header by its length byte; 0 when @type is none that is followed. */
static size_t extension_size(__u8 type, __u8 length)
{
	switch (type) {
	case 0:
	case 43:
	case 60:
	case 135:
	case 139:
	case 140:
		return 8 + 8U * length;
	case 51:
		return 8 + 4U * length;
	default:
		return 0;
	}
}

/* Rule 5, the chain. */
static enum tp_reason follow_extensions(struct parsed *packet)
{
	int followed = 0;

	for (;;) {
		const unsigned char *header = packet->frame + packet->offset;
		size_t size;

		if (packet->protocol == 44)
			return TP_REASON_ipv6_fragment;
		if (extension_size(packet->protocol, 0) == 0)
			return packet->protocol == 58 ? TP_REASON_icmpv6 : NEXT_RULE;
		if (followed++ == EXTENSIONS_FOLLOWED)
			return TP_REASON_ipv6_ext_too_many;
		if (!fits(packet, 8))
			return TP_REASON_ipv6_ext_truncated;
		size = extension_size(packet->protocol, header[1]);
		if (!fits(packet, size))
			return TP_REASON_ipv6_ext_truncated;
		packet->protocol = header[0];
		packet->offset += size;
	}
}

/* Rule 5. */
static enum tp_reason parse_ipv6(struct parsed *packet)
{
	const unsigned char *ip = packet->frame + packet->offset;

	if (!fits(packet, 40))
		return TP_REASON_ipv6_truncated;
	if (ip[0] >> 4 != 6 || word(ip + 4) + 40U > left(packet))
		return TP_REASON_ipv6_malformed;
	packet->family = 6;
	packet->dscp = (__u8)((word(ip) >> 6) & 0x3f);
	packet->protocol = ip[6];
	packet->source = ip + 8;
	packet->destination = ip + 24;
	packet->offset += 40;
	return follow_extensions(packet);
}

/* Rule 6. */
static enum tp_reason parse_transport(struct parsed *packet)
{
	const unsigned char *header = packet->frame + packet->offset;

	if (packet->protocol == IPPROTO_TCP) {
		if (!fits(packet, 20))
			return TP_REASON_l4_truncated;
		if (header[12] >> 4 < 5)
			return TP_REASON_l4_malformed;
	} else if (packet->protocol == IPPROTO_UDP) {
		if (!fits(packet, 8))
			return TP_REASON_l4_truncated;
		if (word(header + 4) < 8 || word(header + 4) > left(packet))
			return TP_REASON_l4_malformed;
	} else {
		return TP_REASON_l4_unknown;
	}
	packet->sport = word(header);
	packet->dport = word(header + 2);
	return NEXT_RULE;
}

/* Rule 7. */
static bool control_port(const struct parsed *packet)
{
	return packet->protocol == IPPROTO_TCP && (packet->sport == 22 || packet->dport == 22 ||
						   packet->sport == 179 || packet->dport == 179);
}

/* Rules 2 to 7. */
static enum tp_reason parse(struct parsed *packet)
{
	enum tp_reason reason = parse_ethernet(packet);

	if (reason != NEXT_RULE)
		return reason;
	switch (packet->ethertype) {
	case 0x0806:
		return TP_REASON_arp;
	case 0x0800:
		reason = parse_ipv4(packet);
		break;
	case 0x86dd:
		reason = parse_ipv6(packet);
		break;
	default:
		return TP_REASON_ethertype_unknown;
	}
	if (reason != NEXT_RULE)
		return reason;
	reason = parse_transport(packet);
	if (reason != NEXT_RULE)
		return reason;
	return control_port(packet) ? TP_REASON_control_port : NEXT_RULE;
}

/* Rule 8: index of the service, or -1. */
static int find_service(const struct rules *rules, const struct parsed *packet)
{
	for (__u32 i = 0; i < rules->services; i++) {
		const struct rule_service *service = &rules->service[i];

		if (service->protocol != packet->protocol || packet->dport < service->first ||
		    packet->dport > service->last)
			continue;
		if (service->family == 0 ||
		    rules_prefix_holds(service->family, service->addr, service->prefix_len,
				       packet->family, packet->destination))
			return (int)i;
	}
	return -1;
}

static __u16 find_mark(const struct rule_mark *marks, __u32 count, __u16 value)
{
	for (__u32 i = 0; i < count; i++)
		if (marks[i].value == value)
			return marks[i].tenant;
	return TP_TENANT_BY_RULE;
}

/* Longest prefix of one kind, its length in @length; -1 there where none matches. */
static __u16 find_prefix(const struct rules *rules, __u8 kind, __u8 family,
			 const unsigned char *addr, int *length)
{
	__u16 tenant = TP_TENANT_DEFAULT;

	*length = -1;
	for (__u32 i = 0; i < rules->prefixes; i++) {
		const struct rule_prefix *prefix = &rules->prefix[i];

		if (prefix->kind != kind || prefix->prefix_len <= *length ||
		    !rules_prefix_holds(prefix->family, prefix->addr, prefix->prefix_len, family,
					addr))
			continue;
		*length = prefix->prefix_len;
		tenant = prefix->tenant;
	}
	return tenant;
}

/* Rule 9, without the service's own word. */
static __u16 find_tenant(const struct rules *rules, const struct parsed *packet)
{
	int peer_length, local_length;
	__u16 tenant, peer, local;

	if (rules->flags & TP_GEN_TRUST_VLAN && packet->outer_vlan != 0) {
		tenant = find_mark(rules->vlan, rules->vlans, packet->outer_vlan);
		if (tenant != TP_TENANT_BY_RULE)
			return tenant;
	}
	if (rules->flags & TP_GEN_TRUST_DSCP) {
		tenant = find_mark(rules->dscp, rules->dscps, packet->dscp);
		if (tenant != TP_TENANT_BY_RULE)
			return tenant;
	}
	peer = find_prefix(rules, TP_PREFIX_PEER, packet->family, packet->source, &peer_length);
	local = find_prefix(rules, TP_PREFIX_LOCAL, packet->family, packet->destination,
			    &local_length);
	return peer_length >= local_length ? peer : local;
}

/* Rule 10, path af_xdp. */
static enum tp_reason steer_af_xdp(const struct sink *sink, const struct parsed *packet)
{
	if (sink->beat == BEAT_NEVER)
		return TP_REASON_xsk_unbound;
	if (sink->beat == BEAT_STALE)
		return TP_REASON_xsk_stalled;
	if (packet->protocol == IPPROTO_TCP && !sink->forwards)
		return TP_REASON_xsk_not_forwarder;
	return sink->socket ? TP_REASON_xsk_redirected : TP_REASON_xsk_unbound;
}

/* Rule 10. */
static void steer(const struct reference_input *input, const struct parsed *packet,
		  struct reference_answer *answer)
{
	__u32 cpu;

	switch (answer->path) {
	case TP_PATH_AF_XDP:
		answer->reason = steer_af_xdp(&input->sink, packet);
		if (answer->reason == TP_REASON_xsk_redirected)
			answer->verdict = TP_VERDICT_XSK;
		break;
	case TP_PATH_CPU:
		cpu = input->rules->cpu[answer->class_];
		answer->reason = TP_REASON_cpu_unavailable;
		if (cpu >= 64 || !(input->cpus >> cpu & 1))
			break;
		answer->reason = TP_REASON_cpu_redirected;
		answer->verdict = TP_VERDICT_CPU;
		answer->cpu = cpu;
		break;
	case TP_PATH_RDMA:
		answer->reason = TP_REASON_rdma_counted;
		break;
	default:
		answer->reason = TP_REASON_service_stack;
	}
}

static void decide(const struct reference_input *input, const struct parsed *packet,
		   struct reference_answer *answer)
{
	int index = find_service(input->rules, packet);
	const struct rule_service *service = index < 0 ? NULL : &input->rules->service[index];

	answer->counted = true;
	answer->flow = true;
	if (!service) {
		answer->reason = TP_REASON_no_service;
		answer->service = TP_SERVICE_NONE;
		answer->tenant = find_tenant(input->rules, packet);
		return;
	}
	answer->service = (__u8)(TP_SERVICE_FIRST + index);
	answer->class_ = (__u8)service->class_;
	answer->path = (__u8)service->path;
	answer->tenant = service->tenant;
	if (answer->tenant == TP_TENANT_BY_RULE)
		answer->tenant = find_tenant(input->rules, packet);
	if (service->class_ == TP_CLASS_CONTROL)
		answer->reason = TP_REASON_control_service;
	else
		steer(input, packet, answer);
}

struct reference_answer reference_classify(const struct reference_input *input)
{
	struct parsed packet = {
		.frame = input->frame,
		.length = input->length,
		.linear = input->linear,
	};
	struct reference_answer answer = {
		.verdict = TP_VERDICT_STACK,
		.reason = TP_REASON_no_policy, /* rule 1 */
		.service = TP_SERVICE_NONE,
		.tenant = TP_TENANT_DEFAULT,
	};

	if (!input->rules)
		return answer;
	answer.reason = parse(&packet);
	switch (answer.reason) {
	case NEXT_RULE:
		decide(input, &packet, &answer);
		break;
	case TP_REASON_arp:
	case TP_REASON_icmp:
	case TP_REASON_icmpv6:
	case TP_REASON_control_port:
		answer.counted = true;
		answer.service = TP_SERVICE_CONTROL;
		break;
	default:
		break;
	}
	return answer;
}

const char *reference_reason_name(__u32 reason)
{
	static const char *const names[] = {
#define X(name, verdict, text) #name,
		TP_REASON_LIST(X)
#undef X
	};

	return reason < TP_REASONS ? names[reason] : "out of range";
}
