/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CRC-32C (Castagnoli), by the CPU's instruction where it has one. */
#ifndef TRIPATH_BENCH_CHECKSUM_H
#define TRIPATH_BENCH_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Goes on from @state, 0 at the beginning; what it returns is the CRC-32C of all bytes so far and the state to
 * go on from.
 */
uint32_t checksum(uint32_t state, const void *data, size_t bytes);
/* "sse4.2", "armv8-crc" or "table". */
const char *checksum_method(void);

#endif
