// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Packets that are better generated than listed: every truncation of every supported packet,
 * every first buffer, extension-header chains, the ends of every port range, frames of several
 * buffers, stall time.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/judge.h"
#include "tests/vectors/vectors.h"

static struct link veth;
static unsigned char frame_bytes[PACKET_MAX];

static void open_judge(struct judge *judge, __u8 frags)
{
	struct classifier_config config = prog_run_config();

	config.frags = frags;
	judge_open(judge, &veth, &config);
	judge->thorough = true;
	judge_policy(judge, vectors_rules(POLICY_PLAIN));
}

static struct prog_frame whole(size_t length)
{
	return (struct prog_frame){.bytes = frame_bytes, .length = length, .linear = length};
}

/* The frame as a new flow's, against the reference. */
static bool agrees(struct judge *judge, const struct prog_frame *frame)
{
	struct reference_answer wanted = judge_reference(judge, frame);

	prog_run_clear_flows(&judge->run);
	return judge_frame(judge, frame, &wanted, wanted.flow ? FLOW_INSERTED : FLOW_NONE);
}

/* The same, and the reference must say @reason. */
static bool is(struct judge *judge, const struct packet *packet, enum tp_reason reason)
{
	const struct prog_frame frame = whole(packet_build(packet, frame_bytes).length);
	const struct reference_answer wanted = judge_reference(judge, &frame);

	if (wanted.reason != reason) {
		printf("# expected %s, the reference says %s\n", reference_reason_name(reason),
		       reference_reason_name(wanted.reason));
		judge_print_frame(judge, &frame, &wanted);
		return false;
	}
	return agrees(judge, &frame);
}

/* Every supported packet type, by number; false where there is no such number. */
static bool packet_type(unsigned int number, struct packet *packet)
{
	static const __u8 protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	unsigned int tags = number % 3, protocol = number / 3 % 3, kind = number / 9;

	*packet = (struct packet){
		.tags = (__u8)tags,
		.tci = {100, 200},
		.family = kind < 2 ? 4 : 6,
		.protocol = protocols[protocol],
		.dport = 9000,
		.payload = 9,
	};
	if (kind >= 2 && protocol == 2)
		packet->protocol = IPPROTO_ICMPV6;
	if (kind == 1)
		packet->options = 3;
	if (kind == 3) {
		packet->extensions = 3;
		packet->extension[1] = (struct packet_extension){51, 4};
		packet->extension[2] = (struct packet_extension){60, 1};
	}
	if (kind == 4) {
		packet->family = 0;
		packet->ethertype = 0x0806;
		packet->payload = 28;
	}
	return kind < 4 || (kind == 4 && protocol == 0);
}

static void test_truncations(void **state)
{
	struct judge judge;
	struct packet packet;
	unsigned int failed = 0, runs = 0;

	open_judge(&judge, 0);
	for (unsigned int type = 0; packet_type(type, &packet); type++) {
		const size_t full = packet_build(&packet, frame_bytes).length;

		for (size_t length = 14; length <= full; length++) {
			for (int refit = 0; refit < 2; refit++) {
				struct prog_frame frame;

				packet.cut = (__u16)length;
				packet.refit = refit;
				frame = whole(packet_build(&packet, frame_bytes).length);
				failed += !agrees(&judge, &frame);
				runs++;
			}
		}
	}
	judge_close(&judge);
	printf("# %u truncated frames\n", runs);
	assert_true(runs > 4000);
	assert_int_equal(failed, 0);
}

