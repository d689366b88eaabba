// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/content.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/gen/checksum.h"
#include "bench/gen/wire.h"

#define VARIANTS     16
#define VARIANT_STEP 4096
#define POOL_BYTES   (WIRE_MAX_MESSAGE + VARIANTS * VARIANT_STEP)
#define STREAM_STEP  4096

struct content {
	uint32_t step;  /* between looked-up checksums */
	uint32_t steps; /* of a variant */
	bool segments;
	uint32_t *
		sums; /* streams: of all before the step; segments: of that one; NULL where not wanted */
	uint64_t pool[POOL_BYTES / sizeof(uint64_t)];
};

static unsigned int variant(uint64_t id)
{
	/* A client's ids have their place in its table below and how often it was used above. */
	return (unsigned int)((id + (id >> WIRE_ID_SLOT_BITS)) % VARIANTS);
}

const void *content_at(const struct content *c, uint64_t id, uint32_t offset)
{
	return (const unsigned char *)c->pool + variant(id) * VARIANT_STEP + offset;
}

static void sum_variant(struct content *c, unsigned int v)
{
	uint32_t *sums = c->sums + (size_t)v * c->steps;
	uint32_t state = 0;

	for (uint32_t i = 0; i < c->steps; i++) {
		const void *at = content_at(c, v, i * c->step);

		if (c->segments) {
			sums[i] = checksum(0, at, c->step);
		} else {
			sums[i] = state;
			state = checksum(state, at, c->step);
		}
	}
}

struct content *content_new(void)
{
	struct content *c = calloc(1, sizeof(*c));
	uint64_t x = 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; c && i < sizeof(c->pool) / sizeof(c->pool[0]); i++) {
		x ^= x << 13; /* xorshift64 */
		x ^= x >> 7;
		x ^= x << 17;
		c->pool[i] = x;
	}
	return c;
}

int content_sum(struct content *c, uint32_t segment)
{
	c->segments = segment > 0;
	c->step = segment ? segment : STREAM_STEP;
	c->steps = WIRE_MAX_MESSAGE / c->step;
	c->sums = malloc(sizeof(*c->sums) * c->steps * VARIANTS);
	if (!c->sums)
		return -ENOMEM;
	for (unsigned int v = 0; v < VARIANTS; v++)
		sum_variant(c, v);
	return 0;
}

void content_free(struct content *c)
{
	if (c)
		free(c->sums);
	free(c);
}

uint32_t content_checksum(const struct content *c, uint64_t id, uint32_t offset, uint32_t bytes)
{
	const uint32_t *sums;
	uint32_t whole;

	if (!c->sums || (c->segments && (bytes != c->step || offset % c->step)))
		return checksum(0, content_at(c, id, offset), bytes);
	sums = c->sums + (size_t)variant(id) * c->steps;
	if (c->segments)
		return sums[offset / c->step];
	whole = bytes / c->step < c->steps ? bytes / c->step : c->steps - 1;
	return checksum(sums[whole], content_at(c, id, whole * c->step), bytes - whole * c->step);
}
