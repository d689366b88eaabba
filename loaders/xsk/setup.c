// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening a worker: what the options mean for its UMEM and sockets. */
#include "loaders/lib/xsk_setup.h"
#include "loaders/xsk/worker.h"

int worker_open(struct worker *w)
{
	const struct xsk_options *opt = w->opt;
	struct xsk_setup setup = {
		.nports = w->nports,
		.frames = opt->frames,
		.frame_size = opt->frame_size,
		.ring = opt->ring,
		.copy = opt->copy,
		.require_zero_copy = opt->require_zero_copy,
		.sanitize = opt->sanitize,
		.busy_poll = opt->wait == WAIT_BUSY_POLL,
		.busy_poll_budget = (int)opt->batch,
	};
	uint32_t i;

	for (i = 0; i < w->nports; i++)
		setup.port[i] = (struct xsk_setup_port){
			.ifname = i ? opt->out : opt->iface,
			.queue = w->queue,
			.owner = w->target[i] ? target_owner(w->target[i], w->queue) : 0,
			.rx = w->target[i],
			.tx = opt->mode != SINK_DROP,
		};
	return xsk_setup_open(&setup, &w->umem, w->port);
}

void worker_close(struct worker *w)
{
	xsk_setup_close(&w->umem, w->port, w->nports);
}
