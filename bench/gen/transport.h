/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a transport of tp-bench is: a table of functions over one end, client or server, used by one thread.
 *
 * A transport moves frames (a wire header and a payload) to a peer, and hands up what it received: whole
 * datagrams where it is a datagram transport, otherwise any run of the stream's bytes.  It parses nothing:
 * framing.h does that for all of them.  Nothing is allocated for a message.
 *
 * The life of an end:
 *
 *	open → (send… flush  poll)… → close
 *
 * send() only queues where queuing pays (a batch of datagrams, one write for many small messages); flush()
 * gives everything queued to the kernel, as far as it goes now.  rx() may call send() of the same end.
 */
#ifndef TRIPATH_BENCH_TRANSPORT_H
#define TRIPATH_BENCH_TRANSPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "bench/gen/wire.h"

#define TRANSPORT_MAX_PEERS 1024 /* of one end */
#define TRANSPORT_WHY       256

enum transport_wait {
	TRANSPORT_SPIN,  /* never sleep */
	TRANSPORT_BLOCK, /* sleep in the receiving call itself, or nearest to it */
	TRANSPORT_EPOLL, /* sleep in epoll_wait, then read; a server's choice */
};

extern const char *const transport_wait_names[];

struct transport;
struct histogram; /* bench/histogram.h */

struct transport_events {
	/* Received from @peer; @data is the transport's and valid until rx() returns. */
	void (*rx)(void *ctx, unsigned int peer, const void *data, size_t bytes);
	/*
	 * @peer is gone: 0 closed by it, else a positive errno.  A server forgets it and may use the number
	 * again; a client's peers are its addresses, in order, and stay gone.
	 */
	void (*gone)(void *ctx, unsigned int peer, int error);
	void *ctx;
};

struct transport_config {
	const struct sockaddr_storage
		*addresses; /* client: the servers; server: one, to listen on */
	unsigned int naddresses;
	enum transport_wait wait;
	bool reuse_port; /* server: one of several workers */
	/* Of AF_XDP alone; NULL or 0 where it finds out by itself. */
	const char *interface;
	unsigned int queue;
	unsigned int local_port; /* client: one that the policy of its interface steers to af_xdp */
	unsigned int ring;       /* entries */
	bool require_zero_copy;
	bool busy_poll;
	/* Time from a message's arrival stamp to its being handed up, ns; NULL: not measured. */
	struct histogram *delivery;
	struct transport_events events;
};

struct transport_ops {
	const char *name;
	bool datagram;
	/*
	 * Open an end.  0 and *@out, or a negative errno and words in @why (TRANSPORT_WHY bytes), which name
	 * the fix; -EOPNOTSUPP where this machine cannot do it.  A client is connected on return, in so far
	 * as its protocol connects.
	 */
	int (*client)(const struct transport_config *config, struct transport **out, char *why);
	int (*server)(const struct transport_config *config, struct transport **out, char *why);
	/*
	 * One frame to @peer.  @header is copied; @payload must stay as it is for as long as the end is open
	 * (data comes from content.h's pool), so that it need not be; up to WIRE_MAX_CONTROL bytes are copied.  Header and payload are at most
	 * the end's max_frame.  0; -EAGAIN: no room now, nothing was taken, poll() or flush() and try again;
	 * another negative errno: the peer is gone.
	 */
	int (*send)(struct transport *t, unsigned int peer, const struct wire_header *header,
		    const void *payload, uint32_t bytes);
	/* 0 also if something stays queued for want of room; a negative errno if the end itself failed. */
	int (*flush)(struct transport *t);
	/*
	 * Hands up what is there, in one batch of bounded size, waiting for it for at most @timeout_ns where
	 * nothing is (0: not at all; TRANSPORT_SPIN never waits).  Waiting ends early where queued output
	 * could go on, and at a signal.  The frames and reads handed up, or a negative errno.
	 */
	int (*poll)(struct transport *t, uint64_t timeout_ns);
	/* What was really obtained (sizes, modes, fallbacks); new, or NULL. */
	json_t *(*receipt)(const struct transport *t);
	void (*close)(struct transport *t);
};

/* The head of every transport's own struct. */
struct transport {
	const struct transport_ops *ops;
	uint32_t max_frame; /* header and payload; UINT32_MAX on streams */
};

extern const struct transport_ops transport_tcp;
extern const struct transport_ops transport_udp;
extern const struct transport_ops transport_uring;
extern const struct transport_ops transport_xsk;

/* By name, or NULL.  A name that is known and not built for this machine opens with -EOPNOTSUPP. */
const struct transport_ops *transport_find(const char *name);
/* "tcp, udp, …", for messages. */
const char *transport_names(void);

#endif
