// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/framing.h"

#include <ctype.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/assembly.h"
#include "bench/gen/checksum.h"
#include "bench/gen/transport.h"

#define HEADER ((uint32_t)sizeof(struct wire_header))

/* Where one stream stands: inside a header, or inside a payload. */
struct stream {
	bool lost;     /* it cannot be followed any longer */
	uint32_t have; /* of the header */
	uint32_t got;  /* of the payload */
	uint32_t sum;
	struct wire_header header;
	unsigned char body[WIRE_MAX_CONTROL]; /* of all types but requests and replies */
};

struct framing {
	struct framing_events events;
	uint64_t duplicates;
	struct assembly *assembly;                  /* of a datagram transport; NULL on streams */
	struct stream *stream[TRANSPORT_MAX_PEERS]; /* each made at its first byte */
};

struct framing *framing_new(bool datagram, const struct framing_events *events)
{
	struct framing *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->events = *events;
	if (datagram) {
		f->assembly = assembly_new();
		if (!f->assembly) {
			free(f);
			return NULL;
		}
	}
	return f;
}

void framing_free(struct framing *f)
{
	if (!f)
		return;
	for (unsigned int i = 0; i < TRANSPORT_MAX_PEERS; i++)
		free(f->stream[i]);
	assembly_free(f->assembly);
	free(f);
}

void framing_forget(struct framing *f, unsigned int peer)
{
	free(f->stream[peer]);
	f->stream[peer] = NULL;
}

struct framing_counts framing_counts(const struct framing *f)
{
	return (struct framing_counts){f->duplicates,
				       f->assembly ? assembly_given_up(f->assembly) : 0};
}

static void break_off(struct framing *f, unsigned int peer, const char *what, const void *data,
		      size_t bytes)
{
	const unsigned char *p = data;
	char why[160], *w = why;

	w += snprintf(why, sizeof(why), "%s (it begins", what);
	for (size_t i = 0; i < bytes && i < 8; i++)
		w += sprintf(w, " %02x", p[i]);
	w += sprintf(w, ", \"");
	for (size_t i = 0; i < bytes && i < 8; i++)
		*w++ = (char)(isprint(p[i]) ? p[i] : '.');
	memcpy(w, "\")", sizeof("\")"));
	f->events.broken(f->events.ctx, peer, why);
}

/* What is wrong with a header, or NULL. */
static const char *header_fault(const struct wire_header *h)
{
	static _Thread_local char text[96];
	uint32_t length = le32toh(h->length);

	if (le32toh(h->magic) != WIRE_MAGIC)
		return "not the protocol of tp-bench";
	if (h->type == WIRE_ERROR && length >= HEADER && length <= HEADER + WIRE_MAX_CONTROL)
		return NULL;
	if (h->version != WIRE_VERSION) {
		snprintf(text, sizeof(text),
			 "version %u of tp-bench's protocol, and this is version %d", h->version,
			 WIRE_VERSION);
		return text;
	}
	if (h->type < WIRE_HELLO || h->type > WIRE_ERROR)
		return "a message of no known type";
	if (length < HEADER || length > WIRE_MAX_MESSAGE)
		return "a message of impossible length";
	if (h->type != WIRE_REQUEST && h->type != WIRE_REPLY && length > HEADER + WIRE_MAX_CONTROL)
		return "a control message of impossible length";
	return NULL;
}

static bool sum_ok(const struct wire_header *h, uint32_t sum)
{
	return !(le16toh(h->flags) & WIRE_CHECKED) || sum == le32toh(h->checksum);
}

static void deliver(struct framing *f, unsigned int peer, const struct wire_header *h,
		    const void *body, bool intact)
{
	const struct message m = {
		.header = h,
		.body = body,
		.bytes = le32toh(h->length) - HEADER,
		.intact = intact,
	};

	f->events.message(f->events.ctx, peer, &m);
}

