/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What waits to be written to a stream: frames in order, as few pieces as can be.  Headers and small payloads
 * are copied side by side, so that many small messages are one write; large payloads are only pointed at.
 */
#ifndef TRIPATH_BENCH_STAGE_H
#define TRIPATH_BENCH_STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bench/gen/wire.h"

#define STAGE_PIECES 64
#define STAGE_BYTES  (64 << 10)
#define STAGE_COPY                                                                                 \
	4096 /* a payload up to here is copied: that is cheaper than a piece of its own */

struct stage {
	struct iovec piece[STAGE_PIECES];
	unsigned int first, count; /* the pieces that wait are [first, count) */
	uint32_t used;             /* of @bytes */
	unsigned char bytes[STAGE_BYTES];
};

static inline bool stage_empty(const struct stage *s)
{
	return s->first == s->count;
}

/* 0, or -EAGAIN where there is no room: nothing was taken. */
int stage_put(struct stage *s, const struct wire_header *header, const void *payload,
	      uint32_t bytes);
/* The first @bytes of what waits are written. */
void stage_done(struct stage *s, size_t bytes);

#endif
