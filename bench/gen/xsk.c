// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The AF_XDP transport: the same datagrams as UDP's, by a socket of its own UMEM and rings behind the
 * classifier (loaders/lib/xsk_udp.h).  Either end may have an ordinary UDP socket as its peer.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/clock.h"
#include "bench/gen/sock.h"
#include "bench/gen/transport.h"
#include "bench/gen/xsk_peers.h"
#include "bench/histogram.h"
#include "loaders/lib/neighbour.h"
#include "loaders/lib/xsk_udp.h"

#define BATCH        64
#define DEFAULT_RING 1024
#define FALLEN_MAX   65536

/* Nothing came for so long: is what we depend on still there? */
#define QUIET_NS 200000000ULL

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

static int xsk_send(struct transport *base, unsigned int peer, const struct wire_header *header,
		    const void *payload, uint32_t bytes)
{
	struct xsk *t = (struct xsk *)base;
	const struct xsk_udp_peer *to = &t->peers.way[peer];
	uint64_t addr;
	uint8_t *at = xsk_udp_begin(&t->udp, to, &addr);

	if (!at) {
		xsk_udp_flush(&t->udp);
		at = xsk_udp_begin(&t->udp, to, &addr);
		if (!at)
			return -EAGAIN;
	}
	memcpy(at, header, sizeof(*header));
	if (bytes)
		memcpy(at + sizeof(*header), payload, bytes);
	t->unflushed = true;
	return xsk_udp_end(&t->udp, to, addr, (uint32_t)sizeof(*header) + bytes) ? 0 : -EAGAIN;
}

static int xsk_flush(struct transport *base)
{
	struct xsk *t = (struct xsk *)base;

	if (t->unflushed)
		xsk_udp_flush(&t->udp);
	t->unflushed = false;
	return 0;
}

static void note_delivery(struct xsk *t, const struct xsk_datagram *d)
{
	uint64_t now_ns;

	if (!d->stamp_ns)
		return;
	now_ns = clock_ns();
	histogram_add(t->delivery, now_ns > d->stamp_ns ? now_ns - d->stamp_ns : 0);
}

/* A client hears its servers alone; a server whoever asks. */
static int peer_of(struct xsk *t, const struct xsk_datagram *d)
{
	bool evicted = false;
	int peer = xsk_peers_find(&t->peers, d->src_host, d->src_port);

	if (peer >= 0 || !t->server)
		return peer;
	peer = (int)xsk_peers_take(&t->peers, d->src_host, d->src_port, &evicted);
	if (evicted)
		t->events.gone(t->events.ctx, (unsigned int)peer, 0);
	xsk_udp_learn(&t->udp, d, &t->peers.way[peer]);
	return peer;
}

static int take(struct xsk *t)
{
	struct xsk_datagram batch[BATCH];
	uint32_t i, n = xsk_udp_receive(&t->udp, batch, BATCH);

	for (i = 0; i < n; i++) {
		int peer = peer_of(t, &batch[i]);

		if (t->delivery)
			note_delivery(t, &batch[i]);
		if (peer >= 0)
			t->events.rx(t->events.ctx, (unsigned int)peer, batch[i].payload,
				     batch[i].len);
		xsk_udp_release(&t->udp, &batch[i]);
	}
	/* What was received must be given back to the kernel, also where nothing is answered. */
	t->unflushed |= n > 0;
	return (int)n;
}

/* What came by the stack instead: rare, and a sender that is not known yet costs a look at the neighbours. */
static int take_fallen(struct xsk *t)
{
	struct sockaddr_storage from = {};
	unsigned char data[FALLEN_MAX];
	int peer, n = 0;
	ssize_t bytes;

	t->fallen_ns = t->udp.beat_ns;
	for (; n < BATCH; n++) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&from;
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&from;
		const uint8_t *host = (const void *)&v4->sin_addr;
		bool evicted = false;

		bytes = xsk_udp_receive_stack(&t->udp, data, sizeof(data), &from);
		if (bytes < 0)
			break;
		if (from.ss_family == AF_INET6)
			host = (const void *)&v6->sin6_addr;
		peer = xsk_peers_find(&t->peers, host, v4->sin_port);
		if (peer < 0 && t->server) {
			struct xsk_udp_peer way;

			if (xsk_udp_resolve(&t->udp, &from, &way))
				continue;
			peer = (int)xsk_peers_take(&t->peers, host, v4->sin_port, &evicted);
			t->peers.way[peer] = way;
		}
		if (evicted)
			t->events.gone(t->events.ctx, (unsigned int)peer, 0);
		if (peer >= 0)
			t->events.rx(t->events.ctx, (unsigned int)peer, data, (size_t)bytes);
	}
	return n;
}

