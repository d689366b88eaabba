// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/packet.h"

#include <arpa/inet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "loaders/lib/inet_csum.h"

#define MAX_VLAN_TAGS         2
#define MAX_EXTENSION_HEADERS 6      /* as the classifier */
#define IPV4_FRAGMENT         0x3fff /* more-fragments flag and offset */

struct packet packet_of(const struct umem *u, const struct xdp_desc *descs, uint32_t max)
{
	struct packet p = {
		.umem = u,
		.descs = descs,
		.n = 1,
		.head = umem_data(u, descs[0].addr),
		.head_len = descs[0].len,
	};

	while (descs[p.n - 1].options & XDP_PKT_CONTD && p.n < max)
		p.n++;
	return p;
}

/* Headers stand at any address: an odd one after odd metadata, and never at a multiple of four. */
static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t total_len(const struct packet *p)
{
	uint32_t i, len = 0;

	for (i = 0; i < p->n; i++)
		len += p->descs[i].len;
	return len;
}

/* @need bytes at @at are in the first frame. */
static bool in_head(const struct packet *p, const uint8_t *at, size_t need)
{
	return (size_t)(at - p->head) + need <= p->head_len;
}

static uint16_t ethertype(struct packet *p)
{
	uint8_t *at = p->head + 2 * ETH_ALEN;
	uint16_t type;
	int tags;

	for (tags = 0; tags <= MAX_VLAN_TAGS; tags++, at += 4) {
		if (!in_head(p, at, sizeof(type)))
			return 0;
		type = ntohs(get16(at));
		if (type != ETH_P_8021Q && type != ETH_P_8021AD) {
			p->l3 = at + sizeof(type);
			return type;
		}
	}
	return 0;
}

/* Options that route or record addresses; NOP and router alert leave a reply right. */
static bool ipv4_routed(const uint8_t *option, const uint8_t *end)
{
	while (option < end && *option != IPOPT_END) {
		if (*option == IPOPT_NOOP) {
			option++;
			continue;
		}
		if (*option != IPOPT_RA || end - option < 2 || option[1] < 2)
			return true;
		option += option[1];
	}
	return false;
}

static bool parse_ipv4(struct packet *p)
{
	struct iphdr ip;
	uint32_t header, len;

	if (!in_head(p, p->l3, sizeof(ip)))
		return false;
	memcpy(&ip, p->l3, sizeof(ip));
	header = ip.ihl * 4U;
	len = ntohs(ip.tot_len);
	if (ip.version != 4 || header < sizeof(ip) || !in_head(p, p->l3, header) || len < header ||
	    ntohs(ip.frag_off) & IPV4_FRAGMENT)
		return false;
	p->routed = ipv4_routed(p->l3 + sizeof(ip), p->l3 + header);
	p->l4 = p->l3 + header;
	p->l4_len = len - header;
	p->protocol = ip.protocol;
	p->family = 4;
	return true;
}

static bool parse_ipv6(struct packet *p)
{
	uint16_t payload_len;
	const uint8_t *end;
	uint8_t next;
	int headers;

	if (!in_head(p, p->l3, sizeof(struct ipv6hdr)) || p->l3[0] >> 4 != 6)
		return false;
	payload_len = get16(p->l3 + offsetof(struct ipv6hdr, payload_len));
	/* 0 is a jumbogram, which no steered service speaks. */
	if (!payload_len)
		return false;
	p->l4 = p->l3 + sizeof(struct ipv6hdr);
	end = p->l4 + ntohs(payload_len);
	next = p->l3[offsetof(struct ipv6hdr, nexthdr)];
	for (headers = 0; headers < MAX_EXTENSION_HEADERS; headers++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS && next != IPPROTO_ROUTING)
			break;
		if (!in_head(p, p->l4, 8))
			return false;
		/* A routing header may put another destination into the pseudo-header. */
		p->routed |= next == IPPROTO_ROUTING;
		next = p->l4[0];
		p->l4 += 8 + 8 * p->l4[1];
		if (p->l4 > end)
			return false;
	}
	p->l4_len = (uint32_t)(end - p->l4);
	p->protocol = next;
	p->family = 6;
	return true;
}

