// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/udp_headers.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "loaders/lib/inet_csum.h"

#define TTL        64
#define DONT_FRAG  0x4000 /* then the identification may stay 0 */
#define UDP_NO_SUM 0      /* in the field: there is none */

static void make_ipv4(struct udp_headers *h, const struct sockaddr_storage *from,
		      const struct sockaddr_storage *to)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.frag_off = htons(DONT_FRAG),
		.ttl = TTL,
		.protocol = IPPROTO_UDP,
		.saddr = ((const struct sockaddr_in *)from)->sin_addr.s_addr,
		.daddr = ((const struct sockaddr_in *)to)->sin_addr.s_addr,
	};

	memcpy(h->bytes + ETH_HLEN, &ip, sizeof(ip));
	h->ip_sum = csum_bytes(0, &ip, sizeof(ip));
	h->pseudo_sum = csum_bytes(htons(IPPROTO_UDP), &ip.saddr, 2 * sizeof(struct in_addr));
	h->l4 = ETH_HLEN + sizeof(ip);
	h->family = 4;
}

static void make_ipv6(struct udp_headers *h, const struct sockaddr_storage *from,
		      const struct sockaddr_storage *to)
{
	struct ipv6hdr ip = {
		.version = 6,
		.nexthdr = IPPROTO_UDP,
		.hop_limit = TTL,
		.saddr = ((const struct sockaddr_in6 *)from)->sin6_addr,
		.daddr = ((const struct sockaddr_in6 *)to)->sin6_addr,
	};

	memcpy(h->bytes + ETH_HLEN, &ip, sizeof(ip));
	h->pseudo_sum = csum_bytes(htons(IPPROTO_UDP), &ip.saddr, 2 * sizeof(struct in6_addr));
	h->l4 = ETH_HLEN + sizeof(ip);
	h->family = 6;
}

void udp_headers_make(struct udp_headers *h, const uint8_t from_mac[ETH_ALEN],
		      const uint8_t to_mac[ETH_ALEN], const struct sockaddr_storage *from,
		      const struct sockaddr_storage *to)
{
	uint16_t type = htons(from->ss_family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	/* sin_port and sin6_port stand at the same place. */
	struct udphdr udp = {
		.source = ((const struct sockaddr_in *)from)->sin_port,
		.dest = ((const struct sockaddr_in *)to)->sin_port,
	};

	memset(h, 0, sizeof(*h));
	memcpy(h->bytes, to_mac, ETH_ALEN);
	memcpy(h->bytes + ETH_ALEN, from_mac, ETH_ALEN);
	memcpy(h->bytes + 2 * ETH_ALEN, &type, sizeof(type));
	if (from->ss_family == AF_INET)
		make_ipv4(h, from, to);
	else
		make_ipv6(h, from, to);
	memcpy(h->bytes + h->l4, &udp, sizeof(udp));
	h->pseudo_sum = csum_bytes(h->pseudo_sum, &udp, sizeof(udp));
	h->len = h->l4 + (uint8_t)sizeof(udp);
}

static void put16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
}

void udp_headers_write(const struct udp_headers *h, uint8_t *at, uint32_t payload)
{
	uint16_t len = htons((uint16_t)(sizeof(struct udphdr) + payload)), sum;
	uint8_t *ip = at + ETH_HLEN, *udp = at + h->l4;

	memcpy(at, h->bytes, h->len);
	if (h->family == 4) {
		uint16_t total =
			htons((uint16_t)(sizeof(struct iphdr) + sizeof(struct udphdr) + payload));

		put16(ip + offsetof(struct iphdr, tot_len), total);
		sum = (uint16_t)~csum_fold(csum_add(h->ip_sum, total));
		put16(ip + offsetof(struct iphdr, check), sum);
	} else {
		put16(ip + offsetof(struct ipv6hdr, payload_len), len);
	}
	put16(udp + offsetof(struct udphdr, len), len);
	/* The length counts twice: in the pseudo-header and in the header. */
	sum = (uint16_t)~csum_fold(
		csum_bytes(csum_add(h->pseudo_sum, 2 * (uint64_t)len), at + h->len, payload));
	put16(udp + offsetof(struct udphdr, check), sum == UDP_NO_SUM ? 0xffff : sum);
}
