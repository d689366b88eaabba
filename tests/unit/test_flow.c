// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The flow table: what makes a flow, that flows which meet in one set keep their own
 * decisions, evictions and refreshes counted.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/judge.h"
#include "tests/vectors/vectors.h"

#define FLOWS 600

static struct link veth;
static unsigned char frame_bytes[PACKET_MAX];

static struct prog_frame build(const struct packet *packet)
{
	const size_t length = packet_build(packet, frame_bytes).length;

	return (struct prog_frame){.bytes = frame_bytes, .length = length, .linear = length};
}

/* @keyed false: with a key of zeros, flows that collide in set and tag can be made at will. */
static void open_judge(struct judge *judge, __u32 sets, bool keyed)
{
	struct classifier_config config = prog_run_config();

	config.flow_set_mask = sets - 1;
	if (!keyed)
		memset(config.hash_key, 0, sizeof(config.hash_key));
	judge_open(judge, &veth, &config);
	judge_policy(judge, vectors_rules(POLICY_PLAIN));
}

/* A flow by its number: family, service, tenant and path differ from one to the next. */
static struct packet numbered_flow(unsigned int number)
{
	static const __u16 ports[] = {8000, 9000, 4791, 7000, 5000, 6000, 9100, 1234};
	static const char *const sources[] = {"192.0.2.1", "192.0.2.129", "198.51.100.1"};
	static const char *const sources6[] = {"2001:db8:a::1", "2001:db8:a:b::9", "2001:db8:f::1"};
	struct packet packet = {
		.family = number & 1 ? 6 : 4,
		.protocol = number & 2 ? IPPROTO_UDP : IPPROTO_TCP,
		.dport = ports[number / 4 % 8],
		.sport = (__u16)(1024 + number),
	};

	packet.source = number & 1 ? sources6[number % 3] : sources[number % 3];
	return packet;
}

/* With a key of zeros, all of these have one hash: a product with UDP's and IPv4's zero is none. */
static struct packet colliding_flow(unsigned int number)
{
	static const char *const destinations[] = {"10.1.9.9", "10.1.2.9", "10.1.2.3", "10.2.0.1"};
	struct packet packet = numbered_flow(number);

	packet.family = 4;
	packet.protocol = IPPROTO_UDP;
	packet.source = "0.0.0.0";
	packet.destination = destinations[number % 4];
	return packet;
}

static unsigned int run_flows(struct judge *judge, struct packet (*flow)(unsigned int number))
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < FLOWS; i++) {
		const struct packet packet = flow(i);
		const struct prog_frame frame = build(&packet);
		const struct reference_answer wanted = judge_reference(judge, &frame);

		failed += !judge_frame(judge, &frame, &wanted, FLOW_NONE);
		failed += !judge_frame(judge, &frame, &wanted, FLOW_NONE);
	}
	return failed;
}

static void check_collisions(__u32 sets, bool keyed, struct packet (*flow)(unsigned int number))
{
	struct tp_flow_events events;
	struct judge judge;
	unsigned int failed = 0;

	open_judge(&judge, sets, keyed);
	for (int round = 0; round < 3; round++)
		failed += run_flows(&judge, flow);
	failed += !judge_counters(&judge);
	events = judge.run.counters.queue[0].flows;
	judge_close(&judge);
	assert_int_equal(failed, 0);
	/*
	 * One set: the first flows fill it, each one after that takes another's place.  Which one is the age's
	 * to say, and all have one age within a tick: what a set holds when a round ends may still be there
	 * when the next one comes to it.
	 */
	assert_in_range(events.inserted, 3 * FLOWS - 2 * TP_FLOW_WAYS, 3 * FLOWS);
	assert_int_equal(events.evicted, events.inserted - TP_FLOW_WAYS);
	assert_int_equal(events.refreshed, 0);
	assert_int_equal(events.contended, 0);
}

static void test_one_set(void **state)
{
	check_collisions(1, true, numbered_flow);
}

static void test_one_hash(void **state)
{
	check_collisions(TP_FLOW_SETS_MIN, false, colliding_flow);
}

/* The table holds as many flows as it has ways, and knows them all. */
static void test_full_set(void **state)
{
	struct judge judge;
	unsigned int failed = 0;

	open_judge(&judge, 1, true);
	judge.thorough = true;
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < TP_FLOW_WAYS; i++) {
			const struct packet packet = numbered_flow(4 * i);
			const struct prog_frame frame = build(&packet);
			const struct reference_answer wanted = judge_reference(&judge, &frame);

			failed += !judge_frame(&judge, &frame, &wanted,
					       round ? FLOW_NONE : FLOW_INSERTED);
		}
	}
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

