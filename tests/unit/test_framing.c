// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From bytes to messages: streams cut anywhere, segments in any order, and what is no message at all. */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/gen/checksum.h"
#include "bench/gen/content.h"
#include "bench/gen/framing.h"

#define HEADER  sizeof(struct wire_header)
#define SEGMENT 1000U

struct seen {
	unsigned int messages, broken, corrupt;
	uint64_t id;
	uint32_t bytes;
	const void *body;
	char why[160];
};

static struct seen seen;

static void on_message(void *ctx, unsigned int peer, const struct message *m)
{
	seen.messages++;
	seen.corrupt += !m->intact;
	seen.id = le64toh(m->header->id);
	seen.bytes = m->bytes;
	seen.body = m->body;
}

static void on_broken(void *ctx, unsigned int peer, const char *why)
{
	seen.broken++;
	strncpy(seen.why, why, sizeof(seen.why) - 1);
}

static struct framing *fresh(bool datagram)
{
	const struct framing_events events = {.message = on_message, .broken = on_broken};
	struct framing *f = framing_new(datagram, &events);

	assert_non_null(f);
	memset(&seen, 0, sizeof(seen));
	return f;
}

static struct wire_header header(enum wire_type type, uint64_t id, uint32_t payload)
{
	return (struct wire_header){
		.magic = htole32(WIRE_MAGIC),
		.version = WIRE_VERSION,
		.type = (__u8)type,
		.id = htole64(id),
		.length = htole32((uint32_t)HEADER + payload),
	};
}

/* One message with a checksum into @at; its size. */
static size_t put(unsigned char *at, uint64_t id, uint32_t payload)
{
	struct wire_header h = header(WIRE_REQUEST, id, payload);

	for (uint32_t i = 0; i < payload; i++)
		at[HEADER + i] = (unsigned char)(i * 7 + id);
	h.flags = htole16(WIRE_CHECKED);
	h.checksum = htole32(checksum(0, at + HEADER, payload));
	memcpy(at, &h, HEADER);
	return HEADER + payload;
}

