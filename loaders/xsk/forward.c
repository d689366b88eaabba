// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Forward: layer 2, as a wire between two interfaces, or back out of the one that a packet came in by
 * (then with its MAC addresses swapped, or no switch would carry it).  Nothing else changes, but
 * checksums that the sender left to its device are completed: no device will do it after this.
 */
#include "loaders/lib/packet.h"
#include "loaders/xsk/worker.h"

#define PREFETCH_AHEAD 4

static void complete(struct worker *w, struct packet *p)
{
	if (packet_parse(p) && packet_csum_suspect(p) && packet_csum_settle(p) == CSUM_PARTIAL)
		xsk_count(&w->count.checksums_completed, 1);
}

void forward_batch(struct worker *w, uint32_t in, struct xdp_desc *descs, uint32_t n)
{
	uint32_t i, out = w->nports - 1 - in;

	for (i = 0; i < n && i < PREFETCH_AHEAD; i++)
		__builtin_prefetch(umem_data(&w->umem, descs[i].addr), 1);
	for (i = 0; i < n;) {
		struct packet p = packet_of(&w->umem, &descs[i], n - i);

		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(umem_data(&w->umem, descs[i + PREFETCH_AHEAD].addr), 1);
		complete(w, &p);
		if (out == in)
			packet_swap_macs(&p);
		if (!xsk_port_send(&w->port[out], &w->umem, p.descs, p.n))
			worker_free(w, p.descs, p.n);
		i += p.n;
	}
}
