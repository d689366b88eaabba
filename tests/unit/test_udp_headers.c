// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Headers that are made once and written before each payload (loaders/lib/udp_headers.h), read back by the
 * sink's own parser, which computes every checksum in another way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

#include "loaders/lib/inet_csum.h"
#include "loaders/lib/packet.h"
#include "loaders/lib/udp_headers.h"

#define MAX_PAYLOAD 1472

static const uint8_t from_mac[ETH_ALEN] = {2, 0, 0, 0, 0, 1};
static const uint8_t to_mac[ETH_ALEN] = {2, 0, 0, 0, 0, 2};

static struct sockaddr_storage address(const char *host, uint16_t port)
{
	struct sockaddr_storage addr = {};
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&addr;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&addr;

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		addr.ss_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, host, &v6->sin6_addr), 1);
		addr.ss_family = AF_INET6;
	}
	v4->sin_port = htons(port);
	return addr;
}

static void check(const struct udp_headers *h, uint8_t *frame, uint32_t payload)
{
	const struct umem umem = {.area = frame};
	const struct xdp_desc desc = {.len = h->len + payload};
	struct packet p;
	uint16_t csum;

	udp_headers_write(h, frame, payload);
	p = packet_of(&umem, &desc, 1);
	assert_true(packet_parse(&p));
	assert_int_equal(p.protocol, IPPROTO_UDP);
	assert_int_equal(p.family, h->family);
	assert_int_equal(p.l4_len, sizeof(struct udphdr) + payload);
	memcpy(&csum, p.csum, sizeof(csum));
	assert_int_not_equal(csum, 0);
	assert_int_equal(packet_csum_settle(&p), CSUM_RIGHT);
	if (h->family == 4)
		assert_int_equal(csum_fold(csum_bytes(0, p.l3, (size_t)(p.l4 - p.l3))), 0xffff);
	assert_memory_equal(frame, to_mac, ETH_ALEN);
	assert_memory_equal(frame + ETH_ALEN, from_mac, ETH_ALEN);
}

static void check_all(const char *from, const char *to)
{
	const struct sockaddr_storage a = address(from, 7100), b = address(to, 7000);
	uint8_t frame[UDP_HEADERS_MAX + MAX_PAYLOAD];
	struct udp_headers h;
	struct udphdr udp;
	uint32_t len, i;

	udp_headers_make(&h, from_mac, to_mac, &a, &b);
	for (len = 0; len <= MAX_PAYLOAD; len++) {
		for (i = 0; i < len; i++)
			frame[h.len + i] = (uint8_t)(i * 31 + len);
		check(&h, frame, len);
	}
	memcpy(&udp, frame + h.l4, sizeof(udp));
	assert_int_equal(ntohs(udp.source), 7100);
	assert_int_equal(ntohs(udp.dest), 7000);
}

static void test_every_length(void **state)
{
	check_all("10.0.0.1", "10.0.0.2");
	check_all("fd99::1", "fd99::2");
	/* Sums that carry. */
	check_all("255.255.255.254", "223.255.255.255");
	check_all("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* A sum that comes out as 0 is written as 0xffff: 0 would mean that there is none. */
static void test_never_zero(void **state)
{
	const struct sockaddr_storage a = address("10.0.0.1", 7100), b = address("10.0.0.2", 7000);
	uint8_t frame[UDP_HEADERS_MAX + 2];
	struct udp_headers h;
	uint32_t value, all_ones = 0;
	uint16_t word, csum;

	udp_headers_make(&h, from_mac, to_mac, &a, &b);
	for (value = 0; value <= UINT16_MAX; value++) {
		word = (uint16_t)value;
		memcpy(frame + h.len, &word, sizeof(word));
		check(&h, frame, sizeof(word));
		memcpy(&csum, frame + h.l4 + offsetof(struct udphdr, check), sizeof(csum));
		all_ones += csum == 0xffff;
	}
	assert_true(all_ones >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_never_zero),
	};

	return cmocka_run_group_tests_name("udp_headers", tests, NULL, NULL);
}
