/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which servers have answered the introduction, and what they said. */
#ifndef TRIPATH_BENCH_HELLO_H
#define TRIPATH_BENCH_HELLO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/gen/wire.h"

#define HELLO_SERVERS 64

struct hello {
	unsigned int count, missing;
	bool done[HELLO_SERVERS];
	uint32_t frame[HELLO_SERVERS];
	char text[HELLO_SERVERS][WIRE_MAX_CONTROL + 1];
};

void hello_init(struct hello *h, unsigned int servers);
/* The payload of a HELLO_OK. */
void hello_answer(struct hello *h, unsigned int peer, const void *body, uint32_t bytes);
bool hello_done(const struct hello *h, unsigned int peer);
unsigned int hello_missing(const struct hello *h);
unsigned int hello_first_missing(const struct hello *h);
/* The largest frame that the server receives; 0: any. */
uint32_t hello_frame(const struct hello *h, unsigned int peer);
/* What each said, in order; new, or NULL. */
json_t *hello_json(const struct hello *h);

#endif