/* A policy that decides otherwise for the same packets: known flows are decided again, once. */
static void test_refresh(void **state)
{
	static struct rules other;
	struct judge judge;
	const struct packet packet = numbered_flow(0);
	struct prog_frame frame;
	struct reference_answer first, second;
	bool good;

	rules_add_service(&other, "first", IPPROTO_UDP, 1, 2, TP_CLASS_RPC, TP_PATH_STACK, 0, NULL);
	rules_add_service(&other, "planner", IPPROTO_TCP, 8000, 8000, TP_CLASS_BULK, TP_PATH_RDMA,
			  77, NULL);
	other.tenants = 100;
	open_judge(&judge, TP_FLOW_SETS_MIN, true);
	judge.thorough = true;
	frame = build(&packet);
	first = judge_reference(&judge, &frame);
	good = judge_frame(&judge, &frame, &first, FLOW_INSERTED);
	good &= judge_frame(&judge, &frame, &first, FLOW_NONE);
	judge_policy(&judge, &other);
	second = judge_reference(&judge, &frame);
	good &= judge_frame(&judge, &frame, &second, FLOW_REFRESHED);
	good &= judge_frame(&judge, &frame, &second, FLOW_NONE);
	judge_policy(&judge, &other);
	good &= judge_frame(&judge, &frame, &second, FLOW_REFRESHED);
	judge_close(&judge);
	assert_int_equal(first.reason, TP_REASON_service_stack);
	assert_int_equal(second.reason, TP_REASON_rdma_counted);
	assert_int_equal(second.tenant, 77);
	assert_true(good);
}

/* Whether @other belongs to a flow that @packet made known. */
static bool same_flow(struct judge *judge, const struct packet *packet, const struct packet *other)
{
	struct prog_result result;
	struct prog_frame frame = build(packet);

	prog_run_clear_flows(&judge->run);
	assert_int_equal(prog_run_classify(&judge->run, &frame, &result), 0);
	frame = build(other);
	assert_int_equal(prog_run_explain(&judge->run, &frame, &result), 0);
	return judge->run.answer->cached;
}

#define FLOW6(s, d, sp, dp, proto, n, outer, inner)                                                \
	.family = 6, .source = s, .destination = d, .sport = sp, .dport = dp, .protocol = proto,   \
	.tags = n, .tci = {outer, inner}
#define FLOW4(s, d)                                                                                \
	.family = 4, .protocol = IPPROTO_TCP, .dport = 8000, .source = s, .destination = d
#define PEER  "2001:db8:1:2:3:4:5:6"
#define HERE  "2001:db8:9:8:7:6:5:4"
#define BASE  FLOW6(PEER, HERE, 3000, 8000, IPPROTO_TCP, 2, 7, 8)
#define BASE4 FLOW4("198.51.100.7", "10.9.9.9")

