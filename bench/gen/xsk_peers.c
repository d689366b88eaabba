// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/xsk_peers.h"

#include <string.h>

#define PROBES 8

/* Places for peers that come are found by hash; what looks further than PROBES takes another's. */
static unsigned int home_of(const struct xsk_peers *p, const uint8_t *host, uint16_t port)
{
	uint32_t low;

	memcpy(&low, host + p->host_len - sizeof(low), sizeof(low));
	return (low ^ port) * 2654435761U >> 22;
}
_Static_assert(TRANSPORT_MAX_PEERS == 1 << (32 - 22), "the hash's width follows the table");

static bool is(const struct xsk_peers *p, unsigned int i, const uint8_t *host, uint16_t port)
{
	return p->key[i].port == port && !memcmp(p->key[i].host, host, p->host_len);
}

int xsk_peers_find(struct xsk_peers *p, const uint8_t *host, uint16_t port)
{
	unsigned int i, slot, home, n = p->known ? p->known : PROBES;

	if (is(p, p->last, host, port))
		return (int)p->last;
	home = p->known ? 0 : home_of(p, host, port);
	for (i = 0; i < n; i++) {
		slot = (home + i) % TRANSPORT_MAX_PEERS;
		if (is(p, slot, host, port))
			return (int)(p->last = slot);
	}
	return -1;
}

static void put(struct xsk_peers *p, unsigned int i, const void *host, uint16_t port)
{
	memcpy(p->key[i].host, host, p->host_len);
	p->key[i].port = port;
}

unsigned int xsk_peers_take(struct xsk_peers *p, const uint8_t *host, uint16_t port, bool *evicted)
{
	unsigned int i, slot, home = home_of(p, host, port);

	for (i = 0; i < PROBES; i++) {
		slot = (home + i) % TRANSPORT_MAX_PEERS;
		if (!p->key[slot].port)
			break;
	}
	*evicted = i == PROBES;
	if (*evicted)
		slot = home;
	put(p, slot, host, port);
	return p->last = slot;
}

void xsk_peers_add(struct xsk_peers *p, const void *host, uint16_t port)
{
	put(p, p->known++, host, port);
}
