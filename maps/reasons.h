/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one registry of reasons.  Every verdict carries one, every one is counted per queue, and
 * every one has a packet vector that reaches it.  Append only: numbers are part of the ABI.
 *
 * X(name, verdict, text for people)
 */
#ifndef TRIPATH_MAPS_REASONS_H
#define TRIPATH_MAPS_REASONS_H

#include "types.h"

#define TP_REASON_LIST(X)                                                                          \
	X(no_policy, STACK, "no policy generation is in force")                                    \
	X(eth_truncated, STACK, "frame shorter than an Ethernet header")                           \
	X(vlan_truncated, STACK, "frame ends inside a VLAN tag")                                   \
	X(vlan_too_deep, STACK, "more than two VLAN tags")                                         \
	X(ethertype_unknown, STACK, "neither IPv4, IPv6 nor ARP")                                  \
	X(arp, STACK, "control: ARP")                                                              \
	X(ipv4_truncated, STACK, "frame ends inside the IPv4 header or its options")               \
	X(ipv4_malformed, STACK, "IPv4 version, header length or total length is wrong")           \
	X(ipv4_fragment, STACK, "IPv4 fragment")                                                   \
	X(icmp, STACK, "control: ICMP")                                                            \
	X(ipv6_truncated, STACK, "frame ends inside the IPv6 header")                              \
	X(ipv6_malformed, STACK, "IPv6 version or payload length is wrong")                        \
	X(ipv6_ext_truncated, STACK, "frame ends inside an IPv6 extension header")                 \
	X(ipv6_ext_too_many, STACK, "more IPv6 extension headers than are followed")               \
	X(ipv6_fragment, STACK, "IPv6 fragment")                                                   \
	X(icmpv6, STACK, "control: ICMPv6, neighbour discovery included")                          \
	X(l4_truncated, STACK, "packet ends inside the TCP or UDP header")                         \
	X(l4_malformed, STACK, "TCP data offset or UDP length is wrong")                           \
	X(l4_unknown, STACK, "neither TCP, UDP nor ICMP")                                          \
	X(control_port, STACK, "control: ssh or BGP")                                              \
	X(control_service, STACK, "control: a service of class control")                           \
	X(no_service, STACK, "no service of the policy matches")                                   \
	X(service_stack, STACK, "the service's home path is the kernel stack")                     \
	X(rdma_counted, STACK, "RoCE, counted and left alone")                                     \
	X(xsk_redirected, XSK, "to the AF_XDP socket of the receive queue")                        \
	X(xsk_unbound, STACK, "no AF_XDP socket is bound to the receive queue")                    \
	X(xsk_stalled, STACK, "the AF_XDP socket's owner has stalled")                             \
	X(xsk_not_forwarder, STACK, "TCP, and the AF_XDP sink does not forward")                   \
	X(cpu_redirected, CPU, "to another CPU through the cpumap")                                \
	X(cpu_unavailable, STACK, "the slot's CPU is not in the cpumap")

enum tp_reason {
#define X(name, verdict, text) TP_REASON_##name,
	TP_REASON_LIST(X)
#undef X
		TP_REASONS,
};

/* One counter a reason, so that bpftool prints them by name. */
struct tp_reasons {
#define X(name, verdict, text) __u64 name;
	TP_REASON_LIST(X)
#undef X
};

_Static_assert(sizeof(struct tp_reasons) == TP_REASONS * sizeof(__u64),
	       "a reason is an index into struct tp_reasons");

#endif
