// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two CPUs in one set of the flow table, and policies that change under them: every packet is
 * counted once, under its own flow's service and tenant, and under one policy whole.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/judge.h"

#define CPUS     2
#define FLOWS    48   /* of each CPU, for the eight ways of one set */
#define ROUNDS   4000 /* over all flows */
#define SERVICES 4    /* of each policy; flow i asks for service i % SERVICES */
#define POLICIES 2

static struct link veth;
static struct rules rules[POLICIES];

struct worker {
	pthread_t thread;
	const struct prog_run *run;
	int cpu;
	__u32 queue;
	__u64 bytes;
	int failed;
	__u32 length[FLOWS];
	unsigned char frame[FLOWS][128];
};

/* The policies give one packet different services, tenants and paths, but always to the stack. */
static void make_rules(void)
{
	for (__u16 policy = 0; policy < POLICIES; policy++) {
		for (__u16 i = 0; i < policy * SERVICES; i++)
			rules_add_service(&rules[policy], "unused", IPPROTO_TCP, (__u16)(100 + i),
					  (__u16)(100 + i), TP_CLASS_RPC, TP_PATH_STACK, 0, NULL);
		for (__u16 i = 0; i < SERVICES; i++)
			rules_add_service(&rules[policy], "asked", IPPROTO_UDP, (__u16)(6000 + i),
					  (__u16)(6000 + i), policy ? TP_CLASS_BULK : TP_CLASS_RPC,
					  i & 1 ? TP_PATH_RDMA : TP_PATH_STACK,
					  (__u16)(1 + policy * SERVICES + i), NULL);
		rules[policy].tenants = 1 + POLICIES * SERVICES;
	}
}

/* Service of flow @i under @policy. */
static __u32 service_of(__u32 policy, __u32 i)
{
	return TP_SERVICE_FIRST + policy * SERVICES + i % SERVICES;
}

static __u32 tenant_of(__u32 policy, __u32 i)
{
	return 1 + policy * SERVICES + i % SERVICES;
}

/* Both CPUs run the same flows where they share a queue, as generic mode may have it. */
static void make_frames(struct worker *worker)
{
	static unsigned char built[PACKET_MAX];

	for (__u32 i = 0; i < FLOWS; i++) {
		const struct packet packet = {
			.family = i & 4 ? 6 : 4,
			.protocol = IPPROTO_UDP,
			.sport = (__u16)(2000 + i),
			.dport = (__u16)(6000 + i % SERVICES),
		};

		worker->length[i] = (__u32)packet_build(&packet, built).length;
		memcpy(worker->frame[i], built, sizeof(worker->frame[i]));
	}
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(worker->cpu, &cpus);
	worker->failed = sched_setaffinity(0, sizeof(cpus), &cpus);
	for (__u32 round = 0; round < ROUNDS && !worker->failed; round++) {
		for (__u32 i = 0; i < FLOWS; i++) {
			const struct prog_frame frame = {
				.queue = worker->queue,
				.bytes = worker->frame[i],
				.length = worker->length[i],
			};
			__u32 action;

			worker->failed |= prog_run_once(worker->run, &frame, &action);
			worker->failed |= action != XDP_PASS;
			worker->bytes += frame.length;
		}
	}
	return NULL;
}

/* Swaps the policies until the workers are done; how often it did is the answer. */
static int swap_policies(struct judge *judge, struct worker *workers)
{
	int swaps = 0, busy = CPUS;

	while (busy) {
		judge_policy(judge, &rules[++swaps % POLICIES]);
		for (int i = 0; i < CPUS; i++)
			if (workers[i].thread && !pthread_tryjoin_np(workers[i].thread, NULL)) {
				workers[i].thread = 0;
				busy--;
			}
	}
	return swaps;
}

/* Packets that the workers sent to service @service of the policies, on all queues. */
static __u64 packets_sent(__u32 service)
{
	const __u64 flows = (FLOWS - 1 - service) / SERVICES + 1;

	return flows * ROUNDS * CPUS;
}