static void checksum_is_crc32c(void **state)
{
	/* The check value of CRC-32C, RFC 3720's polynomial. */
	assert_int_equal(checksum(0, "123456789", 9), 0xe3069283);
	assert_int_equal(checksum(checksum(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void tables_agree_with_the_bytes(void **state)
{
	static const uint32_t sizes[] = {0, 1, 4095, 4096, 4097, 100000, WIRE_MAX_MESSAGE - HEADER};

	for (int segments = 0; segments < 2; segments++) {
		struct content *c = content_new();

		assert_int_equal(content_sum(c, segments ? SEGMENT : 0), 0);
		for (uint64_t id = 0; id < 20; id++)
			for (int i = 0; i < 7 - segments; i++)
				assert_int_equal(content_checksum(c, id, 0, sizes[i]),
						 checksum(0, content_at(c, id, 0), sizes[i]));
		assert_int_equal(content_checksum(c, 3, 5 * SEGMENT, SEGMENT),
				 segments ? checksum(0, content_at(c, 3, 5 * SEGMENT), SEGMENT)
					  : content_checksum(c, 3, 0, SEGMENT));
		content_free(c);
	}
}

static void a_stream_may_be_cut_anywhere(void **state)
{
	static unsigned char bytes[8192];
	size_t n = put(bytes, 1, 0), all;

	n += put(bytes + n, 2, 100);
	n += put(bytes + n, 3, 3000);
	all = n + put(bytes + n, 4, 16);
	for (size_t cut = 1; cut < all; cut++) {
		struct framing *f = fresh(false);

		framing_rx(f, 5, bytes, cut);
		framing_rx(f, 5, bytes + cut, all - cut);
		assert_int_equal(seen.messages, 4);
		assert_int_equal(seen.corrupt + seen.broken, 0);
		assert_int_equal(seen.id, 4);
		framing_free(f);
	}
}

static void a_flipped_bit_is_found(void **state)
{
	static unsigned char bytes[8192];
	size_t n = put(bytes, 9, 5000);

	for (size_t at = HEADER; at < n; at += 97) {
		struct framing *f = fresh(false);

		bytes[at] ^= 0x10;
		framing_rx(f, 0, bytes, 777);
		framing_rx(f, 0, bytes + 777, n - 777);
		bytes[at] ^= 0x10;
		assert_int_equal(seen.messages, 1);
		assert_int_equal(seen.corrupt, 1);
		framing_free(f);
	}
}

static void what_is_no_message_is_told(void **state)
{
	struct wire_header h = header(WIRE_REQUEST, 1, 10);
	struct framing *f = fresh(false);

	framing_rx(f, 0, "HTTP/1.1 400 Bad Request", 24);
	framing_rx(f, 0, "and more of it", 14);
	assert_int_equal(seen.broken, 1);
	assert_non_null(strstr(seen.why, "not the protocol"));
	assert_non_null(strstr(seen.why, "HTTP/1.1"));
	h.version = 9;
	framing_rx(f, 1, &h, HEADER);
	assert_int_equal(seen.broken, 2);
	assert_non_null(strstr(seen.why, "version 9"));
	h = header(WIRE_REQUEST, 1, WIRE_MAX_MESSAGE);
	framing_rx(f, 2, &h, HEADER);
	h = header((enum wire_type)77, 1, 0);
	framing_rx(f, 3, &h, HEADER);
	h = header(WIRE_STATS_OK, 1, WIRE_MAX_CONTROL + 1);
	framing_rx(f, 4, &h, HEADER);
	assert_int_equal(seen.broken, 5);
	assert_int_equal(seen.messages, 0);
	framing_free(f);
}

/* Segment @i of a message of @payload bytes. */
static size_t segment(unsigned char *at, uint64_t id, uint32_t payload, uint32_t i)
{
	uint32_t offset = i * SEGMENT;
	uint32_t bytes = payload - offset < SEGMENT ? payload - offset : SEGMENT;
	struct wire_header h = header(WIRE_REPLY, id, payload);

	memset(at + HEADER, (int)i, bytes);
	h.flags = htole16(WIRE_CHECKED);
	h.segment = htole32(SEGMENT);
	h.offset = htole32(offset);
	h.checksum = htole32(checksum(0, at + HEADER, bytes));
	memcpy(at, &h, HEADER);
	return HEADER + bytes;
}

static void segments_come_in_any_order(void **state)
{
	static const uint32_t order[] = {6, 0, 3, 3, 1, 5, 2, 4};
	unsigned char bytes[HEADER + SEGMENT];
	struct framing *f = fresh(true);

	for (int i = 0; i < 8; i++) {
		assert_int_equal(seen.messages, 0);
		framing_rx(f, 2, bytes, segment(bytes, 40, 6500, order[i]));
	}
	assert_int_equal(seen.messages, 1);
	assert_int_equal(seen.bytes, 6500);
	assert_int_equal(seen.corrupt + seen.broken, 0);
	assert_int_equal(framing_counts(f).duplicates, 1);
	framing_free(f);
}

static void one_corrupt_segment_spoils_the_message(void **state)
{
	unsigned char bytes[HEADER + SEGMENT];
	struct framing *f = fresh(true);

	for (uint32_t i = 0; i < 7; i++) {
		size_t n = segment(bytes, 41, 6500, i);

		bytes[HEADER + 17] ^= i == 3;
		framing_rx(f, 2, bytes, n);
	}
	assert_int_equal(seen.messages, 1);
	assert_int_equal(seen.corrupt, 1);
	framing_free(f);
}

static void incomplete_messages_give_way(void **state)
{
	unsigned char bytes[HEADER + SEGMENT];
	struct framing *f = fresh(true);

	for (uint64_t id = 0; id < 5000; id++)
		framing_rx(f, 0, bytes, segment(bytes, id, 6500, 0));
	assert_int_equal(seen.messages, 0);
	assert_true(framing_counts(f).incomplete >= 4000);
	framing_free(f);
}

static void wrong_datagrams_are_dropped(void **state)
{
	unsigned char bytes[HEADER + SEGMENT];
	struct framing *f = fresh(true);
	struct wire_header h;
	size_t n;

	framing_rx(f, 0, bytes, 7);
	n = segment(bytes, 1, 6500, 2);
	framing_rx(f, 0, bytes, n - 1);
	memcpy(&h, bytes, HEADER);
	h.offset = htole32(6500);
	memcpy(bytes, &h, HEADER);
	framing_rx(f, 0, bytes, n);
	h.offset = htole32(1);
	memcpy(bytes, &h, HEADER);
	framing_rx(f, 0, bytes, n);
	h.offset = 0;
	h.segment = htole32(1);
	memcpy(bytes, &h, HEADER);
	framing_rx(f, 0, bytes, HEADER + 1);
	h.segment = 0;
	memcpy(bytes, &h, HEADER);
	framing_rx(f, 0, bytes, n);
	assert_int_equal(seen.broken, 6);
	assert_int_equal(seen.messages, 0);
	framing_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_is_crc32c),
		cmocka_unit_test(tables_agree_with_the_bytes),
		cmocka_unit_test(a_stream_may_be_cut_anywhere),
		cmocka_unit_test(a_flipped_bit_is_found),
		cmocka_unit_test(what_is_no_message_is_told),
		cmocka_unit_test(segments_come_in_any_order),
		cmocka_unit_test(one_corrupt_segment_spoils_the_message),
		cmocka_unit_test(incomplete_messages_give_way),
		cmocka_unit_test(wrong_datagrams_are_dropped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("framing", tests, NULL, NULL);
}