static void datagram(struct framing *f, unsigned int peer, const unsigned char *data, size_t bytes)
{
	struct wire_header h;
	uint32_t payload, segment, offset;
	const char *fault = "a datagram too short for a header";
	bool intact = true;

	if (bytes >= HEADER) {
		memcpy(&h, data, HEADER);
		fault = header_fault(&h);
	}
	if (fault) {
		break_off(f, peer, fault, data, bytes);
		return;
	}
	payload = (uint32_t)bytes - HEADER;
	if (le16toh(h.flags) & WIRE_CHECKED)
		intact = sum_ok(&h, checksum(0, data + HEADER, payload));
	segment = le32toh(h.segment);
	if (!segment) {
		if (payload == le32toh(h.length) - HEADER)
			deliver(f, peer, &h, data + HEADER, intact);
		else
			break_off(f, peer, "a datagram of another length than it says", data,
				  bytes);
		return;
	}
	offset = le32toh(h.offset);
	if (segment < ASSEMBLY_MIN_SEGMENT || offset % segment ||
	    offset >= le32toh(h.length) - HEADER ||
	    payload != (le32toh(h.length) - HEADER - offset < segment
				? le32toh(h.length) - HEADER - offset
				: segment)) {
		break_off(f, peer, "a segment that fits no message", data, bytes);
		return;
	}
	switch (assembly_add(f->assembly, peer, &h, payload, &intact)) {
	case ASSEMBLY_WHOLE:
		deliver(f, peer, &h, NULL, intact);
		break;
	case ASSEMBLY_DUPLICATE:
		f->duplicates++;
		break;
	case ASSEMBLY_MORE:
		break;
	}
}

/* The payload goes on; how many of @bytes belong to it. */
static size_t payload_piece(struct framing *f, unsigned int peer, struct stream *s,
			    const unsigned char *data, size_t bytes)
{
	uint32_t whole = le32toh(s->header.length) - HEADER;
	uint32_t n = whole - s->got < bytes ? whole - s->got : (uint32_t)bytes;
	const void *body = n == whole ? data : NULL;

	if (le16toh(s->header.flags) & WIRE_CHECKED)
		s->sum = checksum(s->sum, data, n);
	if (whole <= sizeof(s->body) && n < whole) {
		memcpy(s->body + s->got, data, n);
		body = s->body;
	}
	s->got += n;
	if (s->got == whole) {
		s->have = 0;
		deliver(f, peer, &s->header, body, sum_ok(&s->header, s->sum));
	}
	return n;
}

static void stream(struct framing *f, unsigned int peer, const unsigned char *data, size_t bytes)
{
	struct stream *s = f->stream[peer];

	if (!s)
		s = f->stream[peer] = calloc(1, sizeof(*s));
	if (!s || s->lost)
		return;
	while (bytes) {
		const char *fault;
		size_t n;

		if (s->have == HEADER) {
			n = payload_piece(f, peer, s, data, bytes);
			data += n;
			bytes -= n;
			continue;
		}
		n = HEADER - s->have < bytes ? HEADER - s->have : bytes;
		memcpy((unsigned char *)&s->header + s->have, data, n);
		s->have += (uint32_t)n;
		data += n;
		bytes -= n;
		/* What is no header may be shorter than one: the magic number is enough to tell. */
		if (s->have < sizeof(s->header.magic))
			return;
		fault = s->have == HEADER || le32toh(s->header.magic) != WIRE_MAGIC
				? header_fault(&s->header)
				: NULL;
		if (fault) {
			s->lost = true;
			break_off(f, peer, fault, &s->header, s->have);
			return;
		}
		if (s->have < HEADER)
			return;
		s->got = s->sum = 0;
		if (le32toh(s->header.length) == HEADER) {
			s->have = 0;
			deliver(f, peer, &s->header, s->body, true);
		}
	}
}

void framing_rx(struct framing *f, unsigned int peer, const void *data, size_t bytes)
{
	if (f->assembly)
		datagram(f, peer, data, bytes);
	else
		stream(f, peer, data, bytes);
}
