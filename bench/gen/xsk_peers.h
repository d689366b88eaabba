/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who speaks with an AF_XDP end: peers by address and port, and the headers that lead back. */
#ifndef TRIPATH_BENCH_XSK_PEERS_H
#define TRIPATH_BENCH_XSK_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/gen/transport.h"
#include "loaders/lib/xsk_udp.h"

#define XSK_PEER_HOST 16

struct xsk_peer_key {
	uint8_t host[XSK_PEER_HOST]; /* IPv4: the first 4 bytes */
	uint16_t port;               /* network byte order; 0: free */
};

struct xsk_peers {
	uint32_t host_len; /* 4 or 16 */
	unsigned int
		known; /* a client's servers: numbers 0 .. known - 1; 0: a server, which takes who comes */
	unsigned int last; /* found */
	struct xsk_peer_key key[TRANSPORT_MAX_PEERS];
	struct xsk_udp_peer way[TRANSPORT_MAX_PEERS];
};

/* Its number, or -1. */
int xsk_peers_find(struct xsk_peers *p, const uint8_t *host, uint16_t port);

/* A server: the number of a new one.  @evicted: it was another's until now. */
unsigned int xsk_peers_take(struct xsk_peers *p, const uint8_t *host, uint16_t port, bool *evicted);

/* A client: the next of its servers. */
void xsk_peers_add(struct xsk_peers *p, const void *host, uint16_t port);

#endif
