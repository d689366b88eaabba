/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From frame to flow key.  Each stage looks at one header and returns PARSED to go on, or the reason
 * for which the frame is the stack's.  Headers must lie in the frame's first buffer; lengths that they
 * state are held against the whole frame.  Nothing is written.
 *
 * The stages are run in two ways.  parse_plain() is for nearly every frame: no VLAN tag, no IPv4 option,
 * no IPv6 extension header, nothing odd.  It only says yes or no, so the compiler keeps of each stage no
 * more than that takes.  parse() is for the rest and knows why.
 */
#ifndef TRIPATH_BPF_PARSE_H
#define TRIPATH_BPF_PARSE_H

#include "flow.h"
#include "reasons.h"
#include <bpf/bpf_endian.h>

#define PARSED          TP_REASONS
#define NOT_PLAIN       (TP_REASONS + 1) /* of the stages of parse_plain() only */
#define VLAN_TAGS_MAX   2
#define VLAN_VID_MASK   0x0fff
#define IPV6_EXT_MAX    6
#define IP_MF_OR_OFFSET 0x3fff

#define IPV4_NO_OPTIONS 0x45 /* version 4, five words of header */
#define PORT_SSH        22
#define PORT_BGP        179

struct packet {
	const void *pos; /* the header that comes next */
	const void *end; /* of the linear part */
	__u32 len;       /* of the frame, fragments of a multi-buffer frame included */
	__u32 ip_room;   /* bytes of the frame from the IP header on */
	__u32 l4_room;   /* bytes of the frame from the transport header on */
	__u16 ethertype; /* network byte order */
	__u8 protocol;
	__u8 dscp_mask; /* of the TOS byte: what of it is part of the flow, by the policy's trust */
	__u32 ports;    /* as both stand in the header */
	__u32 meta;     /* of the flow key */
	struct flow_key key;
};

/* The header of @type at pkt->pos; not to be touched before FITS() said so. */
#define HEADER(pkt, type) ((const type *)(pkt)->pos)
#define FITS(pkt, header) ((const void *)((header) + 1) <= (pkt)->end)

#ifndef NULL
#define NULL ((void *)0)
#endif

/* Keeps what odd frames need out of the line that all frames run through. */
#define unlikely(x) __builtin_expect(!!(x), 0)

static __always_inline bool is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

static __always_inline enum tp_reason parse_ethernet(struct packet *pkt, bool plain)
{
	const struct ethhdr *eth = HEADER(pkt, struct ethhdr);

	if (unlikely(!FITS(pkt, eth)))
		return TP_REASON_eth_truncated;
	pkt->pos = eth + 1;
	pkt->ethertype = eth->h_proto;
	pkt->ip_room = pkt->len - sizeof(*eth);
	if (plain)
		return PARSED;

#pragma unroll
	for (int tag = 0; tag < VLAN_TAGS_MAX; tag++) {
		const struct vlan_hdr *vlan = HEADER(pkt, struct vlan_hdr);

		if (!is_vlan(pkt->ethertype))
			return PARSED;
		if (unlikely(!FITS(pkt, vlan)))
			return TP_REASON_vlan_truncated;
		pkt->pos = vlan + 1;
		pkt->ethertype = vlan->h_vlan_encapsulated_proto;
		pkt->ip_room -= sizeof(*vlan);
		pkt->meta |= (__u32)(bpf_ntohs(vlan->h_vlan_TCI) & VLAN_VID_MASK)
			     << (tag ? TP_META_VLAN2_SHIFT : TP_META_VLAN_SHIFT);
	}
	return is_vlan(pkt->ethertype) ? TP_REASON_vlan_too_deep : PARSED;
}

