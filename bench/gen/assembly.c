// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/assembly.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define PROBES 8
#define WORDS  (WIRE_MAX_MESSAGE / ASSEMBLY_MIN_SEGMENT / 64)

struct partial {
	uint64_t id;
	uint64_t begun; /* 0: free */
	unsigned int peer;
	uint32_t have; /* bytes of payload */
	bool intact;
	uint64_t seen[WORDS]; /* a bit a segment */
};

struct assembly {
	uint64_t begun;
	uint64_t given_up;
	struct partial partial[ASSEMBLY_MESSAGES];
};

struct assembly *assembly_new(void)
{
	return calloc(1, sizeof(struct assembly));
}

void assembly_free(struct assembly *a)
{
	free(a);
}

uint64_t assembly_given_up(const struct assembly *a)
{
	return a->given_up;
}

static struct partial *find(struct assembly *a, unsigned int peer, uint64_t id)
{
	uint64_t home = ((id ^ (uint64_t)peer << 48) * 0x9e3779b97f4a7c15ULL) >> 32;
	struct partial *oldest = NULL;

	for (unsigned int i = 0; i < PROBES; i++) {
		struct partial *p = &a->partial[(home + i) % ASSEMBLY_MESSAGES];

		if (p->begun && p->id == id && p->peer == peer)
			return p;
		if (!oldest || p->begun < oldest->begun)
			oldest = p;
	}
	a->given_up += oldest->begun > 0;
	memset(oldest, 0, sizeof(*oldest));
	oldest->begun = ++a->begun;
	oldest->id = id;
	oldest->peer = peer;
	oldest->intact = true;
	return oldest;
}

enum assembly_result assembly_add(struct assembly *a, unsigned int peer,
				  const struct wire_header *header, uint32_t bytes, bool *intact)
{
	struct partial *p = find(a, peer, le64toh(header->id));
	uint32_t index = le32toh(header->offset) / le32toh(header->segment);
	uint64_t bit = 1ULL << (index % 64);

	if (p->seen[index / 64] & bit)
		return ASSEMBLY_DUPLICATE;
	p->seen[index / 64] |= bit;
	p->have += bytes;
	p->intact &= *intact;
	if (p->have < le32toh(header->length) - sizeof(*header))
		return ASSEMBLY_MORE;
	*intact = p->intact;
	p->begun = 0;
	return ASSEMBLY_WHOLE;
}
