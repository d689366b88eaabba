// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel says about a program that ran: the same facts that bpftool prog show prints. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bpf-cases.h"

#define MAPS_MAX 32

static json_t *map_receipt(__u32 id)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	const char *type;
	json_t *map = NULL;
	int fd;

	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return NULL;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len)) {
		type = libbpf_bpf_map_type_str(info.type);
		map = json_pack("{s:s, s:s, s:I, s:I, s:I}", "name", info.name, "type",
				type ? type : "unknown", "max_entries",
				(json_int_t)info.max_entries, "key_bytes",
				(json_int_t)info.key_size, "value_bytes",
				(json_int_t)info.value_size);
	}
	close(fd);
	return map;
}

int bench_receipt(json_t *programs, const char *name, int prog_fd)
{
	__u32 ids[MAPS_MAX] = {};
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (__u64)(unsigned long)ids};
	__u32 len = sizeof(info);
	json_t *maps = json_array();
	char tag[2 * BPF_TAG_SIZE + 1];

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &len)) {
		json_decref(maps);
		return -errno;
	}
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(tag + 2 * i, 3, "%02x", info.tag[i]);
	for (__u32 i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		json_t *map = map_receipt(ids[i]);

		if (map && json_array_append_new(maps, map)) {
			json_decref(maps);
			return -ENOMEM;
		}
	}
	if (json_array_append_new(programs,
				  json_pack("{s:s, s:I, s:s, s:b, s:I, s:I, s:o}", "name", name,
					    "id", (json_int_t)info.id, "tag", tag, "jited",
					    info.jited_prog_len > 0, "jited_bytes",
					    (json_int_t)info.jited_prog_len, "xlated_bytes",
					    (json_int_t)info.xlated_prog_len, "maps", maps)))
		return -ENOMEM;
	return 0;
}