static __u64 service_packets(const struct judge *judge, __u32 service)
{
	__u64 packets = 0;

	for (__u32 row = 0; row <= judge->run.config.queues; row++)
		packets += judge->run.counters.service[row * TP_MAX_SERVICES + service].packets;
	return packets;
}

static __u64 tenant_packets(const struct judge *judge, __u32 tenant)
{
	__u64 packets = 0;

	for (__u32 row = 0; row <= judge->run.config.queues; row++)
		packets += judge->run.counters.tenant[row * TP_MAX_TENANTS + tenant].packets;
	return packets;
}

static bool sums_up(const char *what, __u64 wanted, __u64 got)
{
	if (wanted != got)
		printf("# %s: expected %llu, got %llu\n", what, wanted, got);
	return wanted == got;
}

static bool check_queues(const struct judge *judge, const struct worker *workers)
{
	__u64 packets = 0, bytes = 0;
	bool good = true;

	for (__u32 row = 0; row <= judge->run.config.queues; row++) {
		const struct queue_stats *queue = &judge->run.counters.queue[row];

		packets += queue->reasons.service_stack + queue->reasons.rdma_counted;
		bytes += queue->bytes;
		good &= sums_up("verdicts", queue->packets, queue->verdicts.stack);
	}
	good &= sums_up("packets by reason", (__u64)FLOWS * ROUNDS * CPUS, packets);
	return good & sums_up("bytes", workers[0].bytes + workers[1].bytes, bytes);
}

static bool check_sums(const struct judge *judge, const struct worker *workers, bool swapped)
{
	bool good = check_queues(judge, workers);

	for (__u32 i = 0; i < SERVICES; i++) {
		__u64 sum = 0;

		for (__u32 policy = 0; policy < POLICIES; policy++) {
			const __u64 served = service_packets(judge, service_of(policy, i));

			/* One policy whole: its service and its tenant, packet by packet. */
			good &= sums_up("tenant's packets", served,
					tenant_packets(judge, tenant_of(policy, i)));
			if (policy && !swapped)
				good &= sums_up("packets of a policy never in force", 0, served);
			sum += served;
		}
		good &= sums_up("packets of a service", packets_sent(i), sum);
	}
	return good;
}

static void race(__u8 atomic_counters, bool one_queue, bool swap)
{
	static struct worker workers[CPUS];
	struct classifier_config config = prog_run_config();
	struct judge judge;
	int swaps = 0, failed = 0;
	__u64 inserted = 0, contended = 0;
	bool good;

	config.flow_set_mask = 0;
	config.atomic_counters = atomic_counters;
	judge_open(&judge, &veth, &config);
	judge_policy(&judge, &rules[0]);
	memset(workers, 0, sizeof(workers));
	for (int i = 0; i < CPUS; i++) {
		workers[i].run = &judge.run;
		workers[i].cpu = i;
		workers[i].queue = one_queue ? 0 : (__u32)i;
		make_frames(&workers[i]);
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	if (swap)
		swaps = swap_policies(&judge, workers);
	for (int i = 0; i < CPUS; i++) {
		if (workers[i].thread)
			pthread_join(workers[i].thread, NULL);
		failed |= workers[i].failed;
		inserted += judge.run.counters.queue[i].flows.inserted;
		contended += judge.run.counters.queue[i].flows.contended;
	}
	printf("# %llu flows inserted, %llu contended, policy swapped %d times\n", inserted,
	       contended, swaps);
	good = check_sums(&judge, workers, swap);
	judge_close(&judge);
	assert_int_equal(failed, 0);
	assert_true(good);
	assert_true(!swap || swaps > 2);
}

static void test_queue_each(void **state)
{
	race(0, false, false);
}

static void test_one_queue(void **state)
{
	race(1, true, false);
}

static void test_policy_swaps(void **state)
{
	race(0, false, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_each),
		cmocka_unit_test(test_one_queue),
		cmocka_unit_test(test_policy_swaps),
	};
	int err = link_create(&veth);

	if (err) {
		fprintf(stderr, "cannot create a test link: %s; run this as root\n",
			strerror(-err));
		return 1;
	}
	make_rules();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("flow table races", tests, NULL, NULL);
}
