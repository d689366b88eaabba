// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a description to the bytes of a frame. Checksums are left 0: the classifier reads none. */
#include "tests/vectors/packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <string.h>

static const unsigned char macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

static void put16(unsigned char *at, size_t value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

static size_t put_ethernet(const struct packet *packet, unsigned char *frame)
{
	size_t at = sizeof(macs);
	__u16 ethertype = packet->ethertype;

	memcpy(frame, macs, sizeof(macs));
	for (unsigned int i = 0; i < packet->tags; i++, at += 4) {
		put16(frame + at, packet->tpid[i] ? packet->tpid[i] : 0x8100);
		put16(frame + at + 2, packet->tci[i]);
	}
	if (!ethertype)
		ethertype = packet->family == 6 ? 0x86dd : 0x0800;
	put16(frame + at, ethertype);
	return at + 2;
}

static void put_address(int family, const char *text, const char *otherwise, unsigned char *at)
{
	if (!text)
		text = otherwise;
	if (inet_pton(family, text, at) != 1)
		errx(1, "packet: %s is no address of its family", text);
}

/* Returns the bytes of the header with its options; the total length comes later. */
static size_t put_ipv4(const struct packet *packet, unsigned char *ip)
{
	size_t words = 5U + packet->options;

	ip[0] = (unsigned char)((4 + packet->version_add) << 4 |
				(((int)words + packet->ihl_add) & 0xf));
	ip[1] = packet->tos;
	put16(ip + 6, packet->fragment);
	ip[8] = 64;
	ip[9] = packet->protocol;
	put_address(AF_INET, packet->source, "198.51.100.7", ip + 12);
	put_address(AF_INET, packet->destination, "10.9.9.9", ip + 16);
	memset(ip + 20, 1, packet->options * 4U); /* no operation */
	return words * 4;
}

static size_t put_ipv6(const struct packet *packet, unsigned char *ip)
{
	size_t at = 40;
	unsigned char *next = ip + 6;

	put16(ip, (6 + (size_t)packet->version_add) << 12 | (size_t)packet->tos << 4);
	ip[7] = 64;
	put_address(AF_INET6, packet->source, "2001:db8:ffff::7", ip + 8);
	put_address(AF_INET6, packet->destination, "2001:db8:9::9", ip + 24);
	for (unsigned int i = 0; i < packet->extensions; i++) {
		const struct packet_extension *extension = &packet->extension[i];

		*next = extension->type;
		next = ip + at;
		ip[at + 1] = extension->units;
		at += 8 + (extension->type == 51 ? 4U : 8U) * extension->units;
	}
	*next = packet->protocol;
	return at;
}

static size_t put_transport(const struct packet *packet, unsigned char *header)
{
	size_t size = packet->protocol == IPPROTO_TCP ? 20 : 8;

	if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) {
		put16(header, packet->sport ? packet->sport : 40000);
		put16(header + 2, packet->dport);
	}
	if (packet->protocol == IPPROTO_TCP)
		header[12] = (unsigned char)((5 + packet->offset_add) << 4);
	if (packet->protocol == IPPROTO_UDP)
		put16(header + 4, 8U + packet->payload + (size_t)packet->udp_length_add);
	return size;
}

/* The payload is a ramp, so that a byte that moved or changed shows. */
static size_t put_payload(const struct packet *packet, unsigned char *at)
{
	for (size_t i = 0; i < packet->payload; i++)
		at[i] = (unsigned char)(i + 1);
	return packet->payload;
}

static void put_ip_length(const struct packet *packet, unsigned char *ip, size_t bytes)
{
	if (packet->family == 4)
		put16(ip + 2, bytes + (size_t)packet->ip_length_add);
	else
		put16(ip + 4, (bytes < 40 ? 0 : bytes - 40) + (size_t)packet->ip_length_add);
}

struct packet_layout packet_build(const struct packet *packet, unsigned char *frame)
{
	struct packet_layout layout;
	size_t at, end;

	memset(frame, 0, PACKET_MAX);
	at = put_ethernet(packet, frame);
	layout.ip = at;
	layout.transport = at;
	if (packet->family) {
		at += packet->family == 4 ? put_ipv4(packet, frame + at)
					  : put_ipv6(packet, frame + at);
		layout.transport = at;
		at += put_transport(packet, frame + at);
	}
	at += put_payload(packet, frame + at);
	end = packet->cut && packet->cut < at ? packet->cut : at;
	if (packet->refit && end > layout.ip)
		at = end;
	if (packet->family)
		put_ip_length(packet, frame + layout.ip, at - layout.ip);
	memset(frame + end, 0, PACKET_MAX - end);
	layout.length = end + packet->pad;
	return layout;
}