static int look_around(struct xsk *t)
{
	int err;

	if (t->udp.beat_ns - t->quiet_ns < QUIET_NS)
		return 0;
	t->quiet_ns = t->udp.beat_ns;
	err = xsk_udp_health(&t->udp);
	if (err)
		xsk_udp_say(&t->udp, err);
	return err;
}

static int xsk_poll(struct transport *base, uint64_t timeout_ns)
{
	struct xsk *t = (struct xsk *)base;
	int n, err;

	xsk_flush(base);
	for (;;) {
		n = take(t);
		if (n) {
			t->quiet_ns = t->udp.beat_ns;
			return n;
		}
		/* The heartbeat's clock moved: a few milliseconds. */
		if (t->fallen_ns != t->udp.beat_ns) {
			n = take_fallen(t);
			if (n)
				return n;
		}
		xsk_udp_idle(&t->udp);
		err = look_around(t);
		if (err || t->wait == TRANSPORT_SPIN || !timeout_ns)
			return err;
		err = xsk_udp_wait(&t->udp, timeout_ns);
		if (err == -EINTR)
			return 0;
		if (err) {
			xsk_udp_say(&t->udp, err);
			return err;
		}
		/* Whatever woke us, look at both. */
		t->fallen_ns = 0;
		timeout_ns -= timeout_ns < TP_XSK_BEAT_NS ? timeout_ns : TP_XSK_BEAT_NS;
	}
}

static json_t *counters(const struct xsk *t)
{
	json_t *all = json_object();

#define X(name) json_object_set_new(all, #name, json_integer((json_int_t)t->udp.count.name));
	XSK_UDP_COUNTERS(X)
#undef X
	return all;
}

static json_t *queue_receipt(const struct xsk_port *port)
{
	struct xdp_statistics stats;

	if (xsk_port_kernel_stats(port, &stats))
		return NULL;
	return json_pack("{s:I, s:b, s:I, s:I, s:I, s:I, s:I}", "queue", (json_int_t)port->queue,
			 "zero_copy", port->zero_copy, "lost_no_frame_or_too_long",
			 (json_int_t)stats.rx_dropped, "lost_rx_ring_full",
			 (json_int_t)stats.rx_ring_full, "wakeups", (json_int_t)port->count.wakeups,
			 "tx_device_dropped", (json_int_t)port->count.tx_device_dropped,
			 "rx_ring_peak", (json_int_t)port->count.rx_ring_peak);
}

static json_t *xsk_receipt(const struct transport *base)
{
	const struct xsk *t = (const struct xsk *)base;
	const struct attach_state *state = &t->udp.target.state;
	json_t *queues = json_array();

	for (uint32_t i = 0; queues && i < t->udp.nports; i++)
		json_array_append_new(queues, queue_receipt(&t->udp.port[i]));
	return json_pack("{s:s, s:s, s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
			 "interface", t->udp.target.ifname, "xdp_mode",
			 state->mode == TP_MODE_NATIVE ? "native" : "generic", "program_id",
			 (json_int_t)state->prog_id, "need_wakeup", true, "stamped",
			 state->config.stamp, "busy_poll_budget", (json_int_t)t->busy_poll_budget,
			 "ring_entries", (json_int_t)t->udp.umem.ring, "frame_bytes",
			 (json_int_t)t->udp.umem.frame_size, "frames",
			 (json_int_t)t->udp.umem.frames.total, "segment_bytes",
			 (json_int_t)base->max_frame, "queues", queues, "counters", counters(t));
}

static void xsk_close(struct transport *base)
{
	struct xsk *t = (struct xsk *)base;

	xsk_udp_close(&t->udp);
	free(t);
}

