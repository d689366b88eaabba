// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/xsk.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9 /* Linux 6.17 */
#endif
#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#endif
#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET 70
#endif

/* Bytes of sent and not yet freed skbs that copy mode may hold: the default stalls at about 100 frames. */
#define SEND_BUFFER (64 << 20)

int umem_open(struct umem *u, struct xsk_port *first, const struct umem_request *req)
{
	struct xsk_umem_config config = {
		.fill_size = req->ring * 2,
		.comp_size = req->ring * 2,
		.frame_size = req->frame_size,
	};
	int err;

	*u = (struct umem){
		.size = (size_t)req->frames * req->frame_size,
		.frame_size = req->frame_size,
		.ring = req->ring,
	};
	err = frames_init(&u->frames, req->frames, req->frame_size, req->sanitize);
	if (err)
		return err;
	u->area = mmap(NULL, u->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (u->area == MAP_FAILED) {
		err = -errno;
		goto free_frames;
	}
	/* Fewer TLB misses where the kernel can; correct without. */
	madvise(u->area, u->size, MADV_HUGEPAGE);
	if (mlock(u->area, u->size)) {
		err = -errno;
		goto unmap;
	}
	err = xsk_umem__create(&u->umem, u->area, u->size, &first->fill, &first->comp, &config);
	if (err)
		goto unmap;
	return 0;

unmap:
	munmap(u->area, u->size);
free_frames:
	frames_fini(&u->frames);
	return err;
}

void umem_close(struct umem *u)
{
	xsk_umem__delete(u->umem);
	munmap(u->area, u->size);
	frames_fini(&u->frames);
}

static uint16_t bind_flags(const struct xsk_request *req)
{
	uint16_t flags = XDP_USE_NEED_WAKEUP;

	if (req->copy == XSK_COPY_FORCE)
		flags |= XDP_COPY;
	if (req->copy == XSK_COPY_ZERO)
		flags |= XDP_ZEROCOPY;
	if (req->multi_buffer)
		flags |= XDP_USE_SG;
	return flags;
}

/* What the kernel allows and older ones don't know; without them it is slower, not wrong. */
static void tune(const struct xsk_port *p, uint32_t ring)
{
	int bytes = SEND_BUFFER;

	setsockopt(p->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(p->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &ring, sizeof(ring));
}

int xsk_port_open(struct xsk_port *p, struct umem *u, const struct xsk_request *req)
{
	struct xsk_socket_config config = {
		.rx_size = u->ring,
		.tx_size = u->ring,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = bind_flags(req),
	};
	struct xdp_options options = {};
	socklen_t len = sizeof(options);
	int err;

	snprintf(p->ifname, sizeof(p->ifname), "%s", req->ifname);
	p->queue = req->queue;
	p->rx = req->rx;
	p->tx = req->tx;
	p->multi_buffer = req->multi_buffer;
	p->fill_target = req->rx ? req->fill_target : 0;
	err = xsk_socket__create_shared(&p->xsk, req->ifname, req->queue, u->umem,
					req->rx ? &p->rx_ring : NULL, req->tx ? &p->tx_ring : NULL,
					&p->fill, &p->comp, &config);
	if (err)
		return err;
	p->fd = xsk_socket__fd(p->xsk);
	if (getsockopt(p->fd, SOL_XDP, XDP_OPTIONS, &options, &len)) {
		err = -errno;
		xsk_port_close(p);
		return err;
	}
	p->zero_copy = options.flags & XDP_OPTIONS_ZEROCOPY;
	if (req->tx)
		tune(p, u->ring);
	xsk_port_refill(p, u);
	return 0;
}

void xsk_port_close(struct xsk_port *p)
{
	xsk_socket__delete(p->xsk);
	p->xsk = NULL;
}

int xsk_port_busy_poll(struct xsk_port *p, int usec, int budget)
{
	int on = 1;

	if (setsockopt(p->fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on)) ||
	    setsockopt(p->fd, SOL_SOCKET, SO_BUSY_POLL, &usec, sizeof(usec)) ||
	    setsockopt(p->fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof(budget)))
		return -errno;
	return 0;
}

int xsk_port_error(const struct xsk_port *p)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &len) ? -errno : -err;
}

int xsk_port_kernel_stats(const struct xsk_port *p, struct xdp_statistics *stats)
{
	socklen_t len = sizeof(*stats);

	memset(stats, 0, sizeof(*stats));
	return getsockopt(p->fd, SOL_XDP, XDP_STATISTICS, stats, &len) ? -errno : 0;
}

uint32_t xsk_port_receive(struct xsk_port *p, struct umem *u, struct xdp_desc *descs, uint32_t max)
{
	uint32_t i, n, first, whole = 0, packets = 0;
	uint64_t bytes = 0;

	n = xsk_ring_cons__peek(&p->rx_ring, max, &first);
	if (!n)
		return 0;
	xsk_peak(&p->count.rx_ring_peak, p->rx_ring.cached_prod - first);
	for (i = 0; i < n; i++) {
		descs[i] = *xsk_ring_cons__rx_desc(&p->rx_ring, first + i);
		if (!(descs[i].options & XDP_PKT_CONTD)) {
			whole = i + 1;
			packets++;
		}
	}
	/* A packet cut by the end of the batch is left for the next one. */
	xsk_ring_cons__cancel(&p->rx_ring, n - whole);
	for (i = 0; i < whole; i++) {
		bytes += descs[i].len;
		frames_move(&u->frames, descs[i].addr, FRAME_KERNEL_RX, FRAME_WORKER);
	}
	xsk_ring_cons__release(&p->rx_ring, whole);
	p->kernel_rx -= whole;
	xsk_count(&p->count.rx_frames, whole);
	xsk_count(&p->count.rx_packets, packets);
	xsk_count(&p->count.rx_bytes, bytes);
	return whole;
}

