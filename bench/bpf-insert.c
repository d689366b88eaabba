// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * New flows only: the flow table against an LRU hash of as many entries, and the classifier whole.
 * Before and after, both tables are searched for the rotating flows: the latest ones that they were
 * given.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sodium.h>

#include "bench/bpf-cases.h"
#include "bench/bpf-packet.h"
#include "bench/bpf-replay.h"
#include "loaders/lib/msg.h"
#include "skel/inserts.skel.h"

#define TARGETS 4

/* All flows of the case share their local end, protocol and family: that of the packet. */
static struct flow_key key_of(__u32 flow, const struct bench_packet *pkt)
{
	struct flow_key key = {};
	__u32 local;

	memcpy(&local, pkt->bytes + 14 + 16, sizeof(local));
	key.sport = htons(REPLAY_PORT(flow));
	key.dport = htons(BENCH_UDP_PORT);
	key.s0 = htonl(REPLAY_IPV4(flow));
	key.d0 = local;
	return key;
}

/* Marks the flows of (@last - @count, @last] that @set holds. */
static __u32 count_in_set(const struct flow_set *set, __u32 last, __u32 count,
			  const struct bench_packet *pkt)
{
	__u32 found = 0;

	for (int way = 0; way < TP_FLOW_WAYS; way++) {
		const struct flow_key *key = &set->way[way].key;
		__u32 source = ntohl((__u32)key->s0);
		/* REPLAY_IPV4 and REPLAY_PORT backwards. */
		__u32 flow = (source >> 8 & 0xff) | (source & 0xff) << 8 |
			     (ntohs(key->sport) & 0x3fffU) << 16;
		struct flow_key expected = key_of(flow, pkt);

		if (TP_DECISION_GEN(set->way[way].decision) && last - flow < count &&
		    !memcmp(key, &expected, sizeof(*key)))
			found++;
	}
	return found;
}

static int retained_in_table(const struct bpf_map *map, __u32 last, __u32 count,
			     const struct bench_packet *pkt, __u32 *found)
{
	struct flow_set set;

	*found = 0;
	for (__u32 i = 0; i < bpf_map__max_entries(map); i++) {
		int err = bpf_map__lookup_elem(map, &i, sizeof(i), &set, sizeof(set), 0);

		if (err)
			return err;
		*found += count_in_set(&set, last, count, pkt);
	}
	return 0;
}

static int retained_in_lru(const struct bpf_map *map, __u32 last, __u32 count,
			   const struct bench_packet *pkt, __u32 *found)
{
	struct replay_value value;

	*found = 0;
	for (__u32 i = 0; i < count; i++) {
		struct flow_key key = key_of(last - i, pkt);
		int err = bpf_map__lookup_elem(map, &key, sizeof(key), &value, sizeof(value), 0);

		if (err && err != -ENOENT)
			return err;
		*found += !err;
	}
	return 0;
}

/* Searches both tables for the latest @b->rotating flows that each was given. */
static int check_retained(struct bench *b, const char *name, struct inserts *skel,
			  struct replay *const replays[TARGETS], const struct bench_packet *pkt)
{
	__u32 table, lru;
	int err;

	err = retained_in_table(skel->maps.flows, bench_replay_flow(replays[1]), b->rotating, pkt,
				&table);
	if (err)
		return err;
	err = retained_in_lru(skel->maps.lru, bench_replay_flow(replays[2]), b->rotating, pkt,
			      &lru);
	if (err)
		return err;
	if (json_array_append_new(b->checks,
				  json_pack("{s:s, s:I, s:I, s:I}", "case", name, "flows",
					    (json_int_t)b->rotating, "retained_table",
					    (json_int_t)table, "retained_lru", (json_int_t)lru)))
		return -ENOMEM;
	return 0;
}

static int empty_table(const struct bpf_map *map)
{
	static const struct flow_set empty;

	for (__u32 i = 0; i < bpf_map__max_entries(map); i++) {
		int err = bpf_map__update_elem(map, &i, sizeof(i), &empty, sizeof(empty), BPF_ANY);

		if (err)
			return err;
	}
	return 0;
}

static int load(struct inserts *skel, __u32 sets)
{
	int err = bpf_map__set_max_entries(skel->maps.flows, sets);

	if (!err)
		err = bpf_map__set_max_entries(skel->maps.lru, sets * TP_FLOW_WAYS);
	if (err)
		return err;
	randombytes_buf(skel->rodata->hash_key, sizeof(skel->rodata->hash_key));
	skel->rodata->set_mask = sets - 1;
	return inserts__load(skel);
}

static int receipts(struct bench *b, const struct inserts *skel)
{
	int err = bench_receipt(b->programs, "insert_table",
				bpf_program__fd(skel->progs.insert_table));

	return err ? err
		   : bench_receipt(b->programs, "insert_lru",
				   bpf_program__fd(skel->progs.insert_lru));
}

int bench_case_insert(struct bench *b)
{
	const struct replay_config config = {.flows = 0};
	struct replay *replays[TARGETS] = {};
	struct inserts *skel = inserts__open();
	struct bench_packet packet;
	struct bench_side sides[] = {
		{.name = "floor"},      {.name = "table"},       {.name = "lru"},
		{.name = "classifier"}, {.name = "table again"},
	};
	int targets[TARGETS], err;

	if (!skel)
		return -errno;
	bench_packet_make(&packet, false, false, 0);
	err = load(skel, b->classifier.sets);
	if (!err)
		err = receipts(b, skel);
	if (err)
		goto destroy_skel;
	targets[0] = bpf_program__fd(skel->progs.insert_floor);
	targets[1] = bpf_program__fd(skel->progs.insert_table);
	targets[2] = bpf_program__fd(skel->progs.insert_lru);
	targets[3] = bench_classifier_fd(&b->classifier);
	for (size_t i = 0; i < TARGETS && !err; i++) {
		err = bench_replay_open(&replays[i], &config, targets[i]);
		if (!err)
			sides[i].prog_fd = bench_replay_fd(replays[i]);
		sides[i].packet = &packet;
	}
	if (err)
		goto close_replays;
	sides[4].prog_fd = sides[1].prog_fd;
	sides[4].packet = &packet;

	/* Into an empty table first: this is where crowding in a set would show, and nothing else. */
	err = bench_run(&sides[1], b->rotating);
	if (!err)
		err = bench_run(&sides[2], b->rotating);
	if (!err)
		err = check_retained(b, "retained of an empty table", skel, replays, &packet);
	if (!err)
		err = empty_table(skel->maps.flows);
	if (!err)
		err = bench_in_turn("insert", sides, sizeof(sides) / sizeof(sides[0]), &b->rounds,
				    b->cases);
	if (!err)
		err = check_retained(b, "retained of a full table", skel, replays, &packet);

close_replays:
	for (size_t i = 0; i < TARGETS; i++)
		bench_replay_close(replays[i]);
destroy_skel:
	if (err)
		msg_show_libs();
	inserts__destroy(skel);
	return err;
}