/* The interface that has @address. */
static int interface_of(const struct sockaddr_storage *address, char *name)
{
	struct ifaddrs *all, *i;
	int err = -EADDRNOTAVAIL;

	if (getifaddrs(&all))
		return -errno;
	for (i = all; i && err; i = i->ifa_next) {
		const void *a, *b;

		if (!i->ifa_addr || i->ifa_addr->sa_family != address->ss_family)
			continue;
		a = address->ss_family == AF_INET
			    ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
			    : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
		b = address->ss_family == AF_INET
			    ? (const void *)&((const struct sockaddr_in *)i->ifa_addr)->sin_addr
			    : (const void *)&((const struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
		if (memcmp(a, b,
			   address->ss_family == AF_INET ? sizeof(struct in_addr)
							 : sizeof(struct in6_addr)))
			continue;
		snprintf(name, IF_NAMESIZE, "%s", i->ifa_name);
		err = 0;
	}
	freeifaddrs(all);
	return err;
}

/* Opens the end on @local, by the interface that was asked for or @ifname. */
static int open_end(const struct transport_config *config, const char *ifname,
		    const struct sockaddr_storage *local, struct xsk **out, char *why)
{
	const struct xsk_udp_request req = {
		.ifname = config->interface ? config->interface : ifname,
		.queue = config->queue,
		/* One of several workers has a queue of its own. */
		.queues = config->reuse_port ? 1 : 0,
		.shared_port = config->reuse_port,
		.local = *local,
		.ring = config->ring ? config->ring : DEFAULT_RING,
		.copy = config->require_zero_copy ? XSK_COPY_ZERO : XSK_COPY_ANY,
		.require_zero_copy = config->require_zero_copy,
		.busy_poll_budget = config->busy_poll ? BATCH : 0,
	};
	struct xsk *t = calloc(1, sizeof(*t));
	int err = t ? xsk_udp_open(&t->udp, &req) : -ENOMEM;

	if (err) {
		snprintf(why, TRANSPORT_WHY, "no AF_XDP endpoint on %s: %s", req.ifname,
			 strerror(-err));
		free(t);
		return err;
	}
	t->base.ops = &transport_xsk;
	t->base.max_frame = t->udp.max_payload;
	t->events = config->events;
	t->wait = config->wait;
	t->busy_poll_budget = (uint32_t)req.busy_poll_budget;
	t->delivery = config->delivery;
	t->quiet_ns = t->udp.beat_ns;
	t->peers.host_len = t->udp.host_len;
	*out = t;
	return 0;
}

static int xsk_server(const struct transport_config *config, struct transport **out, char *why)
{
	const struct sockaddr_storage *local = &config->addresses[0];
	char ifname[IF_NAMESIZE] = "", name[SOCK_NAME];
	struct xsk *t;
	int err = config->interface ? 0 : interface_of(local, ifname);

	if (err) {
		snprintf(why, TRANSPORT_WHY, "no interface has the address of %s: give --interface",
			 sock_name(local, name));
		return err;
	}
	err = open_end(config, ifname, local, &t, why);
	if (err)
		return err;
	t->server = true;
	*out = &t->base;
	return 0;
}

/* Peer @i is address @i. */
static int add_server(struct xsk *t, unsigned int i, const struct sockaddr_storage *to, char *why)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)to;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)to;
	char name[SOCK_NAME];
	int err = xsk_udp_resolve(&t->udp, to, &t->peers.way[i]);

	if (err) {
		snprintf(why, TRANSPORT_WHY, "no way to %s over AF_XDP: %s", sock_name(to, name),
			 strerror(-err));
		return err;
	}
	xsk_peers_add(&t->peers,
		      to->ss_family == AF_INET ? (const void *)&v4->sin_addr
					       : (const void *)&v6->sin6_addr,
		      v4->sin_port);
	return 0;
}

static int xsk_client(const struct transport_config *config, struct transport **out, char *why)
{
	char ifname[IF_NAMESIZE] = "", name[SOCK_NAME];
	struct neighbour way;
	struct xsk *t;
	int err;

	if (!config->local_port) {
		snprintf(why, TRANSPORT_WHY,
			 "AF_XDP asks from a port that the policy steers: give --local-port");
		return -EINVAL;
	}
	err = neighbour_resolve(&config->addresses[0], &way);
	if (err || !if_indextoname(way.ifindex, ifname)) {
		err = err ? err : -errno;
		snprintf(why, TRANSPORT_WHY, "no way to %s: %s",
			 sock_name(&config->addresses[0], name), strerror(-err));
		return err;
	}
	/* sin_port and sin6_port stand at the same place. */
	((struct sockaddr_in *)&way.from)->sin_port = htons((uint16_t)config->local_port);
	err = open_end(config, ifname, &way.from, &t, why);
	for (unsigned int i = 0; !err && i < config->naddresses; i++) {
		err = add_server(t, i, &config->addresses[i], why);
		if (err)
			xsk_close(&t->base);
	}
	if (!err)
		*out = &t->base;
	return err;
}

const struct transport_ops transport_xsk = {
	.name = "xsk",
	.datagram = true,
	.client = xsk_client,
	.server = xsk_server,
	.send = xsk_send,
	.flush = xsk_flush,
	.poll = xsk_poll,
	.receipt = xsk_receipt,
	.close = xsk_close,
};
