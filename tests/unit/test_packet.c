// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sink's view of a packet (loaders/lib/packet.h): checksums of packets of one and of several frames,
 * against a second implementation that adds 16 bits at a time as RFC 1071 says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/udp.h>
#include <stdlib.h>
#include <string.h>

#include "loaders/lib/inet_csum.h"
#include "loaders/lib/packet.h"

#define FRAME      2048
#define MAX_FRAMES 6
#define ROUNDS     20000

struct built {
	struct umem umem;
	uint8_t flat[4096]; /* the whole packet */
	uint32_t len, l3, l4, l4_len;
	bool ipv6;
	struct xdp_desc descs[MAX_FRAMES];
	uint32_t n;
};

static uint8_t area[MAX_FRAMES * FRAME];

/* Big-endian words, 16 bits at a time. */
static uint32_t add_words(uint32_t sum, const uint8_t *p, uint32_t len)
{
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t pseudo(const struct built *b)
{
	uint32_t addrs = b->ipv6 ? b->l3 + 8 : b->l3 + 12;

	return add_words(b->l4_len + b->flat[b->ipv6 ? b->l3 + 6 : b->l3 + 9], b->flat + addrs,
			 b->ipv6 ? 32 : 8);
}

static uint16_t right_csum(const struct built *b)
{
	uint8_t l4[4096];
	uint16_t csum;

	memcpy(l4, b->flat + b->l4, b->l4_len);
	memset(l4 + 6, 0, 2);
	csum = (uint16_t)~add_words(pseudo(b), l4, b->l4_len);
	return csum ? csum : 0xffff;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void build(struct built *b, bool ipv6, uint32_t payload)
{
	uint32_t i;

	memset(b, 0, sizeof(*b));
	b->ipv6 = ipv6;
	b->l3 = 14;
	b->l4 = b->l3 + (ipv6 ? 40 : 20);
	b->l4_len = 8 + payload;
	b->len = b->l4 + b->l4_len;
	for (i = 0; i < b->len; i++)
		b->flat[i] = (uint8_t)rand();
	put16(b->flat + 12, ipv6 ? 0x86dd : 0x0800);
	if (ipv6) {
		b->flat[14] = 0x60;
		put16(b->flat + 18, b->l4_len);
		b->flat[20] = 17;
	} else {
		b->flat[14] = 0x45;
		put16(b->flat + 16, 20 + b->l4_len);
		put16(b->flat + 20, 0);
		b->flat[23] = 17;
	}
	put16(b->flat + b->l4 + 4, b->l4_len);
}

/* Into frames, cut at random places after the headers. */
static struct packet spread(struct built *b, uint32_t pieces)
{
	uint32_t done = 0;

	b->umem.area = area;
	for (b->n = 0; b->n < pieces; b->n++) {
		uint32_t left = b->len - done, least = b->n ? 0 : b->l4 + 8, len = left;
		struct xdp_desc *d = &b->descs[b->n];

		if (b->n + 1 < pieces && left > least)
			len = least + (uint32_t)rand() % (left - least);
		d->addr = b->n * FRAME + XSK_HEADROOM;
		d->len = len;
		d->options = b->n + 1 < pieces ? XDP_PKT_CONTD : 0;
		memcpy(area + d->addr, b->flat + done, len);
		done += len;
	}
	return packet_of(&b->umem, b->descs, pieces);
}

static uint16_t csum_in_place(const struct packet *p)
{
	uint16_t csum;

	memcpy(&csum, p->l4 + offsetof(struct udphdr, check), sizeof(csum));
	return ntohs(csum);
}

static void test_checksums(void **state)
{
	struct built b;
	int i;

	srand(1);
	for (i = 0; i < ROUNDS; i++) {
		uint32_t pieces = 1 + (uint32_t)rand() % 3, wrong;
		struct packet p;

		build(&b, i & 1, (uint32_t)rand() % 1400);
		put16(b.flat + b.l4 + 6, right_csum(&b));
		p = spread(&b, pieces);
		assert_int_equal(p.n, pieces);
		assert_true(packet_parse(&p));
		assert_int_equal(packet_csum_settle(&p), CSUM_RIGHT);

		put16(b.flat + b.l4 + 6, pseudo(&b));
		p = spread(&b, pieces);
		assert_true(packet_parse(&p));
		assert_true(packet_csum_suspect(&p));
		if (packet_csum_settle(&p) == CSUM_PARTIAL)
			assert_int_equal(csum_in_place(&p), right_csum(&b));

		wrong = right_csum(&b) ^ (1U << rand() % 16);
		if (wrong == pseudo(&b) || !wrong || (right_csum(&b) == 0xffff && wrong == 0))
			continue;
		put16(b.flat + b.l4 + 6, wrong);
		p = spread(&b, pieces);
		assert_true(packet_parse(&p));
		assert_false(packet_csum_suspect(&p));
		assert_int_equal(packet_csum_settle(&p), CSUM_WRONG);
	}
}

static void test_no_checksum(void **state)
{
	struct built b;
	struct packet p;
	int ipv6;

	for (ipv6 = 0; ipv6 < 2; ipv6++) {
		build(&b, ipv6, 10);
		put16(b.flat + b.l4 + 6, 0);
		p = spread(&b, 1);
		assert_true(packet_parse(&p));
		assert_int_equal(packet_csum_settle(&p), ipv6 ? CSUM_WRONG : CSUM_NONE);
	}
}

/* Every length short of the whole packet is refused, and nothing outside of it is read. */
static void test_truncated(void **state)
{
	struct built b;
	struct packet p;
	uint32_t len;
	int ipv6;

	for (ipv6 = 0; ipv6 < 2; ipv6++) {
		build(&b, ipv6, 10);
		for (len = 14; len < b.len; len++) {
			uint8_t *exact = malloc(len);

			assert_non_null(exact);
			memcpy(exact, b.flat, len);
			b.umem.area = exact;
			b.descs[0] = (struct xdp_desc){.len = len};
			p = packet_of(&b.umem, b.descs, 1);
			assert_false(packet_parse(&p));
			free(exact);
		}
	}
}

static void test_extension_headers(void **state)
{
	static const uint8_t chain[] = {60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0};
	struct built b;
	struct packet p;

	build(&b, true, 20);
	memmove(b.flat + b.l4 + sizeof(chain), b.flat + b.l4, b.l4_len);
	memcpy(b.flat + b.l4, chain, sizeof(chain));
	b.flat[20] = 0;
	put16(b.flat + 18, b.l4_len + sizeof(chain));
	b.len += sizeof(chain);
	p = spread(&b, 1);
	assert_true(packet_parse(&p));
	assert_int_equal(p.protocol, 17);
	assert_int_equal(p.l4 - p.l3, 40 + sizeof(chain));
	assert_false(p.routed);
	b.flat[b.l4] = 43;
	p = spread(&b, 1);
	assert_true(packet_parse(&p));
	assert_true(p.routed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_no_checksum),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_extension_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
