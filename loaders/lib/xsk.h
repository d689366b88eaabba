/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An AF_XDP socket, from UMEM to statistics, over libxdp's rings.
 *
 * A umem is memory in frames, registered with the kernel; an xsk_port is one socket on one queue of one
 * interface, with its four rings.  Ports that share a umem pass frames between interfaces without
 * copying.  The receive program and the XSKMAP are others' business: tp-load attached the one and pinned
 * the other.
 *
 * The order of a turn: receive() a batch, which returns whole packets; send() or free each; then
 * flush_tx(), reap() and refill() once for the batch.  Everything of one umem belongs to one thread, except
 * xsk_port_kernel_stats().  Functions return 0 or more, or a negative errno.
 */
#ifndef TRIPATH_LOADERS_LIB_XSK_H
#define TRIPATH_LOADERS_LIB_XSK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xdp/xsk.h>

#include "loaders/lib/frames.h"

/* Bytes of each frame that the kernel keeps free before the packet. */
#define XSK_HEADROOM     256
/* Most frames that one packet may take (the kernel's MAX_SKB_FRAGS + 1), and so the least batch. */
#define XSK_MAX_SEGMENTS 18
#define XSK_BATCH_MAX    256

/* Of the kernel's 6.6 interface, which older headers lack. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif

enum xsk_copy {
	XSK_COPY_ANY, /* zero-copy where the driver has it */
	XSK_COPY_FORCE,
	XSK_COPY_ZERO,
};

/* Counted by the worker; every one only grows. */
#define XSK_PORT_COUNTERS(X)                                                                       \
	X(rx_packets) /* taken from the RX ring */                                                 \
	X(rx_frames)  /* of UMEM, that they filled */                                              \
	X(rx_bytes)   /* of packets, without FCS */                                                \
	X(tx_packets) /* put on the TX ring */                                                     \
	X(tx_frames)                                                                               \
	X(tx_bytes)                                                                                \
	X(tx_completed)      /* frames that came back through the completion ring */               \
	X(tx_ring_full)      /* packets lost: no room on the TX ring */                            \
	X(tx_device_dropped) /* packets lost: the device refused them (completed, not sent) */     \
	X(tx_unsent)         /* packets lost: still on the TX ring when the worker ended */        \
	X(tx_retries)        /* wakeups that left frames on the TX ring, to be tried again */      \
	X(tx_errors)         /* wakeups that failed, e.g. for a link that is down */               \
	X(wakeups)           /* system calls made to start transmission or refill */               \
	X(fill_starved)      /* turns in which no frame was free for an empty fill ring */         \
	X(rx_ring_peak)      /* most frames ever seen waiting on the RX ring */                    \
	X(tx_ring_peak)      /* most frames ever waiting on the TX ring */                         \
	X(completion_peak)   /* most frames ever sent and not yet completed */

struct xsk_port_counters {
#define X(name) uint64_t name;
	XSK_PORT_COUNTERS(X)
#undef X
};

struct xsk_port {
	char ifname[IF_NAMESIZE];
	uint32_t queue;
	int fd;
	bool rx, tx;    /* which rings it has */
	bool zero_copy; /* obtained, read back from XDP_OPTIONS */
	bool multi_buffer;
	uint32_t fill_target; /* frames that the kernel should have to receive into */
	uint32_t kernel_rx;   /* frames that it has */
	uint32_t kernel_tx;   /* frames sent and not completed */
	uint32_t tx_unflushed;
	int tx_error; /* of the latest wakeup, negative errno */
	struct xsk_ring_cons rx_ring;
	struct xsk_ring_prod tx_ring;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons comp;
	struct xsk_socket *xsk;
	struct xsk_port_counters count;
};

struct umem {
	uint8_t *area;
	size_t size;
	uint32_t frame_size;
	uint32_t ring;
	struct xsk_umem *umem;
	struct frames frames;
};

struct umem_request {
	uint32_t frames;
	uint32_t frame_size; /* 2048 or 4096 */
	uint32_t ring; /* entries of RX and TX rings; fill and completion rings have twice that */
	bool sanitize;
};

struct xsk_request {
	const char *ifname;
	uint32_t queue;
	bool rx, tx;
	enum xsk_copy copy;
	bool multi_buffer;
	uint32_t fill_target;
};

/* The kernel's own counters (XDP_STATISTICS). */
#define XSK_KERNEL_COUNTERS(X)                                                                     \
	X(rx_dropped)               /* lost: no frame to receive into, or packet too long */       \
	X(rx_invalid_descs)         /* bad addresses on the fill ring */                           \
	X(tx_invalid_descs)         /* bad descriptors on the TX ring */                           \
	X(rx_ring_full)             /* lost: no room on the RX ring */                             \
	X(rx_fill_ring_empty_descs) /* times that the fill ring was empty */                       \
	X(tx_ring_empty_descs)      /* times that the TX ring was empty */

/* @first is the first port that will be opened: it lends its fill and completion ring. */
int umem_open(struct umem *u, struct xsk_port *first, const struct umem_request *req);
void umem_close(struct umem *u);

/*
 * Binds, reads back the mode and hands the kernel the first frames.  -EBUSY: the queue has a socket;
 * -EOPNOTSUPP: the driver has no zero-copy; -EINVAL: no such queue, or no multi-buffer.
 */
int xsk_port_open(struct xsk_port *p, struct umem *u, const struct xsk_request *req);
void xsk_port_close(struct xsk_port *p);

/* SO_PREFER_BUSY_POLL with the given period and packets a round. */
int xsk_port_busy_poll(struct xsk_port *p, int usec, int budget);

/* Takes SO_ERROR: 0, or -ENETDOWN once the interface is gone. */
int xsk_port_error(const struct xsk_port *p);

int xsk_port_kernel_stats(const struct xsk_port *p, struct xdp_statistics *stats);

/* Copies descriptors of whole packets, at most @max frames (XSK_MAX_SEGMENTS or more); they are the caller's. */
uint32_t xsk_port_receive(struct xsk_port *p, struct umem *u, struct xdp_desc *descs, uint32_t max);

/* Queues one packet of @n frames, which become the kernel's. False: no room; the frames stay the caller's. */
bool xsk_port_send(struct xsk_port *p, struct umem *u, const struct xdp_desc *descs, uint32_t n);

/* Publishes what was queued and wakes the kernel where it wants to be woken. */
void xsk_port_flush_tx(struct xsk_port *p);

/* The last step before the end: counts as lost what the kernel has not taken from the TX ring. */
void xsk_port_abandon_tx(struct xsk_port *p);

/* Frames that were sent go back to the pool. Returns how many. */
uint32_t xsk_port_reap(struct xsk_port *p, struct umem *u);

/* Gives the kernel frames to receive into, up to the target. */
void xsk_port_refill(struct xsk_port *p, struct umem *u);

/* Enters the kernel to receive: drives NAPI under busy polling, wakes a driver that waits for frames. */
void xsk_port_drive_rx(struct xsk_port *p);

/* Frames still on the TX ring. */
uint32_t xsk_port_tx_waiting(const struct xsk_port *p);

static inline uint8_t *umem_data(const struct umem *u, uint64_t addr)
{
	return u->area + addr;
}

/* One writer, any number of readers. */
static inline void xsk_count(uint64_t *counter, uint64_t by)
{
	__atomic_store_n(counter, *counter + by, __ATOMIC_RELAXED);
}

static inline void xsk_peak(uint64_t *counter, uint64_t value)
{
	if (value > *counter)
		__atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

#endif
