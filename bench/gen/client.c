// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/client.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bench/gen/clock.h"
#include "bench/gen/hello.h"

#define HEADER       ((uint32_t)sizeof(struct wire_header))
#define EXPIRE_LOOK  4096
#define INTRODUCE_NS (3 * NS_PER_S) /* a busy server may take long to answer for the first time */
#define SLOT         ((1ULL << WIRE_ID_SLOT_BITS) - 1)

struct client {
	struct transport *t;
	struct framing *framing;
	struct outbox *outbox;
	struct client_events events;
	struct hello hello;
	struct client_counts counts;
	uint64_t timeout_ns;
	uint64_t now_ns; /* of the batch that is handled, 0: not looked at yet */
	uint32_t session;
	unsigned int npeers;
	bool fault;
	char why[TRANSPORT_WHY];
	uint64_t generation;
	unsigned int nfree, touched, expire_at;
	uint32_t free[CLIENT_REQUESTS]; /* a stack: the slot used last is the warmest */
	struct request slot[CLIENT_REQUESTS];
};

static struct wire_header header_of(const struct client *c, enum wire_type type, uint64_t id,
				    uint32_t bytes)
{
	return (struct wire_header){
		.magic = htole32(WIRE_MAGIC),
		.version = WIRE_VERSION,
		.type = (__u8)type,
		.id = htole64(id),
		.length = htole32(bytes),
		.session = htole32(c->session),
	};
}

static void free_slot(struct client *c, uint32_t slot)
{
	c->slot[slot].id = 0;
	c->free[c->nfree++] = slot;
}

static void finish(struct client *c, uint32_t slot, uint64_t now_ns, enum client_end end)
{
	struct request r = c->slot[slot];

	free_slot(c, slot);
	c->events.done(c->events.ctx, &r, now_ns, end);
}

__attribute__((format(printf, 2, 3))) static void fail(struct client *c, const char *fmt, ...)
{
	va_list args;

	if (c->fault)
		return;
	c->fault = true;
	va_start(args, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, args);
	va_end(args);
}

static void on_reply(struct client *c, const struct message *m)
{
	uint64_t id = le64toh(m->header->id);
	uint32_t slot = (uint32_t)(id & SLOT);
	enum client_end end = CLIENT_ANSWERED;

	if (slot >= CLIENT_REQUESTS || c->slot[slot].id != id) {
		c->counts.stray++;
		return;
	}
	if (!c->now_ns)
		c->now_ns = clock_ns();
	if (!m->intact || m->bytes + HEADER != c->slot[slot].reply_bytes)
		end = CLIENT_CORRUPT;
	finish(c, slot, c->now_ns, end);
}

static void on_error(struct client *c, unsigned int peer, const struct message *m)
{
	uint64_t id = le64toh(m->header->id);
	uint32_t slot = (uint32_t)(id & SLOT);

	/* About one request: what reached the server was corrupt.  Otherwise it is about all of them. */
	if (id && slot < CLIENT_REQUESTS && c->slot[slot].id == id)
		finish(c, slot, clock_ns(), CLIENT_CORRUPT);
	else
		fail(c, "the server says: %.*s", (int)m->bytes, (const char *)m->body);
}

static void on_message(void *ctx, unsigned int peer, const struct message *m)
{
	struct client *c = ctx;

	if (le32toh(m->header->session) != c->session && m->header->type != WIRE_ERROR) {
		c->counts.stray++;
		return;
	}
	switch (m->header->type) {
	case WIRE_REPLY:
		on_reply(c, m);
		break;
	case WIRE_HELLO_OK:
		hello_answer(&c->hello, peer, m->body, m->bytes);
		outbox_frame(c->outbox, peer, hello_frame(&c->hello, peer));
		break;
	case WIRE_STATS_OK:
		c->events.stats(c->events.ctx, peer, m->body, m->bytes);
		break;
	case WIRE_ERROR:
		on_error(c, peer, m);
		break;
	default:
		fail(c,
		     "the server sends back what it is sent: it is an echo, not `tp-bench serve`");
	}
}

static void on_broken(void *ctx, unsigned int peer, const char *why)
{
	struct client *c = ctx;

	c->counts.stray++;
	/* On a datagram transport a stranger's packet must not end a run that goes well. */
	if (c->t->ops->datagram && hello_done(&c->hello, peer))
		return;
	fail(c, "server %u answers with %s. Is it `tp-bench serve` of this version?", peer + 1,
	     why);
}

static void on_gone(void *ctx, unsigned int peer, int error)
{
	struct client *c = ctx;

	if (c->t && c->t->ops->datagram && hello_done(&c->hello, peer)) {
		c->counts.refused++;
		return;
	}
	if (c->t && c->t->ops->datagram) {
		fail(c,
		     "nothing answers for server %u: %s. Does `tp-bench serve --transport %s` run "
		     "there?",
		     peer + 1, strerror(error), c->t->ops->name);
		return;
	}
	fail(c, "server %u %s%s", peer + 1, error ? "is gone: " : "closed the connection",
	     error ? strerror(error) : "");
}

static void on_bytes(void *ctx, unsigned int peer, const void *data, size_t bytes)
{
	framing_rx(((struct client *)ctx)->framing, peer, data, bytes);
}

