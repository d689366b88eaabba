// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/checksum.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#include <asm/hwcap.h>
#endif

#define POLYNOMIAL 0x82f63b78U /* 0x1edc6f41 reflected */

static uint32_t table[256];
static uint32_t (*update)(uint32_t, const unsigned char *, size_t);
static const char *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t by_table(uint32_t crc, const unsigned char *p, size_t bytes)
{
	while (bytes--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_cpu(uint32_t crc, const unsigned char *p,
							 size_t bytes)
{
	uint64_t wide = crc, word;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		wide = _mm_crc32_u64(wide, word);
	}
	crc = (uint32_t)wide;
	while (bytes--)
		crc = _mm_crc32_u8(crc, *p++);
	return crc;
}
#elif defined(__aarch64__)
__attribute__((target("+crc"))) static uint32_t by_cpu(uint32_t crc, const unsigned char *p,
						       size_t bytes)
{
	uint64_t word;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		crc = __builtin_aarch64_crc32cx(crc, word);
	}
	while (bytes--)
		crc = __builtin_aarch64_crc32cb(crc, *p++);
	return crc;
}
#endif

static void choose(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[i] = crc;
	}
	update = by_table;
	method = "table";
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2")) {
		update = by_cpu;
		method = "sse4.2";
	}
#elif defined(__aarch64__)
	if (getauxval(AT_HWCAP) & HWCAP_CRC32) {
		update = by_cpu;
		method = "armv8-crc";
	}
#endif
}

uint32_t checksum(uint32_t state, const void *data, size_t bytes)
{
	pthread_once(&once, choose);
	return ~update(~state, data, bytes);
}

const char *checksum_method(void)
{
	pthread_once(&once, choose);
	return method;
}
