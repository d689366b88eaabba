// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The AF_XDP transport: the same datagrams as UDP's, by a socket of its own UMEM and rings behind the
 * classifier (loaders/lib/xsk_udp.h).  Either end may have an ordinary UDP socket as its peer.
 */
#include "bench/gen/xsk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/clock.h"
#include "bench/histogram.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/sockaddr.h"

#define FALLEN_MAX 65536
#define SPIN_LOOKS 8

/* Nothing came for so long: is what we depend on still there? */
#define QUIET_NS 200000000ULL

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
	struct xsk_datagram batch[XSK_BATCH];
	uint32_t i, n = xsk_udp_receive(&t->udp, batch, XSK_BATCH);

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

	t->fallen_ns = t->udp.beat_ns;
	for (; n < XSK_BATCH; n++) {
		ssize_t bytes = xsk_udp_receive_stack(&t->udp, data, sizeof(data), &from);
		in_port_t port = sockaddr_port(&from);
		bool evicted = false;
		size_t len;
		const void *host = sockaddr_host(&from, &len);

		if (bytes < 0)
			break;
		peer = xsk_peers_find(&t->peers, host, port);
		if (peer < 0 && t->server) {
			struct xsk_udp_peer way;

			if (xsk_udp_resolve(&t->udp, &from, &way))
				continue;
			peer = (int)xsk_peers_take(&t->peers, host, port, &evicted);
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
	/* As long as a receiving system call takes that brings nothing. */
	if (t->wait == TRANSPORT_SPIN)
		xsk_udp_look(&t->udp, SPIN_LOOKS);
	for (;;) {
		/* Each time that the heartbeat's clock moved, a few milliseconds, and when poll() said so. */
		if (t->fallen_ns != t->udp.beat_ns) {
			n = take_fallen(t);
			if (n)
				return n;
		}
		n = take(t);
		if (n) {
			t->quiet_ns = t->udp.beat_ns;
			return n;
		}
		xsk_udp_idle(&t->udp);
		err = look_around(t);
		if (err || t->wait == TRANSPORT_SPIN || !timeout_ns)
			return err;
		err = xsk_udp_wait(&t->udp, timeout_ns);
		if (err == -EINTR)
			return 0;
		if (err < 0) {
			xsk_udp_say(&t->udp, err);
			return err;
		}
		if (err)
			t->fallen_ns = 0;
		timeout_ns -= timeout_ns < TP_XSK_BEAT_NS ? timeout_ns : TP_XSK_BEAT_NS;
	}
}

static void xsk_close(struct transport *base)
{
	struct xsk *t = (struct xsk *)base;

	if (xsk_udp_close(&t->udp))
		msg_error("xsk: frames are unaccounted for: report it");
	free(t);
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
