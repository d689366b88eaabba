// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/load/question.h"

#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
	char addr[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	unsigned long port;
	size_t len;
	char *end;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > UINT16_MAX)
		return false;
	endpoint->port = (uint16_t)port;
	len = (size_t)(colon - text);
	endpoint->family = AF_INET;
	if (len > 2 && text[0] == '[' && colon[-1] == ']') {
		endpoint->family = AF_INET6;
		text++;
		len -= 2;
	}
	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	return inet_pton(endpoint->family, addr, &endpoint->addr) == 1;
}

static uint8_t *put_ethernet(const struct question *question, uint8_t *at)
{
	uint16_t type = htons(question->src.family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP);
	uint16_t tag[2] = {htons(ETH_P_8021Q), htons((uint16_t)question->vlan)};

	memset(at, 0, 2 * ETH_ALEN);
	at[0] = at[ETH_ALEN] = 0x02; /* locally administered */
	at[ETH_ALEN - 1] = 1;
	at += 2 * ETH_ALEN;
	if (question->vlan) {
		memcpy(at, tag, sizeof(tag));
		at += sizeof(tag);
	}
	memcpy(at, &type, sizeof(type));
	return at + sizeof(type);
}

static uint8_t *put_ip(const struct question *question, uint8_t *at, uint16_t payload)
{
	struct iphdr v4 = {
		.version = 4,
		.ihl = 5,
		.tos = (uint8_t)(question->dscp << 2),
		.tot_len = htons((uint16_t)(sizeof(v4) + payload)),
		.ttl = 64,
		.protocol = question->protocol,
		.saddr = question->src.addr.v4.s_addr,
		.daddr = question->dst.addr.v4.s_addr,
	};
	struct ip6_hdr v6 = {};

	if (question->src.family == AF_INET) {
		memcpy(at, &v4, sizeof(v4));
		return at + sizeof(v4);
	}
	v6.ip6_flow = htonl(6U << 28 | (uint32_t)question->dscp << 22);
	v6.ip6_plen = htons(payload);
	v6.ip6_nxt = question->protocol;
	v6.ip6_hlim = 64;
	v6.ip6_src = question->src.addr.v6;
	v6.ip6_dst = question->dst.addr.v6;
	memcpy(at, &v6, sizeof(v6));
	return at + sizeof(v6);
}

uint32_t question_frame(const struct question *question, uint8_t *frame)
{
	struct tcphdr tcp = {
		.source = htons(question->src.port),
		.dest = htons(question->dst.port),
		.doff = 5,
		.ack = 1,
	};
	struct udphdr udp = {
		.source = htons(question->src.port),
		.dest = htons(question->dst.port),
		.len = htons(sizeof(udp)),
	};
	bool is_tcp = question->protocol == IPPROTO_TCP;
	uint16_t len = is_tcp ? sizeof(tcp) : sizeof(udp);
	uint8_t *at = put_ip(question, put_ethernet(question, frame), len);

	if (is_tcp)
		memcpy(at, &tcp, sizeof(tcp));
	else
		memcpy(at, &udp, sizeof(udp));
	return (uint32_t)(at - frame) + len;
}
