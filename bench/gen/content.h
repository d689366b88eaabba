/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What messages carry: slices of one pool of fixed random bytes, the same at both ends.  Message @id carries the
 * slice of its variant, so that bytes left over from another message do not pass for its own.  Checksums
 * of what is sent are looked up, not computed: the sender's work is not what is measured.
 */
#ifndef TRIPATH_BENCH_CONTENT_H
#define TRIPATH_BENCH_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

struct content;

/* NULL where memory is short. */
struct content *content_new(void);
/*
 * Makes the table of checksums.  @segment: payload of a full segment, 0 on streams.  0 or -ENOMEM; without it checksums
 * are computed each time.
 */
int content_sum(struct content *c, uint32_t segment);
void content_free(struct content *c);
/* @offset bytes into the payload of message @id. */
const void *content_at(const struct content *c, uint64_t id, uint32_t offset);
/*
 * CRC-32C of @bytes from @offset on, in that payload: of all of it (offset 0) on streams, of one segment
 * otherwise.
 */
uint32_t content_checksum(const struct content *c, uint64_t id, uint32_t offset, uint32_t bytes);

#endif