static __always_inline enum tp_reason parse_ipv4(struct packet *pkt, bool plain)
{
	const struct iphdr *ip = HEADER(pkt, struct iphdr);
	__u32 header = sizeof(*ip), total;

	if (unlikely(!FITS(pkt, ip)))
		return TP_REASON_ipv4_truncated;
	if (unlikely(ip->version_ihl != IPV4_NO_OPTIONS)) {
		if (plain)
			return NOT_PLAIN;
		header = (ip->version_ihl & 0xf) * 4;
		if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip))
			return TP_REASON_ipv4_malformed;
		if ((const void *)ip + header > pkt->end)
			return TP_REASON_ipv4_truncated;
	}
	total = bpf_ntohs(ip->tot_len);
	if (unlikely(total < header || total > pkt->ip_room))
		return TP_REASON_ipv4_malformed;
	if (unlikely(ip->frag_off & bpf_htons(IP_MF_OR_OFFSET)))
		return TP_REASON_ipv4_fragment;
	if (!plain && ip->protocol == IPPROTO_ICMP)
		return TP_REASON_icmp;

	pkt->pos = (const void *)ip + header;
	pkt->l4_room = pkt->ip_room - header;
	pkt->protocol = ip->protocol;
	pkt->meta |= ip->tos & pkt->dscp_mask;
	pkt->key.s0 = ip->saddr;
	pkt->key.d0 = ip->daddr;
	return PARSED;
}

/* Length of an extension header that has @hdrlen in its second byte; 0: not an extension header. */
static __always_inline __u32 ipv6_ext_len(__u8 nexthdr, __u8 hdrlen)
{
	switch (nexthdr) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_MH:
	case IPPROTO_HIP:
	case IPPROTO_SHIM6:
		return 8 + 8 * hdrlen;
	case IPPROTO_AH:
		return 8 + 4 * hdrlen;
	default:
		return 0;
	}
}

/* What ipv6_ext_skip() returns, in one word. */
#define EXT_RESULT(reason, protocol, len) ((__u32)(reason) << 24 | (__u32)(protocol) << 16 | (len))
#define EXT_REASON(r)                     ((r) >> 24)
#define EXT_PROTOCOL(r)                   ((__u8)((r) >> 16))
#define EXT_LEN(r)                        ((r)&0x3fff) /* 6 headers of at most 2,048 bytes fit */

/*
 * Follows the chain from @first, a header of type @next.  Not inlined, to keep it out of the common
 * path's way; unrolled, because Linux 6.1 refuses the shape that clang gives the loop.
 */
static __noinline __u32 ipv6_ext_skip(const void *first, const void *end, __u32 next)
{
	const void *pos = first;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i <= IPV6_EXT_MAX; i++) {
		const __u8 *ext = pos;
		__u32 len;

		if (next == IPPROTO_FRAGMENT)
			return EXT_RESULT(TP_REASON_ipv6_fragment, 0, 0);
		if (!ipv6_ext_len(next, 0))
			return EXT_RESULT(PARSED, next, sum);
		if (i == IPV6_EXT_MAX)
			break;
		if ((const void *)(ext + 8) > end)
			return EXT_RESULT(TP_REASON_ipv6_ext_truncated, 0, 0);
		len = ipv6_ext_len(next, ext[1]);
		if ((const void *)(ext + len) > end)
			return EXT_RESULT(TP_REASON_ipv6_ext_truncated, 0, 0);
		next = ext[0];
		pos = ext + len;
		sum += len;
	}
	return EXT_RESULT(TP_REASON_ipv6_ext_too_many, 0, 0);
}

