/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which segments of which messages have come, on datagram transports.  Bytes are not kept. */
#ifndef TRIPATH_BENCH_ASSEMBLY_H
#define TRIPATH_BENCH_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/gen/wire.h"

#define ASSEMBLY_MIN_SEGMENT 512 /* of payload; smaller ones are refused */
#define ASSEMBLY_MESSAGES    512 /* at a time; beyond that the oldest is given up */

struct assembly;

enum assembly_result {
	ASSEMBLY_MORE,
	ASSEMBLY_WHOLE,
	ASSEMBLY_DUPLICATE,
};

struct assembly *assembly_new(void);
void assembly_free(struct assembly *a);
/*
 * One segment of @bytes payload.  *@intact goes in as this segment's and, with ASSEMBLY_WHOLE, comes out as the whole
 * message's.
 */
enum assembly_result assembly_add(struct assembly *a, unsigned int peer,
				  const struct wire_header *header, uint32_t bytes, bool *intact);
/* Messages that were given up incomplete to make room. */
uint64_t assembly_given_up(const struct assembly *a);

#endif
