/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The asking end over any transport: introduces itself to its servers, keeps the table of requests in flight,
 * matches replies to them and gives up those that are not answered in time.
 */
#ifndef TRIPATH_BENCH_CLIENT_H
#define TRIPATH_BENCH_CLIENT_H

#include <signal.h>

#include "bench/gen/framing.h"
#include "bench/gen/outbox.h"
#include "bench/gen/transport.h"

#define CLIENT_REQUESTS (1U << 16) /* in flight at most */

enum client_end {
	CLIENT_ANSWERED,
	CLIENT_CORRUPT, /* answered, and the reply or what reached the server was not what was sent */
	CLIENT_LOST,    /* not answered in time, or its peer went away */
};

struct request {
	uint64_t id; /* 0: free */
	uint64_t sent_ns;
	uint32_t step;        /* whose it is, the caller's number */
	uint32_t bytes;       /* of the request, header included */
	uint32_t reply_bytes; /* the same of the reply */
	unsigned short peer;
	unsigned short flags; /* enum wire_flag */
};

struct client_events {
	/* @r is free again after this; the caller may start another request in it. */
	void (*done)(void *ctx, const struct request *r, uint64_t now_ns, enum client_end end);
	/* The answer to client_stats(), JSON that is not terminated. */
	void (*stats)(void *ctx, unsigned int peer, const char *text, size_t bytes);
	void *ctx;
	const volatile sig_atomic_t *stop; /* set by a signal: opening ends early */
};

struct client_counts {
	uint64_t
		stray; /* replies that nobody waits for: late, of another run, or not this protocol */
	uint64_t refused; /* datagrams that the way refused */
	struct framing_counts framing;
};

struct client;

/*
 * Opens and introduces itself to every server.  @timeout_ns: after which a request is lost.  0 and *@out, or a negative errno and words in @why:
 * -EPROTO where what answers is not a server of this version; -EINTR, without words, after @events->stop.
 */
int client_open(const struct transport_ops *ops, const struct transport_config *config,
		uint64_t timeout_ns, const struct client_events *events, struct client **out,
		char *why);
void client_close(struct client *c);
/*
 * Starts a request; @r without id and sent_ns.  0; -EAGAIN where CLIENT_REQUESTS are in flight; another negative errno
 * where its peer is gone or too much waits for it.
 */
int client_request(struct client *c, const struct request *r, uint64_t now_ns);
int client_stats(struct client *c, unsigned int peer);
/* Sends what is queued, then hands up what is there, waiting for at most @timeout_ns.  As transport_ops.poll. */
int client_poll(struct client *c, uint64_t timeout_ns);
/* Gives up requests that are older than the timeout.  Looks at a part of the table; call it often. */
void client_expire(struct client *c, uint64_t now_ns);
/* Why the run cannot go on (a server went away, or spoke nonsense), or NULL. */
const char *client_fault(const struct client *c);
unsigned int client_in_flight(const struct client *c);
struct client_counts client_counts(const struct client *c);
/* New, or NULL: the transport's receipt, and what each server said about itself. */
json_t *client_receipt(const struct client *c);

#endif
