// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/generation.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

static struct policy_gen *map_word(int fd)
{
	void *page;

	page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? NULL : page;
}

static void unmap_word(struct policy_gen *gen)
{
	munmap(gen, (size_t)sysconf(_SC_PAGESIZE));
}

int generation_word(int policy_gen_fd, uint64_t *word)
{
	uint32_t key = 0;

	return bpf_map_lookup_elem(policy_gen_fd, &key, word) ? -errno : 0;
}

/* Adds the type @name to what bpftool can print; a map without it works as well. */
static uint32_t type_id(const struct btf *btf, const char *name)
{
	int id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) : 0;

	return id > 0 ? (uint32_t)id : 0;
}

static int create_policy(const struct btf *btf, const struct policy *policy)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	uint32_t key = 0;
	int fd, err, key_id;

	key_id = btf ? btf__find_by_name_kind(btf, "unsigned int", BTF_KIND_INT) : 0;
	opts.btf_value_type_id = type_id(btf, "policy");
	if (key_id > 0 && opts.btf_value_type_id) {
		opts.btf_fd = (uint32_t)btf__fd(btf);
		opts.btf_key_type_id = (uint32_t)key_id;
	} else {
		opts.btf_value_type_id = 0;
	}
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tp_policy", sizeof(key), sizeof(*policy), 1,
			    &opts);
	if (fd < 0)
		return -errno;
	if (bpf_map_update_elem(fd, &key, policy, BPF_ANY) || bpf_map_freeze(fd)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int create_prefixes(const struct btf *btf, const struct prefix_entry *prefixes,
			   uint32_t count)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	uint32_t i;
	int fd, err;

	opts.btf_key_type_id = type_id(btf, "prefix_key");
	opts.btf_value_type_id = type_id(btf, "prefix_tenant");
	if (opts.btf_key_type_id && opts.btf_value_type_id)
		opts.btf_fd = (uint32_t)btf__fd(btf);
	else
		opts.btf_key_type_id = opts.btf_value_type_id = 0;
	fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "tp_prefixes", sizeof(struct prefix_key),
			    sizeof(struct prefix_tenant), count ? count : 1, &opts);
	if (fd < 0)
		return -errno;
	for (i = 0; i < count; i++) {
		if (bpf_map_update_elem(fd, &prefixes[i].key, &prefixes[i].value, BPF_NOEXIST)) {
			err = -errno;
			goto close_map;
		}
	}
	if (bpf_map_freeze(fd)) {
		err = -errno;
		goto close_map;
	}
	return fd;
close_map:
	close(fd);
	return err;
}

/* The kernel waits in each update of a map of maps until no program holds what was there before. */
static int hang(int outer, uint64_t slot, int inner)
{
	uint32_t key = (uint32_t)slot;

	return bpf_map_update_elem(outer, &key, &inner, BPF_ANY) ? -errno : 0;
}

static void empty_slot(const struct generation_maps *maps, uint64_t slot)
{
	uint32_t key = (uint32_t)slot;

	bpf_map_delete_elem(maps->policy, &key);
	bpf_map_delete_elem(maps->tenant_prefixes, &key);
}

int generation_install(const struct generation_maps *maps, const struct btf *btf,
		       struct policy *policy, const struct prefix_entry *prefixes,
		       size_t prefix_count)
{
	struct policy_gen *gen;
	uint64_t old, new, slot, old_slot;
	int policy_fd, prefixes_fd, err;

	if (prefix_count > TP_MAX_PREFIXES)
		return -E2BIG;
	gen = map_word(maps->policy_gen);
	if (!gen)
		return -errno;
	old = __atomic_load_n(&gen->word, __ATOMIC_ACQUIRE);
	old_slot = TP_GEN_SLOT(old) % TP_POLICY_SLOTS;
	slot = old ? (old_slot + 1) % TP_POLICY_SLOTS : 0;
	policy->generation = TP_GEN_GENERATION(old) + 1;
	if (policy->generation > TP_GENERATION_MAX) {
		err = -EOVERFLOW;
		goto unmap;
	}

	policy_fd = create_policy(btf, policy);
	if (policy_fd < 0) {
		err = policy_fd;
		goto unmap;
	}
	prefixes_fd = create_prefixes(btf, prefixes, (uint32_t)prefix_count);
	if (prefixes_fd < 0) {
		err = prefixes_fd;
		goto close_policy;
	}
	err = hang(maps->policy, slot, policy_fd);
	if (!err)
		err = hang(maps->tenant_prefixes, slot, prefixes_fd);
	if (err) {
		empty_slot(maps, slot);
		goto close_prefixes;
	}
	new = TP_GEN_WORD(policy->generation, slot, policy->flags);
	__atomic_store_n(&gen->word, new, __ATOMIC_RELEASE);
	/* A packet may have read the old word just before: hanging a map again is a way to wait. */
	if (old && !hang(maps->policy, slot, policy_fd))
		empty_slot(maps, old_slot);
	err = 0;
close_prefixes:
	close(prefixes_fd);
close_policy:
	close(policy_fd);
unmap:
	unmap_word(gen);
	return err;
}

int generation_read(const struct generation_maps *maps, struct policy *policy)
{
	uint32_t slot, inner_id, key = 0;
	uint64_t word;
	int fd, err;

	err = generation_word(maps->policy_gen, &word);
	if (err)
		return err;
	if (!word)
		return -ENOENT;
	slot = TP_GEN_SLOT(word);
	if (bpf_map_lookup_elem(maps->policy, &slot, &inner_id))
		return -errno;
	fd = bpf_map_get_fd_by_id(inner_id);
	if (fd < 0)
		return -errno;
	err = bpf_map_lookup_elem(fd, &key, policy) ? -errno : 0;
	close(fd);
	return err;
}