static void test_what_makes_a_flow(void **state)
{
	static const struct {
		struct packet packet;
		struct packet other;
		bool same;
	} rows[] = {
		{{BASE}, {BASE}, true},
		{{BASE}, {BASE, .payload = 99}, true},
		{{BASE}, {BASE, .tos = 46 << 2}, true},
		{{BASE}, {BASE, .tpid = {0x88a8, 0x88a8}}, true},
		{{BASE}, {BASE, .extensions = 2}, true},
		{{BASE}, {FLOW6(PEER, HERE, 3000, 8000, IPPROTO_TCP, 2, 0xe007, 0x2008)}, true},
		{{BASE}, {FLOW6(PEER, HERE, 3000, 8000, IPPROTO_TCP, 2, 6, 8)}, false},
		{{BASE}, {FLOW6(PEER, HERE, 3000, 8000, IPPROTO_TCP, 2, 7, 9)}, false},
		{{BASE}, {FLOW6(PEER, HERE, 3000, 8000, IPPROTO_TCP, 2, 8, 7)}, false},
		{{BASE}, {FLOW6(PEER, HERE, 3000, 8000, IPPROTO_TCP, 1, 7, 0)}, false},
		{{BASE}, {FLOW6(PEER, HERE, 3000, 8000, IPPROTO_TCP, 0, 0, 0)}, false},
		{{BASE}, {FLOW6(PEER, HERE, 3000, 8000, IPPROTO_UDP, 2, 7, 8)}, false},
		{{BASE}, {FLOW6(PEER, HERE, 3001, 8000, IPPROTO_TCP, 2, 7, 8)}, false},
		{{BASE}, {FLOW6(PEER, HERE, 3000, 8001, IPPROTO_TCP, 2, 7, 8)}, false},
		{{BASE}, {FLOW6(PEER, HERE, 8000, 3000, IPPROTO_TCP, 2, 7, 8)}, false},
		{{BASE}, {FLOW6("2001:db8:1:2:3:4:5:7", HERE, 3000, 8000, 6, 2, 7, 8)}, false},
		{{BASE}, {FLOW6("2001:db8:1:2:8003:4:5:6", HERE, 3000, 8000, 6, 2, 7, 8)}, false},
		{{BASE}, {FLOW6("2001:db8:1:3:3:4:5:6", HERE, 3000, 8000, 6, 2, 7, 8)}, false},
		{{BASE}, {FLOW6("a001:db8:1:2:3:4:5:6", HERE, 3000, 8000, 6, 2, 7, 8)}, false},
		{{BASE}, {FLOW6(PEER, "2001:db8:9:8:7:6:5:5", 3000, 8000, 6, 2, 7, 8)}, false},
		{{BASE}, {FLOW6(PEER, "2001:db8:9:8:8007:6:5:4", 3000, 8000, 6, 2, 7, 8)}, false},
		{{BASE}, {FLOW6(PEER, "2001:db8:9:9:7:6:5:4", 3000, 8000, 6, 2, 7, 8)}, false},
		{{BASE}, {FLOW6(PEER, "a001:db8:9:8:7:6:5:4", 3000, 8000, 6, 2, 7, 8)}, false},
		{{BASE}, {FLOW6(HERE, PEER, 3000, 8000, IPPROTO_TCP, 2, 7, 8)}, false},
		{{BASE4}, {BASE4, .options = 4}, true},
		{{BASE4}, {BASE4, .fragment = 0x4000}, true},
		{{BASE4}, {BASE4, .tags = 1, .tci = {0xe000}}, true},
		{{BASE4}, {FLOW4("198.51.100.8", "10.9.9.9")}, false},
		{{BASE4}, {FLOW4("198.51.100.7", "11.9.9.9")}, false},
		{{BASE4}, {FLOW4("10.9.9.9", "198.51.100.7")}, false},
		/* The same bytes in the other family. */
		{{FLOW4("32.1.13.184", "32.1.13.184")},
		 {FLOW6("2001:db8::", "2001:db8::", 0, 8000, IPPROTO_TCP, 0, 0, 0)},
		 false},
	};
	struct judge judge;
	unsigned int failed = 0;

	open_judge(&judge, TP_FLOW_SETS_MIN, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (same_flow(&judge, &rows[i].packet, &rows[i].other) == rows[i].same)
			continue;
		printf("# row %zu: expected %s flow\n", i, rows[i].same ? "the same" : "another");
		failed++;
	}
	judge_policy(&judge, vectors_rules(POLICY_TRUST_DSCP));
	failed += same_flow(&judge, &(struct packet){BASE}, &(struct packet){BASE, .tos = 46 << 2});
	failed += !same_flow(&judge, &(struct packet){BASE}, &(struct packet){BASE, .tos = 3});
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

/* What a flow carried, as explain tells it. */
static void test_flow_counters(void **state)
{
	struct judge judge;
	struct prog_result result;
	struct prog_frame frame;
	unsigned int failed = 0;
	__u64 bytes = 0;

	open_judge(&judge, TP_FLOW_SETS_MIN, true);
	for (__u64 packets = 1; packets <= 50; packets++) {
		struct packet packet = {BASE, .payload = (__u16)(10 * packets)};

		frame = build(&packet);
		failed += prog_run_classify(&judge.run, &frame, &result) != 0;
		failed += prog_run_explain(&judge.run, &frame, &result) != 0;
		bytes += frame.length;
		failed += judge.run.answer->flow_packets != packets;
		failed += judge.run.answer->flow_bytes != bytes;
		failed += (__u32)judge.run.answer->jiffies - judge.run.answer->flow_seen > 1000;
	}
	judge_close(&judge);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_set),           cmocka_unit_test(test_one_hash),
		cmocka_unit_test(test_full_set),          cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_what_makes_a_flow), cmocka_unit_test(test_flow_counters),
	};
	int err = link_create(&veth);

	if (err) {
		fprintf(stderr, "cannot create a test link: %s; run this as root\n",
			strerror(-err));
		return 1;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("flow table", tests, NULL, NULL);
}