bool packet_parse(struct packet *p)
{
	uint16_t type = ethertype(p);

	if (type == ETH_P_IP ? !parse_ipv4(p) : type != ETH_P_IPV6 || !parse_ipv6(p))
		return false;
	if ((uint32_t)(p->l4 - p->head) + p->l4_len > total_len(p))
		return false;
	if (p->protocol == IPPROTO_UDP) {
		uint32_t len;

		if (!in_head(p, p->l4, sizeof(struct udphdr)))
			return false;
		len = ntohs(get16(p->l4 + offsetof(struct udphdr, len)));
		if (len < sizeof(struct udphdr) || len > p->l4_len)
			return false;
		p->l4_len = len;
		p->csum = p->l4 + offsetof(struct udphdr, check);
		return true;
	}
	if (p->protocol == IPPROTO_TCP) {
		p->csum = p->l4 + offsetof(struct tcphdr, check);
		return in_head(p, p->l4, sizeof(struct tcphdr)) &&
		       p->l4_len >= sizeof(struct tcphdr);
	}
	return false;
}

static uint64_t pseudo_sum(const struct packet *p)
{
	const uint8_t *addrs = p->family == 4 ? p->l3 + offsetof(struct iphdr, saddr)
					      : p->l3 + offsetof(struct ipv6hdr, saddr);

	/* 32 bits for the length keep a carry that 16 would lose. */
	return csum_bytes((uint64_t)htonl(p->l4_len) + htons(p->protocol), addrs,
			  p->family == 4 ? 2 * sizeof(struct in_addr)
					 : 2 * sizeof(struct in6_addr));
}

/* Sum of all that the checksum covers, its own field included, pseudo-header not. */
static uint64_t data_sum(const struct packet *p)
{
	uint32_t i, skip = (uint32_t)(p->l4 - p->head), done = 0;
	uint64_t sum = 0;

	for (i = 0; i < p->n && done < p->l4_len; i++) {
		const uint8_t *data = umem_data(p->umem, p->descs[i].addr) + skip;
		uint32_t len = p->descs[i].len - skip;

		if (len > p->l4_len - done)
			len = p->l4_len - done;
		sum = csum_add_at(sum, csum_bytes(0, data, len), done);
		done += len;
		skip = 0;
	}
	return sum;
}

bool packet_csum_suspect(const struct packet *p)
{
	return !p->routed && get16(p->csum) == csum_fold(pseudo_sum(p));
}

/* A UDP checksum of 0 would mean that there is none. */
static void put_csum(struct packet *p, uint64_t sum)
{
	uint16_t csum = (uint16_t)~csum_fold(sum);

	if (!csum && p->protocol == IPPROTO_UDP)
		csum = 0xffff;
	memcpy(p->csum, &csum, sizeof(csum));
}

enum csum_state packet_csum_settle(struct packet *p)
{
	uint64_t pseudo, data;
	uint16_t csum = get16(p->csum);

	if (p->protocol == IPPROTO_UDP && !csum)
		return p->family == 4 ? CSUM_NONE : CSUM_WRONG;
	pseudo = pseudo_sum(p);
	data = data_sum(p);
	if (csum_fold(csum_add(pseudo, data)) == 0xffff)
		return CSUM_RIGHT;
	if (csum != csum_fold(pseudo))
		return CSUM_WRONG;
	/* The field holds the pseudo-header's sum, so the data's sum has both. */
	put_csum(p, data);
	return CSUM_PARTIAL;
}

void packet_swap_macs(struct packet *p)
{
	uint8_t mac[ETH_ALEN];

	memcpy(mac, p->head, ETH_ALEN);
	memcpy(p->head, p->head + ETH_ALEN, ETH_ALEN);
	memcpy(p->head + ETH_ALEN, mac, ETH_ALEN);
}