uint32_t xsk_port_tx_waiting(const struct xsk_port *p)
{
	if (!p->tx)
		return 0;
	return *p->tx_ring.producer - __atomic_load_n(p->tx_ring.consumer, __ATOMIC_ACQUIRE);
}

/*
 * In copy mode the call is the transmission.  It stops early at the kernel's budget or when the device
 * pushes back (EAGAIN), and after each packet that the device dropped (EBUSY).
 */
static int wake_tx(struct xsk_port *p)
{
	int err = 0;

	xsk_count(&p->count.wakeups, 1);
	if (sendto(p->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
		err = -errno;
	if (err == -EBUSY && !p->zero_copy)
		xsk_count(&p->count.tx_device_dropped, 1);
	else if (err == -EAGAIN)
		xsk_count(&p->count.tx_retries, 1);
	else if (err)
		xsk_count(&p->count.tx_errors, 1);
	return err;
}

void xsk_port_flush_tx(struct xsk_port *p)
{
	uint32_t waiting, before, calls;

	if (!p->tx)
		return;
	if (p->tx_unflushed) {
		xsk_ring_prod__submit(&p->tx_ring, p->tx_unflushed);
		p->tx_unflushed = 0;
	}
	waiting = xsk_port_tx_waiting(p);
	if (!waiting)
		return;
	xsk_peak(&p->count.tx_ring_peak, waiting);
	xsk_peak(&p->count.completion_peak, p->kernel_tx);
	/* In copy mode, again as long as it gets somewhere: what is left waits for the next turn. */
	for (calls = p->zero_copy ? 1 : waiting; calls && waiting; calls--) {
		if (!xsk_ring_prod__needs_wakeup(&p->tx_ring))
			return;
		before = waiting;
		p->tx_error = wake_tx(p);
		waiting = xsk_port_tx_waiting(p);
		if (waiting == before && p->tx_error != -EBUSY)
			return;
	}
}

void xsk_port_abandon_tx(struct xsk_port *p)
{
	uint32_t i, waiting = xsk_port_tx_waiting(p), packets = 0;

	for (i = 0; i < waiting; i++) {
		const struct xdp_desc *d =
			xsk_ring_prod__tx_desc(&p->tx_ring, p->tx_ring.cached_prod - 1 - i);

		packets += !(d->options & XDP_PKT_CONTD);
	}
	xsk_count(&p->count.tx_unsent, packets);
}

bool xsk_port_send(struct xsk_port *p, struct umem *u, const struct xdp_desc *descs, uint32_t n)
{
	uint32_t i, first;
	uint64_t bytes = 0;

	if (!xsk_ring_prod__reserve(&p->tx_ring, n, &first)) {
		xsk_port_flush_tx(p);
		if (!xsk_ring_prod__reserve(&p->tx_ring, n, &first)) {
			xsk_count(&p->count.tx_ring_full, 1);
			return false;
		}
	}
	for (i = 0; i < n; i++) {
		struct xdp_desc *d = xsk_ring_prod__tx_desc(&p->tx_ring, first + i);

		d->addr = descs[i].addr;
		d->len = descs[i].len;
		d->options = i + 1 < n ? XDP_PKT_CONTD : 0;
		bytes += d->len;
		frames_move(&u->frames, d->addr, FRAME_WORKER, FRAME_KERNEL_TX);
	}
	p->tx_unflushed += n;
	p->kernel_tx += n;
	xsk_count(&p->count.tx_packets, 1);
	xsk_count(&p->count.tx_frames, n);
	xsk_count(&p->count.tx_bytes, bytes);
	return true;
}

uint32_t xsk_port_reap(struct xsk_port *p, struct umem *u)
{
	uint32_t i, n, first;

	if (!p->kernel_tx)
		return 0;
	n = xsk_ring_cons__peek(&p->comp, p->kernel_tx, &first);
	if (!n)
		return 0;
	for (i = 0; i < n; i++)
		frames_give(&u->frames, *xsk_ring_cons__comp_addr(&p->comp, first + i),
			    FRAME_KERNEL_TX);
	xsk_ring_cons__release(&p->comp, n);
	p->kernel_tx -= n;
	xsk_count(&p->count.tx_completed, n);
	return n;
}

void xsk_port_refill(struct xsk_port *p, struct umem *u)
{
	uint32_t i, first, n = p->fill_target > p->kernel_rx ? p->fill_target - p->kernel_rx : 0;

	if (n > u->frames.nfree) {
		n = u->frames.nfree;
		if (!n && xsk_prod_nb_free(&p->fill, p->fill.size) == p->fill.size)
			xsk_count(&p->count.fill_starved, 1);
	}
	if (!n || !xsk_ring_prod__reserve(&p->fill, n, &first))
		return;
	for (i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&p->fill, first + i) =
			frames_take(&u->frames, FRAME_KERNEL_RX);
	xsk_ring_prod__submit(&p->fill, n);
	p->kernel_rx += n;
}

void xsk_port_drive_rx(struct xsk_port *p)
{
	xsk_count(&p->count.wakeups, 1);
	recvfrom(p->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}