int client_request(struct client *c, const struct request *r, uint64_t now_ns)
{
	struct wire_header h;
	struct request *mine;
	uint32_t slot;
	int err;

	if (!c->nfree)
		return -EAGAIN;
	slot = c->free[--c->nfree];
	if (slot >= c->touched)
		c->touched = slot + 1;
	mine = &c->slot[slot];
	*mine = *r;
	mine->id = ++c->generation << WIRE_ID_SLOT_BITS | slot;
	mine->sent_ns = now_ns;
	h = header_of(c, WIRE_REQUEST, mine->id, r->bytes);
	h.flags = htole16(r->flags);
	h.reply_length = htole32(r->reply_bytes);
	h.send_ns = htole64(now_ns);
	err = outbox_data(c->outbox, r->peer, &h);
	if (err)
		free_slot(c, slot);
	return err;
}

int client_stats(struct client *c, unsigned int peer)
{
	struct wire_header h = header_of(c, WIRE_STATS, 0, HEADER);

	return outbox_control(c->outbox, peer, &h, NULL);
}

int client_poll(struct client *c, uint64_t timeout_ns)
{
	int err;

	outbox_push(c->outbox);
	err = c->t->ops->flush(c->t);
	if (err)
		return err;
	c->now_ns = 0;
	return c->t->ops->poll(c->t, outbox_idle(c->outbox) ? timeout_ns : 0);
}

void client_expire(struct client *c, uint64_t now_ns)
{
	unsigned int look = c->touched < EXPIRE_LOOK ? c->touched : EXPIRE_LOOK;

	while (look--) {
		const struct request *r;

		if (c->expire_at >= c->touched)
			c->expire_at = 0;
		r = &c->slot[c->expire_at];
		if (r->id && r->sent_ns + c->timeout_ns < now_ns)
			finish(c, c->expire_at, now_ns, CLIENT_LOST);
		c->expire_at++;
	}
}

static int introduce(struct client *c)
{
	uint64_t begin = clock_ns(), next = begin;
	struct wire_header h = header_of(c, WIRE_HELLO, 0, HEADER + sizeof(struct wire_hello));
	struct wire_hello hello = {
		.max_frame = htole32(c->t->max_frame == UINT32_MAX ? 0 : c->t->max_frame)};

	while (hello_missing(&c->hello)) {
		uint64_t now = clock_ns();

		if (*c->events.stop)
			return -EINTR;
		if (now - begin > INTRODUCE_NS) {
			fail(c,
			     "server %u does not answer. Does `tp-bench serve --transport %s` run "
			     "there?",
			     hello_first_missing(&c->hello) + 1, c->t->ops->name);
			return -ETIMEDOUT;
		}
		/* Datagrams may be lost: ask again.  A stream is asked once. */
		for (unsigned int i = 0; now >= next && i < c->npeers; i++)
			if (!hello_done(&c->hello, i))
				outbox_control(c->outbox, i, &h, &hello);
		if (now >= next)
			next = c->t->ops->datagram ? now + 100 * NS_PER_MS : UINT64_MAX;
		if (client_poll(c, NS_PER_MS) < 0)
			fail(c, "the transport failed");
		if (c->fault)
			return -EPROTO;
	}
	return 0;
}

int client_open(const struct transport_ops *ops, const struct transport_config *config,
		uint64_t timeout_ns, const struct client_events *events, struct client **out,
		char *why)
{
	struct client *c = calloc(1, sizeof(*c));
	struct transport_config mine = *config;
	int err = -ENOMEM;

	snprintf(why, TRANSPORT_WHY, "out of memory");
	if (!c)
		return err;
	c->framing = framing_new(
		ops->datagram,
		&(struct framing_events){.message = on_message, .broken = on_broken, .ctx = c});
	if (!c->framing)
		goto close;
	c->events = *events;
	c->timeout_ns = timeout_ns;
	c->npeers = config->naddresses;
	hello_init(&c->hello, c->npeers);
	for (uint32_t i = 0; i < CLIENT_REQUESTS; i++)
		c->free[c->nfree++] = CLIENT_REQUESTS - 1 - i;
	if (getrandom(&c->session, sizeof(c->session), 0) != sizeof(c->session))
		c->session = (uint32_t)clock_ns();
	mine.events = (struct transport_events){.rx = on_bytes, .gone = on_gone, .ctx = c};
	err = ops->client(&mine, &c->t, why);
	if (err)
		goto close;
	c->outbox = outbox_new(c->t);
	err = c->outbox ? introduce(c) : -ENOMEM;
	if (err) {
		snprintf(why, TRANSPORT_WHY, "%s", c->fault ? c->why : strerror(-err));
		goto close;
	}
	*out = c;
	return 0;
close:
	client_close(c);
	return err;
}

void client_close(struct client *c)
{
	if (!c)
		return;
	if (c->t)
		c->t->ops->close(c->t);
	outbox_free(c->outbox);
	framing_free(c->framing);
	free(c);
}

const char *client_fault(const struct client *c)
{
	return c->fault ? c->why : NULL;
}

unsigned int client_in_flight(const struct client *c)
{
	return CLIENT_REQUESTS - c->nfree;
}

struct client_counts client_counts(const struct client *c)
{
	struct client_counts counts = c->counts;

	counts.framing = framing_counts(c->framing);
	return counts;
}

json_t *client_receipt(const struct client *c)
{
	json_t *receipt = c->t->ops->receipt(c->t);

	if (receipt)
		json_object_set_new(receipt, "servers", hello_json(&c->hello));
	return receipt;
}
