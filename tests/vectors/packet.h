/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Builds one frame from a description in which every field has a sensible zero: a description
 * names only what its test is about.
 */
#ifndef TRIPATH_TESTS_VECTORS_PACKET_H
#define TRIPATH_TESTS_VECTORS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define PACKET_MAX        16384
#define PACKET_EXTENSIONS 10

/* One IPv6 extension header: its type and the value of its length byte. */
struct packet_extension {
	__u8 type;
	__u8 units;
};

struct packet {
	/* Ethernet */
	__u8 tags;     /* VLAN tags */
	__u16 tpid[4]; /* 0: 0x8100 */
	__u16 tci[4];
	__u16 ethertype; /* 0: by family; with family 0 what follows is `payload` bytes */

	/* IP */
	__u8 family;             /* 4 or 6 */
	const char *source;      /* NULL: 198.51.100.7 or 2001:db8:ffff::7 */
	const char *destination; /* NULL: 10.9.9.9 or 2001:db8:9::9 */
	__u8 tos;                /* or traffic class */
	__u8 options;            /* 32-bit words of IPv4 options */
	__u16 fragment;          /* IPv4 flags and offset, host byte order */
	__u8 protocol;
	__u8 extensions; /* entries of `extension`, chained in order */
	struct packet_extension extension[PACKET_EXTENSIONS];

	/* Transport: TCP, UDP, or 8 bytes of anything else */
	__u16 sport; /* 0: 40000 */
	__u16 dport;
	__u16 payload; /* bytes */

	/* Faults: added to the right value */
	int version_add;
	int ihl_add; /* 32-bit words */
	int ip_length_add;
	int udp_length_add;
	int offset_add; /* TCP data offset, 32-bit words */

	/* The frame's end */
	__u16 cut;  /* length of the frame, 0: whole */
	bool refit; /* the IP length tells of the cut frame, so that deeper layers are reached */
	__u16 pad;  /* zero bytes after the packet */
};

/* Offsets within a frame that was built. */
struct packet_layout {
	size_t ip;        /* or what follows the last ethertype */
	size_t transport; /* behind options and extension headers */
	size_t length;
};

/* Writes the frame to @frame, which has room for PACKET_MAX bytes. */
struct packet_layout packet_build(const struct packet *packet, unsigned char *frame);

#endif
