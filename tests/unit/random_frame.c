// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Random frames: a row of the vector table or a packet made of random fields, then, half of
 * the time, a few mutations of its bytes.
 */
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/random.h"
#include "tests/vectors/vectors.h"

static const __u8 extension_types[] = {0, 43, 44, 51, 60, 135, 139, 140, 50, 59};

/* A service to aim at, most of the time. */
static const struct rule_service *random_service(struct random *random, const struct rules *rules)
{
	if (!rules || !rules->services || random_once_in(random, 8))
		return NULL;
	return &rules->service[random_below(random, rules->services)];
}

/* A port of the service or next to its range, or any. */
static __u16 random_port(struct random *random, const struct rule_service *service)
{
	if (!service)
		return (__u16)random_word(random);
	switch (random_below(random, 8)) {
	case 0:
		return (__u16)(service->first - 1);
	case 1:
		return (__u16)(service->last + 1);
	case 2:
		return service->first;
	case 3:
		return service->last;
	default:
		return (__u16)(service->first +
			       random_below(random, service->last - service->first + 1U));
	}
}

static struct packet random_packet(struct random *random, const struct rule_service *service)
{
	static const __u8 protocols[] = {IPPROTO_TCP,  IPPROTO_UDP,    IPPROTO_TCP, IPPROTO_UDP,
					 IPPROTO_ICMP, IPPROTO_ICMPV6, 132};
	struct packet packet = {
		.family = random_once_in(random, 2) ? 4 : 6,
		.protocol = protocols[random_below(random, random_once_in(random, 4) ? 7 : 4)],
		.sport =
			(__u16)(random_once_in(random, 50) ? 22 : 40000 + random_below(random, 64)),
		.dport = random_port(random, service),
		.payload = (__u16)random_below(random, random_once_in(random, 8) ? 1400 : 64),
		.tos = (__u8)random_word(random),
	};

	if (service && !random_once_in(random, 8)) {
		packet.protocol = service->protocol;
		packet.family = service->family ? service->family : packet.family;
	}
	packet.tags = (__u8)(random_once_in(random, 2) ? 0 : random_below(random, 4));
	for (int i = 0; i < packet.tags; i++) {
		packet.tpid[i] = random_once_in(random, 2) ? 0x8100 : 0x88a8;
		packet.tci[i] = (__u16)random_below(random, random_once_in(random, 4) ? 65536 : 64);
	}
	if (random_once_in(random, 4))
		packet.options = (__u8)random_below(random, 11);
	if (random_once_in(random, 16))
		packet.fragment = (__u16)random_word(random);
	if (random_once_in(random, 3))
		packet.extensions = (__u8)random_below(random, 9);
	for (int i = 0; i < packet.extensions; i++) {
		const __u32 kinds = random_once_in(random, 8) ? sizeof(extension_types) : 8;

		packet.extension[i].type = extension_types[random_below(random, kinds)];
		if (packet.extension[i].type == 44 && !random_once_in(random, 4))
			packet.extension[i].type = 60;
		packet.extension[i].units = (__u8)random_below(random, 4);
	}
	if (random_once_in(random, 8))
		packet.pad = (__u16)random_below(random, 32);
	return packet;
}

/* Addresses from the small space that random policies use, the local one mostly of the service. */
static void put_addresses(struct random *random, const struct packet *packet,
			  const struct rule_service *service, unsigned char *ip)
{
	const size_t bytes = packet->family == 4 ? 4 : 16;
	unsigned char *at = ip + (packet->family == 4 ? 12 : 8);

	for (size_t i = 0; i < 2 * bytes; i++)
		at[i] = (unsigned char)(random_once_in(random, 32) ? random_word(random)
								   : random_below(random, 4));
	at[0] = at[bytes] = packet->family == 4 ? 10 : 0x20;
	if (!service || service->family != packet->family || random_once_in(random, 8))
		return;
	for (unsigned int bit = 0; bit < service->prefix_len; bit++) {
		const unsigned char mask = (unsigned char)(0x80 >> bit % 8);

		at[bytes + bit / 8] &= (unsigned char)~mask;
		at[bytes + bit / 8] |= service->addr[bit / 8] & mask;
	}
}

