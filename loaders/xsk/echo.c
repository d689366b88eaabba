// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Echo: each UDP packet goes back to its sender, its ends swapped, as a UDP echo server would answer.
 * Swapping leaves every checksum as it was, so only what arrived incomplete is computed.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "loaders/lib/inet_csum.h"
#include "loaders/lib/packet.h"
#include "loaders/xsk/worker.h"

#define REPLY_TTL      64
#define PREFETCH_AHEAD 4

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t t[sizeof(struct in6_addr)];

	memcpy(t, a, len);
	memcpy(a, b, len);
	memcpy(b, t, len);
}

static bool is_group_mac(const uint8_t *mac)
{
	return mac[0] & 1;
}

/* An answer must not go to, or pretend to come from, anyone but a single host. */
static bool is_host_ipv4(const uint8_t *addr)
{
	return addr[0] != 0 && addr[0] < 224;
}

static bool is_host_ipv6(const uint8_t *addr)
{
	static const uint8_t unspecified[sizeof(struct in6_addr)];

	return addr[0] != 0xff && memcmp(addr, unspecified, sizeof(unspecified)) != 0;
}

static bool answerable(const struct packet *p)
{
	const uint8_t *src, *dst;

	if (p->protocol != IPPROTO_UDP || p->routed || is_group_mac(p->head))
		return false;
	if (p->family == 4) {
		src = p->l3 + offsetof(struct iphdr, saddr);
		dst = p->l3 + offsetof(struct iphdr, daddr);
		return is_host_ipv4(src) && is_host_ipv4(dst);
	}
	src = p->l3 + offsetof(struct ipv6hdr, saddr);
	dst = p->l3 + offsetof(struct ipv6hdr, daddr);
	return is_host_ipv6(src) && is_host_ipv6(dst);
}

static void turn_ipv4(struct packet *p)
{
	uint16_t sum;
	uint8_t *ip = p->l3;

	swap(ip + offsetof(struct iphdr, saddr), ip + offsetof(struct iphdr, daddr),
	     sizeof(struct in_addr));
	ip[offsetof(struct iphdr, ttl)] = REPLY_TTL;
	memset(ip + offsetof(struct iphdr, check), 0, sizeof(sum));
	sum = (uint16_t)~csum_fold(csum_bytes(0, ip, (size_t)(p->l4 - ip)));
	memcpy(ip + offsetof(struct iphdr, check), &sum, sizeof(sum));
}

static void turn_ipv6(struct packet *p)
{
	uint8_t *ip = p->l3;

	swap(ip + offsetof(struct ipv6hdr, saddr), ip + offsetof(struct ipv6hdr, daddr),
	     sizeof(struct in6_addr));
	ip[offsetof(struct ipv6hdr, hop_limit)] = REPLY_TTL;
}

/* True: @p is now its own answer. */
static bool answer(struct worker *w, struct packet *p)
{
	enum csum_state csum;

	if (!packet_parse(p) || !answerable(p)) {
		xsk_count(&w->count.unhandled, 1);
		return false;
	}
	csum = packet_csum_settle(p);
	if (csum == CSUM_WRONG ||
	    (p->family == 4 &&
	     csum_fold(csum_bytes(0, p->l3, (size_t)(p->l4 - p->l3))) != 0xffff)) {
		xsk_count(&w->count.bad_checksum, 1);
		return false;
	}
	if (csum == CSUM_PARTIAL)
		xsk_count(&w->count.checksums_completed, 1);
	packet_swap_macs(p);
	if (p->family == 4)
		turn_ipv4(p);
	else
		turn_ipv6(p);
	swap(p->l4 + offsetof(struct udphdr, source), p->l4 + offsetof(struct udphdr, dest),
	     sizeof(uint16_t));
	return true;
}

void echo_batch(struct worker *w, uint32_t in, struct xdp_desc *descs, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n && i < PREFETCH_AHEAD; i++)
		__builtin_prefetch(umem_data(&w->umem, descs[i].addr), 1);
	for (i = 0; i < n;) {
		struct packet p = packet_of(&w->umem, &descs[i], n - i);

		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(umem_data(&w->umem, descs[i + PREFETCH_AHEAD].addr), 1);
		if (!answer(w, &p) || !xsk_port_send(&w->port[in], &w->umem, p.descs, p.n))
			worker_free(w, p.descs, p.n);
		i += p.n;
	}
}
