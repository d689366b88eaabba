// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/stage.h"

#include <errno.h>
#include <string.h>

/* Appends a copy, to the last piece where that ends at the same place. */
static void copy(struct stage *s, const void *data, uint32_t bytes)
{
	unsigned char *to = s->bytes + s->used;
	struct iovec *last = stage_empty(s) ? NULL : &s->piece[s->count - 1];

	memcpy(to, data, bytes);
	s->used += bytes;
	if (last && (unsigned char *)last->iov_base + last->iov_len == to)
		last->iov_len += bytes;
	else
		s->piece[s->count++] = (struct iovec){to, bytes};
}

int stage_put(struct stage *s, const struct wire_header *header, const void *payload,
	      uint32_t bytes)
{
	uint32_t copied = (uint32_t)sizeof(*header) + (bytes <= STAGE_COPY ? bytes : 0);

	if (stage_empty(s)) {
		s->first = s->count = 0;
		s->used = 0;
	}
	if (s->count + 2 > STAGE_PIECES || s->used + copied > STAGE_BYTES)
		return -EAGAIN;
	copy(s, header, sizeof(*header));
	if (bytes > STAGE_COPY)
		s->piece[s->count++] = (struct iovec){(void *)payload, bytes};
	else if (bytes)
		copy(s, payload, bytes);
	return 0;
}

void stage_done(struct stage *s, size_t bytes)
{
	while (bytes) {
		struct iovec *p = &s->piece[s->first];

		if (bytes < p->iov_len) {
			p->iov_base = (unsigned char *)p->iov_base + bytes;
			p->iov_len -= bytes;
			return;
		}
		bytes -= p->iov_len;
		s->first++;
	}
}
