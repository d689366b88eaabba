/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From what a transport hands up to messages: finds the frames, checks them, puts segments together. */
#ifndef TRIPATH_BENCH_FRAMING_H
#define TRIPATH_BENCH_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/gen/wire.h"

struct framing;

struct message {
	const struct wire_header *header; /* of its last segment */
	const void *body;                 /* the payload; NULL for data that came in pieces */
	uint32_t bytes;                   /* of the payload */
	bool intact;                      /* the checksum is right, or there is none */
};

struct framing_events {
	void (*message)(void *ctx, unsigned int peer, const struct message *m);
	/*
	 * What @peer sent is not this protocol, and @why says how.  On a datagram transport one datagram was
	 * dropped; a stream cannot be followed any longer and what else it brings is dropped.
	 */
	void (*broken)(void *ctx, unsigned int peer, const char *why);
	void *ctx;
};

struct framing_counts {
	uint64_t duplicates; /* segments that came twice */
	uint64_t incomplete; /* messages given up for want of segments */
};

/* NULL where memory is short. */
struct framing *framing_new(bool datagram, const struct framing_events *events);
void framing_free(struct framing *f);
/* What transport_events.rx was handed. */
void framing_rx(struct framing *f, unsigned int peer, const void *data, size_t bytes);
/* @peer's number will be another's. */
void framing_forget(struct framing *f, unsigned int peer);
struct framing_counts framing_counts(const struct framing *f);

#endif
