// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/bpf-packet.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

#include "bench/replay.h"

#define LOCAL_IPV4      0x0a4d0001U /* 10.77.0.1 */
#define LOCAL_IPV6_HIGH 0xfd77000000000000ULL
#define LOCAL_IPV6_LOW  1ULL

static const struct ethhdr ethernet = {
	.h_dest = {0x02, 0, 0, 0, 0, 0x02},
	.h_source = {0x02, 0, 0, 0, 0, 0x01},
};

/* The buffer is made of packed wire formats, so everything is copied in. */
static void put(struct bench_packet *pkt, const void *from, size_t len)
{
	memcpy(pkt->bytes + pkt->len, from, len);
	pkt->len += (__u32)len;
}

static void put_ethernet(struct bench_packet *pkt, unsigned short type)
{
	struct ethhdr eth = ethernet;

	eth.h_proto = htons(type);
	put(pkt, &eth, sizeof(eth));
}

static void put_ipv4(struct bench_packet *pkt, __u8 protocol, size_t l4_len, __u32 flow)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons((__u16)(sizeof(ip) + l4_len)),
		.ttl = 64,
		.protocol = protocol,
		.saddr = htonl(REPLAY_IPV4(flow)),
		.daddr = htonl(LOCAL_IPV4),
	};

	put(pkt, &ip, sizeof(ip));
}

static void put_ipv6(struct bench_packet *pkt, __u8 protocol, size_t l4_len, __u32 flow)
{
	__u64 source[2] = {htobe64(REPLAY_IPV6_HIGH(flow)), htobe64(REPLAY_IPV6_LOW(flow))};
	__u64 local[2] = {htobe64(LOCAL_IPV6_HIGH), htobe64(LOCAL_IPV6_LOW)};
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = htons((__u16)l4_len),
		.nexthdr = protocol,
		.hop_limit = 64,
	};

	memcpy(&ip.saddr, source, sizeof(source));
	memcpy(&ip.daddr, local, sizeof(local));
	put(pkt, &ip, sizeof(ip));
}

void bench_packet_make(struct bench_packet *pkt, bool ipv6, bool tcp, __u32 flow)
{
	static const __u8 payload[BENCH_PAYLOAD];
	struct tcphdr tcp_header = {
		.source = htons(REPLAY_PORT(flow)),
		.dest = htons(BENCH_TCP_PORT),
		.doff = 5,
		.ack = 1,
		.window = htons(512),
	};
	struct udphdr udp_header = {
		.source = htons(REPLAY_PORT(flow)),
		.dest = htons(BENCH_UDP_PORT),
		.len = htons(sizeof(udp_header) + BENCH_PAYLOAD),
	};
	const void *l4 = tcp ? (const void *)&tcp_header : &udp_header;
	size_t l4_len = tcp ? sizeof(tcp_header) : sizeof(udp_header);
	__u8 protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;

	memset(pkt, 0, sizeof(*pkt));
	put_ethernet(pkt, ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	if (ipv6)
		put_ipv6(pkt, protocol, l4_len + BENCH_PAYLOAD, flow);
	else
		put_ipv4(pkt, protocol, l4_len + BENCH_PAYLOAD, flow);
	put(pkt, l4, l4_len);
	put(pkt, payload, sizeof(payload));
}
