// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/outbox.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER ((uint32_t)sizeof(struct wire_header))
#define TURN   32 /* frames of one peer before the next has its turn, and input is looked at */

struct outgoing {
	struct wire_header header;
	uint32_t sent; /* of its payload */
};

struct queue {
	unsigned int first, count;
	struct outgoing message[OUTBOX_MESSAGES];
};

struct outbox {
	struct transport *t;
	struct content *content;
	bool checked; /* content has its checksums */
	unsigned int waiting;
	unsigned int npeers; /* one more than the highest that waited ever */
	uint32_t frame[TRANSPORT_MAX_PEERS];
	struct queue *queue[TRANSPORT_MAX_PEERS]; /* each made when something first waits */
};

struct outbox *outbox_new(struct transport *t)
{
	struct outbox *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->t = t;
	o->content = content_new();
	if (!o->content) {
		free(o);
		return NULL;
	}
	for (unsigned int i = 0; i < TRANSPORT_MAX_PEERS; i++)
		o->frame[i] = t->max_frame;
	return o;
}

void outbox_free(struct outbox *o)
{
	if (!o)
		return;
	for (unsigned int i = 0; i < TRANSPORT_MAX_PEERS; i++)
		free(o->queue[i]);
	content_free(o->content);
	free(o);
}

void outbox_frame(struct outbox *o, unsigned int peer, uint32_t bytes)
{
	o->frame[peer] = bytes && bytes < o->t->max_frame ? bytes : o->t->max_frame;
}

bool outbox_idle(const struct outbox *o)
{
	return !o->waiting;
}

void outbox_forget(struct outbox *o, unsigned int peer)
{
	if (!o->queue[peer])
		return;
	o->waiting -= o->queue[peer]->count;
	free(o->queue[peer]);
	o->queue[peer] = NULL;
	o->frame[peer] = o->t->max_frame;
}

/* Sends up to TURN frames; 0 when the message is out, -EAGAIN when it goes on later, else the peer is gone. */
static int send_frames(struct outbox *o, unsigned int peer, struct outgoing *m)
{
	struct wire_header *h = &m->header;
	uint32_t payload = le32toh(h->length) - HEADER;
	uint32_t room = o->frame[peer] - HEADER;
	uint64_t id = le64toh(h->id);

	h->segment = htole32(payload > room ? room : 0);
	for (int i = 0; i < TURN; i++) {
		uint32_t bytes = payload - m->sent < room ? payload - m->sent : room;
		int err;

		h->offset = htole32(m->sent);
		if (le16toh(h->flags) & WIRE_CHECKED)
			h->checksum = htole32(content_checksum(o->content, id, m->sent, bytes));
		err = o->t->ops->send(o->t, peer, h, content_at(o->content, id, m->sent), bytes);
		if (err)
			return err;
		m->sent += bytes;
		if (m->sent == payload)
			return 0;
	}
	return -EAGAIN;
}

static int queue_up(struct outbox *o, unsigned int peer, const struct outgoing *m)
{
	struct queue *q = o->queue[peer];

	if (!q) {
		q = malloc(sizeof(*q));
		if (!q)
			return -ENOMEM;
		q->first = q->count = 0;
		o->queue[peer] = q;
		if (peer >= o->npeers)
			o->npeers = peer + 1;
	}
	if (q->count == OUTBOX_MESSAGES)
		return -ENOBUFS;
	q->message[(q->first + q->count++) % OUTBOX_MESSAGES] = *m;
	o->waiting++;
	return 0;
}

int outbox_data(struct outbox *o, unsigned int peer, const struct wire_header *header)
{
	struct outgoing m = {.header = *header};
	int err;

	/* The table of checksums: only those who need it pay for it. */
	if (le16toh(header->flags) & WIRE_CHECKED && !o->checked) {
		bool datagram = o->t->ops->datagram;

		err = content_sum(o->content, datagram ? o->frame[peer] - HEADER : 0);
		if (err)
			return err;
		o->checked = true;
	}
	if (o->queue[peer] && o->queue[peer]->count)
		return queue_up(o, peer, &m);
	err = send_frames(o, peer, &m);
	return err == -EAGAIN ? queue_up(o, peer, &m) : err;
}

int outbox_control(struct outbox *o, unsigned int peer, const struct wire_header *header,
		   const void *payload)
{
	return o->t->ops->send(o->t, peer, header, payload, le32toh(header->length) - HEADER);
}

void outbox_push(struct outbox *o)
{
	for (unsigned int peer = 0; o->waiting && peer < o->npeers; peer++) {
		struct queue *q = o->queue[peer];
		int err = 0;

		while (q && q->count && !err) {
			err = send_frames(o, peer, &q->message[q->first]);
			if (err == -EAGAIN)
				break;
			if (err) {
				outbox_forget(o, peer);
				break;
			}
			q->first = (q->first + 1) % OUTBOX_MESSAGES;
			q->count--;
			o->waiting--;
		}
	}
}
