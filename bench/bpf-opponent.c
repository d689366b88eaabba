// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/bpf-opponent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "loaders/lib/msg.h"

/* Flags of an entry's value, as xdp-filter's own tool writes them. */
#define ALLOW_SRC (1U << 0)
#define ALLOW_DST (1U << 1)
#define ALLOW_TCP (1U << 2)
#define ALLOW_UDP (1U << 3)

#define OTHERS 1000U

/* Its tables are per CPU: one value a CPU. */
struct value {
	__u64 *cpu;
	int cpus;
};

static int value_make(struct value *value, __u64 flags)
{
	value->cpus = libbpf_num_possible_cpus();
	if (value->cpus < 0)
		return value->cpus;
	value->cpu = calloc((size_t)value->cpus, sizeof(*value->cpu));
	if (!value->cpu)
		return -ENOMEM;
	for (int i = 0; i < value->cpus; i++)
		value->cpu[i] = flags;
	return 0;
}

static int insert(struct bpf_object *object, const char *name, const void *key, size_t key_len,
		  __u64 flags)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	struct value value;
	int err;

	if (!map)
		return -ENOENT;
	err = value_make(&value, flags);
	if (err)
		return err;
	err = bpf_map__update_elem(map, key, key_len, value.cpu,
				   (size_t)value.cpus * sizeof(*value.cpu), 0);
	free(value.cpu);
	return err;
}

static int fill_ports(struct bpf_object *object, const __u16 *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		__u32 key = htons(ports[i]);
		int err = insert(object, "filter_ports", &key, sizeof(key),
				 ALLOW_DST | ALLOW_TCP | ALLOW_UDP);

		if (err)
			return err;
	}
	return 0;
}

/* Neighbours of nobody's: MAC 06:.., 192.0.2.0/24 and on, 2001:db8::/32. */
static int fill_others(struct bpf_object *object)
{
	for (__u32 i = 0; i < OTHERS; i++) {
		__u8 mac[6] = {0x06, 0, 0, 0, (__u8)(i >> 8), (__u8)i};
		__u32 ipv4 = htonl(0xc0000200U + i);
		__u8 ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [14] = (__u8)(i >> 8), [15] = (__u8)i};
		int err = insert(object, "filter_ethernet", mac, sizeof(mac), ALLOW_SRC);

		if (!err)
			err = insert(object, "filter_ipv4", &ipv4, sizeof(ipv4), ALLOW_SRC);
		if (!err)
			err = insert(object, "filter_ipv6", ipv6, sizeof(ipv6), ALLOW_SRC);
		if (err)
			return err;
	}
	return 0;
}

int bench_opponent_open(struct bench_opponent *o, const char *path, const __u16 *ports, size_t n)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int err;

	memset(o, 0, sizeof(*o));
	o->object = bpf_object__open_file(path, NULL);
	if (!o->object) {
		err = -errno;
		msg_error("%s: %s; it comes with Debian's package xdp-tools", path, strerror(-err));
		return err;
	}
	/* It would pin its maps for its tool to find; nothing of it shall outlive the measurement. */
	bpf_object__for_each_map (map, o->object) {
		err = bpf_map__set_pin_path(map, NULL);
		if (err)
			goto close_object;
	}
	err = bpf_object__load(o->object);
	if (err)
		goto close_object;
	program = bpf_object__next_program(o->object, NULL);
	if (!program) {
		err = -ENOENT;
		goto close_object;
	}
	o->prog_fd = bpf_program__fd(program);
	err = fill_ports(o->object, ports, n);
	if (!err)
		err = fill_others(o->object);
	if (!err)
		return 0;

close_object:
	msg_error("%s could not be loaded and filled: %s", path, strerror(-err));
	msg_show_libs();
	bpf_object__close(o->object);
	o->object = NULL;
	return err;
}

void bench_opponent_close(struct bench_opponent *o)
{
	bpf_object__close(o->object);
}
