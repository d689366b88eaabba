/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A received packet as the sink needs it: where its headers are, and its transport checksum.  A
 * packet is one or more frames; headers are only looked for in the first.
 *
 * Frames between veths (and of any sender that leaves checksums to its device) arrive with only the
 * pseudo-header's sum in the checksum field, CHECKSUM_PARTIAL, and an AF_XDP descriptor does not
 * say so.  The field itself does: it then equals that sum.
 */
#ifndef TRIPATH_LOADERS_LIB_PACKET_H
#define TRIPATH_LOADERS_LIB_PACKET_H

#include <linux/if_ether.h>
#include <stdbool.h>
#include <stdint.h>

#include "loaders/lib/xsk.h"

struct packet {
	const struct umem *umem;
	const struct xdp_desc *descs;
	uint32_t n; /* descriptors */
	uint8_t *head;
	uint32_t head_len;
	/* Filled by packet_parse(). */
	uint8_t *l3;
	uint8_t *l4;
	uint8_t *csum;   /* field of TCP or UDP */
	uint32_t l4_len; /* bytes that the checksum covers */
	uint8_t family;  /* 4 or 6 */
	uint8_t protocol;
	bool routed; /* source routing, or a header that the addresses alone don't undo */
};

enum csum_state {
	CSUM_RIGHT,
	CSUM_NONE,    /* IPv4 UDP without one */
	CSUM_PARTIAL, /* the pseudo-header's sum only */
	CSUM_WRONG,
};

/* Of the packet that begins at descs[0] and may have @max frames. */
struct packet packet_of(const struct umem *u, const struct xdp_desc *descs, uint32_t max);

/* False unless it is whole, unfragmented TCP or UDP over IPv4 or IPv6. */
bool packet_parse(struct packet *p);

/* True if the checksum field could be partial: cheap, reads no payload. */
bool packet_csum_suspect(const struct packet *p);

/* Reads all of the packet; completes a partial checksum in place. */
enum csum_state packet_csum_settle(struct packet *p);

void packet_swap_macs(struct packet *p);

#endif