static size_t insert(unsigned char *frame, size_t length, size_t at, size_t bytes)
{
	if (at > length || length + bytes > RANDOM_FRAME_MAX)
		return length;
	memmove(frame + at + bytes, frame + at, length - at);
	return length + bytes;
}

/* A VLAN tag behind the addresses, or eight bytes where an extension header could stand. */
static size_t insert_header(struct random *random, unsigned char *frame, size_t length, size_t ip)
{
	unsigned char *at;

	if (random_once_in(random, 2)) {
		length = insert(frame, length, 12, 4);
		frame[12] = 0x81;
		frame[13] = 0;
		return length;
	}
	if (ip + 40 > length)
		return length;
	length = insert(frame, length, ip + 40, 8);
	at = frame + ip;
	at[40] = at[6];
	at[41] = 0;
	at[6] = extension_types[random_below(random, sizeof(extension_types))];
	return length;
}

/* Fields that decide how far parsing comes: one of them gets a value near its old one, or any. */
static void edit_field(struct random *random, unsigned char *frame, size_t length,
		       const struct packet_layout *layout)
{
	const size_t fields[] = {12,
				 layout->ip,
				 layout->ip + 2,
				 layout->ip + 3,
				 layout->ip + 4,
				 layout->ip + 5,
				 layout->ip + 6,
				 layout->ip + 7,
				 layout->ip + 9,
				 layout->ip + 41,
				 layout->transport,
				 layout->transport + 1,
				 layout->transport + 4,
				 layout->transport + 5,
				 layout->transport + 12};
	const size_t at = fields[random_below(random, sizeof(fields) / sizeof(*fields))];

	if (at >= length)
		return;
	if (random_once_in(random, 2))
		frame[at] = (unsigned char)(frame[at] + random_below(random, 9) - 4);
	else
		frame[at] = (unsigned char)random_word(random);
}

/* From a random place on, the bytes of a row of the table. */
static size_t splice(struct random *random, unsigned char *frame, size_t length)
{
	static unsigned char other[PACKET_MAX];
	const struct packet *row = &vectors[random_below(random, (__u32)vectors_count)].packet;
	const size_t other_length = packet_build(row, other).length;
	const size_t cut = random_below(random, (__u32)length);
	const size_t from =
		random_once_in(random, 2) ? cut : random_below(random, (__u32)other_length);
	size_t bytes;

	if (from >= other_length || cut >= RANDOM_FRAME_MAX)
		return length;
	bytes = other_length - from;
	if (bytes > RANDOM_FRAME_MAX - cut)
		bytes = RANDOM_FRAME_MAX - cut;
	memcpy(frame + cut, other + from, bytes);
	return cut + bytes;
}

static size_t mutate(struct random *random, unsigned char *frame, size_t length,
		     const struct packet_layout *layout)
{
	size_t at;

	switch (random_below(random, 6)) {
	case 0:
		at = random_below(random, (__u32)(length < 100 ? length : 100));
		frame[at] ^= (unsigned char)(1U << random_below(random, 8));
		return length;
	case 1:
		return random_below(random, (__u32)length);
	case 2:
		return insert_header(random, frame, length, layout->ip);
	case 3:
		return splice(random, frame, length);
	default:
		edit_field(random, frame, length, layout);
		return length;
	}
}

size_t random_frame(struct random *random, const struct rules *rules, unsigned char *frame)
{
	static unsigned char built[PACKET_MAX];
	const struct rule_service *service;
	struct packet_layout layout;
	struct packet packet;
	size_t length;

	if (random_once_in(random, 6)) {
		packet = vectors[random_below(random, (__u32)vectors_count)].packet;
		layout = packet_build(&packet, built);
	} else {
		service = random_service(random, rules);
		packet = random_packet(random, service);
		layout = packet_build(&packet, built);
		put_addresses(random, &packet, service, built + layout.ip);
	}
	length = layout.length < RANDOM_FRAME_MAX ? layout.length : RANDOM_FRAME_MAX;
	memcpy(frame, built, length);
	if (random_once_in(random, 2)) {
		for (__u32 times = 1 + random_below(random, 4); times && length > 0; times--)
			length = mutate(random, frame, length, &layout);
	}
	if (length < RANDOM_FRAME_MIN) {
		memset(frame + length, 0, RANDOM_FRAME_MIN - length);
		length = RANDOM_FRAME_MIN;
	}
	return length;
}
