/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071) over bytes in memory.  A sum is 64 bits wide and in memory order, as
 * the words were loaded, so no byte is swapped on any machine; folding it to 16 bits gives what
 * stands in a header.
 */
#ifndef TRIPATH_LOADERS_LIB_INET_CSUM_H
#define TRIPATH_LOADERS_LIB_INET_CSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One's complement addition: the carry comes back in. */
static inline uint64_t csum_add(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* Adds @len bytes that start at an even offset of what is summed; an odd last byte is padded with 0. */
static inline uint64_t csum_bytes(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t word[4];

	/* Four sums at a time would shorten the carry chain; frames are too short to gain by it. */
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(word, p, sizeof(word));
		sum = csum_add(sum, word[0]);
		sum = csum_add(sum, word[1]);
		sum = csum_add(sum, word[2]);
		sum = csum_add(sum, word[3]);
	}
	for (; len >= sizeof(word[0]); p += sizeof(word[0]), len -= sizeof(word[0])) {
		memcpy(word, p, sizeof(word[0]));
		sum = csum_add(sum, word[0]);
	}
	if (len) {
		word[0] = 0;
		memcpy(word, p, len);
		sum = csum_add(sum, word[0]);
	}
	return sum;
}

/* To 16 bits, not complemented. */
static inline uint16_t csum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Adds the sum of bytes that begin at offset @offset: at an odd one they change places. */
static inline uint64_t csum_add_at(uint64_t sum, uint64_t part, size_t offset)
{
	uint16_t folded = csum_fold(part);

	return csum_add(sum, offset & 1 ? __builtin_bswap16(folded) : folded);
}

#endif
