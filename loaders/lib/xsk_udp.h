/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A UDP endpoint over AF_XDP: one local address and port, on some receive queues of an interface where
 * tp-load attached the classifier with a policy that steers that port to af_xdp.  It answers and asks
 * ordinary UDP peers.  A datagram is one frame: at most the MTU, never fragmented.
 *
 * The order of a turn: xsk_udp_receive(), then for each datagram xsk_udp_release(); xsk_udp_begin() and
 * xsk_udp_end() for what is sent; xsk_udp_flush() once for the batch.  xsk_udp_beat() must be called
 * every TP_XSK_BEAT_NS or the stack gets the packets; receive, flush and wait do so.  One thread owns
 * an endpoint.  Functions return 0 or more, or a negative errno.
 */
#ifndef TRIPATH_LOADERS_LIB_XSK_UDP_H
#define TRIPATH_LOADERS_LIB_XSK_UDP_H

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "loaders/lib/packet.h"
#include "loaders/lib/udp_headers.h"
#include "loaders/lib/xsk_setup.h"
#include "loaders/lib/xsk_target.h"

#define XSK_UDP_COUNTERS(X)                                                                        \
	X(received) /* datagrams for the local address and port */                                 \
	X(stamped)  /* of them, with an arrival stamp (tp-load attach --stamp) */                  \
	X(sent)                                                                                    \
	X(foreign)             /* lost: steered here and for another address or port */            \
	X(malformed)           /* lost: not plain UDP */                                           \
	X(bad_checksum)        /* lost */                                                          \
	X(checksums_completed) /* CHECKSUM_PARTIAL datagrams, of a peer on this machine */         \
	X(no_frame)            /* sends put off: every frame was in use */                         \
	X(fell_back)           /* datagrams that came by the stack */

struct xsk_udp_counters {
#define X(name) uint64_t name;
	XSK_UDP_COUNTERS(X)
#undef X
};

struct xsk_udp_request {
	const char *ifname;
	uint32_t queue;                /* the first */
	uint32_t queues;               /* how many; 0: all from the first on */
	struct sockaddr_storage local; /* a single host's */
	uint32_t ring;                 /* entries, a power of two */
	enum xsk_copy copy;
	bool require_zero_copy;
	bool sanitize;
	bool shared_port; /* other endpoints of this program have the same port, on other queues */
	int busy_poll_budget; /* packets a round; 0: no busy polling */
};

struct xsk_udp {
	struct target target;
	struct umem umem;
	struct xsk_port port[XSK_SETUP_PORTS];
	uint32_t nports;
	uint32_t next_port; /* to be looked at first */
	struct sockaddr_storage local;
	uint8_t local_host[sizeof(struct in6_addr)];
	uint32_t host_len;
	uint16_t local_port; /* network byte order */
	uint32_t max_payload;
	uint64_t beat_ns;
	int stack_fd; /* a UDP socket on the same port, for what the classifier lets the stack have */
	uint32_t idle; /* looks in vain since something came */
	bool busy_poll;
	struct xsk_udp_counters count;
};

/* Received; the frame is the caller's until xsk_udp_release(). */
struct xsk_datagram {
	const uint8_t *payload;
	const uint8_t *src_host; /* 4 or 16 bytes, as in the packet */
	uint64_t addr;
	uint64_t stamp_ns; /* arrival, CLOCK_MONOTONIC; 0: not stamped */
	uint32_t len;
	uint32_t port;     /* index of the queue it came by */
	uint16_t src_port; /* network byte order */
};

/* Where datagrams are sent to. */
struct xsk_udp_peer {
	struct udp_headers headers;
	uint32_t port; /* index of the queue that they leave by */
};

/* Opens, publishes its queues and beats.  Says what is wrong and how to mend it. */
int xsk_udp_open(struct xsk_udp *u, const struct xsk_udp_request *req);

/*
 * Retires its queues, waits for what was sent, and closes.  The frames that are then neither free nor the
 * kernel's: 0, or a bug.
 */
uint32_t xsk_udp_close(struct xsk_udp *u);

/* Asks the kernel for the way to @to, which must leave by the endpoint's interface. Says what is wrong. */
int xsk_udp_resolve(const struct xsk_udp *u, const struct sockaddr_storage *to,
		    struct xsk_udp_peer *peer);

/* The sender of @d. */
void xsk_udp_learn(const struct xsk_udp *u, const struct xsk_datagram *d,
		   struct xsk_udp_peer *peer);

/* At most @max valid datagrams for this endpoint, all from one queue; what is not valid is counted and freed. */
uint32_t xsk_udp_receive(struct xsk_udp *u, struct xsk_datagram *d, uint32_t max);

/*
 * A datagram that the classifier gave to the stack, because this endpoint had lost its CPU or had just begun:
 * copied to @data, its sender to @from.  Its bytes; -EAGAIN: none.  A system call.
 */
ssize_t xsk_udp_receive_stack(struct xsk_udp *u, void *data, size_t size,
			      struct sockaddr_storage *from);

/* Gives the frame of @d back. */
void xsk_udp_release(struct xsk_udp *u, const struct xsk_datagram *d);

/* Where the payload of a datagram to @peer is to be written; NULL: no frame is free, flush and try again. */
uint8_t *xsk_udp_begin(struct xsk_udp *u, const struct xsk_udp_peer *peer, uint64_t *addr);

/* Queues it, with @len bytes of payload.  False: no room on the ring; the frame is free again. */
bool xsk_udp_end(struct xsk_udp *u, const struct xsk_udp_peer *peer, uint64_t addr, uint32_t len);

/* Sends what was queued, takes back what was sent and gives frames to receive into. */
void xsk_udp_flush(struct xsk_udp *u);

/* True as soon as something is there to be received; looks at most so often, some 20 ns each. */
bool xsk_udp_look(const struct xsk_udp *u, uint32_t times);

/* Nothing came, and the caller spins: drives what waits for it, and lets the other thread of the core run. */
void xsk_udp_idle(struct xsk_udp *u);

/* Sleeps until something arrives, for at most @timeout_ns and TP_XSK_BEAT_NS.  1 where it came by the stack, else 0; -EINTR; -ENETDOWN. */
int xsk_udp_wait(struct xsk_udp *u, uint64_t timeout_ns);

/* 0; -ENETDOWN: the interface is gone; -ESTALE: the classifier was detached.  Costs a few system calls. */
int xsk_udp_health(const struct xsk_udp *u);
/* Says what @err of xsk_udp_health() or xsk_udp_wait() means, and what to do. */
void xsk_udp_say(const struct xsk_udp *u, int err);

void xsk_udp_beat(struct xsk_udp *u);

#endif