static __always_inline enum tp_reason parse_ipv6(struct packet *pkt, bool plain)
{
	const struct ipv6hdr *ip = HEADER(pkt, struct ipv6hdr);
	__u32 first;

	if (unlikely(!FITS(pkt, ip)))
		return TP_REASON_ipv6_truncated;
	pkt->pos = ip + 1;
	first = bpf_ntohl(ip->ver_tc_flow);
	if (unlikely(first >> 28 != 6 || bpf_ntohs(ip->payload_len) + sizeof(*ip) > pkt->ip_room))
		return TP_REASON_ipv6_malformed;
	pkt->l4_room = pkt->ip_room - sizeof(*ip);
	pkt->protocol = ip->nexthdr;
	if (!plain && pkt->protocol != IPPROTO_TCP && pkt->protocol != IPPROTO_UDP) {
		__u32 ext = ipv6_ext_skip(pkt->pos, pkt->end, pkt->protocol);

		if (EXT_REASON(ext) != PARSED)
			return EXT_REASON(ext);
		pkt->protocol = EXT_PROTOCOL(ext);
		pkt->pos += EXT_LEN(ext);
		pkt->l4_room -= EXT_LEN(ext);
	}
	if (!plain && pkt->protocol == IPPROTO_ICMPV6)
		return TP_REASON_icmpv6;

	pkt->meta |= TP_META_IPV6 | (first >> 20 & pkt->dscp_mask);
	pkt->key.s0 = ip->saddr[0];
	pkt->key.s1 = ip->saddr[1];
	pkt->key.d0 = ip->daddr[0];
	pkt->key.d1 = ip->daddr[1];
	return PARSED;
}

static __always_inline bool is_control_port(__be16 port)
{
	return port == bpf_htons(PORT_SSH) || port == bpf_htons(PORT_BGP);
}

static __always_inline enum tp_reason parse_transport(struct packet *pkt)
{
	if (pkt->protocol == IPPROTO_UDP) {
		const struct udphdr *udp = HEADER(pkt, struct udphdr);
		__u32 len;

		if (unlikely(!FITS(pkt, udp)))
			return TP_REASON_l4_truncated;
		len = bpf_ntohs(udp->len);
		if (unlikely(len < sizeof(*udp) || len > pkt->l4_room))
			return TP_REASON_l4_malformed;
		pkt->ports = *(const __u32 *)udp;
		return PARSED;
	}
	if (pkt->protocol == IPPROTO_TCP) {
		const struct tcphdr *tcp = HEADER(pkt, struct tcphdr);

		if (unlikely(!FITS(pkt, tcp)))
			return TP_REASON_l4_truncated;
		if (unlikely(tcp->doff_res >> 4 < 5))
			return TP_REASON_l4_malformed;
		if (unlikely(is_control_port(tcp->source) || is_control_port(tcp->dest)))
			return TP_REASON_control_port;
		pkt->ports = *(const __u32 *)tcp;
		pkt->meta |= TP_META_TCP;
		return PARSED;
	}
	return TP_REASON_l4_unknown;
}

/* Fills pkt->key; true where the frame is plain IPv4 (or, as @ipv6 says, IPv6) with TCP or UDP. */
static __always_inline bool parse_plain(struct packet *pkt, bool ipv6)
{
	if (parse_ethernet(pkt, true) != PARSED)
		return false;
	if (ipv6) {
		if (pkt->ethertype != bpf_htons(ETH_P_IPV6) || parse_ipv6(pkt, true) != PARSED)
			return false;
	} else if (pkt->ethertype != bpf_htons(ETH_P_IP) || parse_ipv4(pkt, true) != PARSED) {
		return false;
	}
	if (parse_transport(pkt) != PARSED)
		return false;
	pkt->key.id = TP_FLOW_ID(pkt->ports, pkt->meta);
	return true;
}

/* Fills pkt->key; PARSED, or the reason for which the frame goes to the stack undecided. */
static __always_inline enum tp_reason parse(struct packet *pkt)
{
	enum tp_reason odd = parse_ethernet(pkt, false);

	if (odd != PARSED)
		return odd;
	if (pkt->ethertype == bpf_htons(ETH_P_IP))
		odd = parse_ipv4(pkt, false);
	else if (pkt->ethertype == bpf_htons(ETH_P_IPV6))
		odd = parse_ipv6(pkt, false);
	else
		odd = pkt->ethertype == bpf_htons(ETH_P_ARP) ? TP_REASON_arp
							     : TP_REASON_ethertype_unknown;
	if (odd != PARSED)
		return odd;
	odd = parse_transport(pkt);
	pkt->key.id = TP_FLOW_ID(pkt->ports, pkt->meta);
	return odd;
}

#endif
