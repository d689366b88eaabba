/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Opening AF_XDP sockets that share one UMEM, as the MTU and the driver want them, or the words why
 * not.
 */
#ifndef TRIPATH_LOADERS_LIB_XSK_SETUP_H
#define TRIPATH_LOADERS_LIB_XSK_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "loaders/lib/xsk.h"

#define XSK_SETUP_PORTS 16

struct xsk_setup_port {
	const char *ifname;
	uint32_t queue;
	uint32_t owner; /* process that feeds from the queue now, to be named; 0: none is known */
	bool rx, tx;
};

struct xsk_setup {
	struct xsk_setup_port port[XSK_SETUP_PORTS];
	uint32_t nports;
	uint32_t frames;     /* of all ports together */
	uint32_t frame_size; /* bytes; 0: by the MTU */
	uint32_t ring;
	enum xsk_copy copy;
	bool require_zero_copy;
	bool sanitize;
	bool busy_poll;
	int busy_poll_budget; /* packets a round */
};

/*
 * Fills @umem and the ports @ports[0 .. nports - 1].  Waits up to a second for queues whose owner has
 * just died.  Says what failed and how to mend it; negative errno.
 */
int xsk_setup_open(const struct xsk_setup *setup, struct umem *umem, struct xsk_port *ports);
void xsk_setup_close(struct umem *umem, struct xsk_port *ports, uint32_t nports);

#endif