/* What the first buffer does not hold is as good as cut off, but counts as length. */
static void test_first_buffers(void **state)
{
	struct prog_frame probe = {.bytes = frame_bytes, .length = 60, .linear = 20};
	struct prog_result result;
	struct judge judge;
	struct packet packet;
	unsigned int failed = 0;

	open_judge(&judge, 1);
	if (prog_run_explain(&judge.run, &probe, &result) == -EINVAL) {
		judge_close(&judge);
		printf("# this kernel does not let a test run choose the first buffer (Linux 6.18 "
		       "does)\n");
		skip();
	}
	for (unsigned int type = 0; packet_type(type, &packet); type++) {
		struct prog_frame frame = whole(packet_build(&packet, frame_bytes).length);

		for (frame.linear = 0; frame.linear <= frame.length; frame.linear++)
			failed += !agrees(&judge, &frame);
	}
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

static void test_jumbo(void **state)
{
	static const __u16 payloads[] = {3478, 3479, 4054, 4055, 8958, 8959, 16000};
	struct judge judge;
	unsigned int failed = 0;

	open_judge(&judge, 1);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
		struct packet packet = {
			.family = 4,
			.protocol = IPPROTO_UDP,
			.dport = 4791,
			.payload = payloads[i],
		};
		struct prog_frame frame = whole(packet_build(&packet, frame_bytes).length);

		failed += !is(&judge, &packet, TP_REASON_rdma_counted);
		packet.ip_length_add = 1;
		failed += !is(&judge, &packet, TP_REASON_ipv4_malformed);
		packet.ip_length_add = 0;
		packet.udp_length_add = 1;
		failed += !is(&judge, &packet, TP_REASON_l4_malformed);
		assert_int_equal(frame.length, payloads[i] + 42U);
	}
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

/*
 * A chain of @depth headers, of one type or, with type -1, of all in turn; @fragment: its
 * place, or -1.
 */
static bool check_chain(struct judge *judge, int depth, int type, int fragment, __u8 protocol)
{
	static const __u8 types[] = {0, 60, 43, 135, 139, 140, 51};
	struct packet packet = {
		.family = 6,
		.protocol = protocol,
		.dport = 4791,
		.extensions = (__u8)depth,
	};
	enum tp_reason reason = protocol == IPPROTO_UDP   ? TP_REASON_rdma_counted
				: protocol == IPPROTO_TCP ? TP_REASON_no_service
							  : TP_REASON_icmpv6;

	for (int i = 0; i < depth; i++)
		packet.extension[i] = (struct packet_extension){
			.type = types[(type < 0 ? i : type) % 7],
			.units = (__u8)(i % 3),
		};
	if (depth > 6)
		reason = TP_REASON_ipv6_ext_too_many;
	if (fragment >= 0) {
		packet.extension[fragment] = (struct packet_extension){44, 0};
		if (fragment <= 6)
			reason = TP_REASON_ipv6_fragment;
	}
	return is(judge, &packet, reason);
}

static void test_chains(void **state)
{
	static const __u8 protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6};
	struct judge judge;
	unsigned int failed = 0;

	open_judge(&judge, 0);
	for (int depth = 0; depth <= 8; depth++) {
		for (int type = -1; type < 7; type++)
			for (int fragment = -1; fragment < depth; fragment++)
				for (int i = 0; i < 3; i++)
					failed += !check_chain(&judge, depth, type, fragment,
							       protocols[i]);
	}
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

/* A packet of @family and @protocol to @port at an address of the service's prefix, or any. */
static bool check_port(struct judge *judge, const struct rule_service *service, __u8 family,
		       __u8 protocol, int port)
{
	struct packet packet = {.family = family, .protocol = protocol, .dport = (__u16)port};
	struct packet_layout layout;
	struct prog_frame frame;

	if (port < 0 || port > 65535)
		return true;
	layout = packet_build(&packet, frame_bytes);
	if (service->family == family)
		memcpy(frame_bytes + layout.ip + (family == 4 ? 16 : 24), service->addr,
		       family == 4 ? 4 : 16);
	frame = whole(layout.length);
	return agrees(judge, &frame);
}

static void test_port_ranges(void **state)
{
	const struct rules *rules = vectors_rules(POLICY_PLAIN);
	struct judge judge;
	unsigned int failed = 0;

	open_judge(&judge, 0);
	for (__u32 i = 0; i < rules->services; i++) {
		const struct rule_service *service = &rules->service[i];
		const int ports[] = {service->first - 1, service->first, service->last,
				     service->last + 1};

		for (int end = 0; end < 4; end++) {
			failed += !check_port(&judge, service, 4, IPPROTO_TCP, ports[end]);
			failed += !check_port(&judge, service, 4, IPPROTO_UDP, ports[end]);
			failed += !check_port(&judge, service, 6, IPPROTO_TCP, ports[end]);
			failed += !check_port(&judge, service, 6, IPPROTO_UDP, ports[end]);
		}
	}
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

/* The stall time that attach configures; how late we are can only make a stale beat staler. */
static void test_stall_time(void **state)
{
	const struct packet packet = {.family = 4, .protocol = IPPROTO_UDP, .dport = 9000};
	struct classifier_config config = prog_run_config();
	struct sink sink = {.beat = BEAT_STALE, .socket = true};
	struct judge judge;
	bool stalled, ahead;

	config.stall_ns = TP_XSK_STALL_NS;
	judge_open(&judge, &veth, &config);
	judge_policy(&judge, vectors_rules(POLICY_PLAIN));
	judge_sink(&judge, 0, &sink);
	stalled = is(&judge, &packet, TP_REASON_xsk_stalled);
	sink.beat = BEAT_FUTURE;
	judge_sink(&judge, 0, &sink);
	ahead = is(&judge, &packet, TP_REASON_xsk_redirected);
	judge_close(&judge);
	assert_true(stalled);
	assert_true(ahead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncations), cmocka_unit_test(test_first_buffers),
		cmocka_unit_test(test_jumbo),       cmocka_unit_test(test_chains),
		cmocka_unit_test(test_port_ranges), cmocka_unit_test(test_stall_time),
	};
	int err = link_create(&veth);

	if (err) {
		fprintf(stderr, "cannot create a test link: %s; run this as root\n",
			strerror(-err));
		return 1;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("generated packets", tests, NULL, NULL);
}
