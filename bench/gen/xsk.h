/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One end of the AF_XDP transport. */
#ifndef TRIPATH_BENCH_XSK_H
#define TRIPATH_BENCH_XSK_H

#include "bench/gen/transport.h"
#include "bench/gen/xsk_peers.h"
#include "loaders/lib/xsk_udp.h"

#define XSK_BATCH 64

struct xsk {
	struct transport base;
	struct transport_events events;
	enum transport_wait wait;
	bool server;
	bool unflushed;
	struct xsk_udp udp;
	struct xsk_peers peers;
	uint32_t busy_poll_budget;
	uint64_t fallen_ns; /* on that clock: when the stack's socket was looked at */
	uint64_t quiet_ns; /* on the heartbeat's clock: since when nothing came, or was looked at */
	struct histogram *delivery;
};

/* xsk_open.c: transport_ops.client and .server, and .receipt. */
int xsk_client(const struct transport_config *config, struct transport **out, char *why);
int xsk_server(const struct transport_config *config, struct transport **out, char *why);
json_t *xsk_receipt(const struct transport *base);

#endif
