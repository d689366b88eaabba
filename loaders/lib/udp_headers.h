/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ethernet, IP and UDP headers of one flow, made once and then copied before each payload: only lengths
 * and checksums change from one datagram to the next.
 */
#ifndef TRIPATH_LOADERS_LIB_UDP_HEADERS_H
#define TRIPATH_LOADERS_LIB_UDP_HEADERS_H

#include <linux/if_ether.h>
#include <stdint.h>
#include <sys/socket.h>

#define UDP_HEADERS_MAX (ETH_HLEN + 40 + 8)

struct udp_headers {
	uint8_t bytes[UDP_HEADERS_MAX];
	uint8_t len;
	uint8_t l4;          /* offset of the UDP header */
	uint8_t family;      /* 4 or 6 */
	uint64_t ip_sum;     /* of the IPv4 header without length and checksum */
	uint64_t pseudo_sum; /* of pseudo-header and UDP header without lengths and checksum */
};

/* Both addresses with their ports, of one family. */
void udp_headers_make(struct udp_headers *h, const uint8_t from_mac[ETH_ALEN],
		      const uint8_t to_mac[ETH_ALEN], const struct sockaddr_storage *from,
		      const struct sockaddr_storage *to);

/* Writes them at @at, where @payload bytes of payload stand behind their place. */
void udp_headers_write(const struct udp_headers *h, uint8_t *at, uint32_t payload);

#endif
