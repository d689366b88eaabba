/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The policy file (docs/policy.md): loaded and checked whole, then compiled into the form that the
 * classifier reads.  A file with any fault is refused with FILE:LINE:COLUMN, what was found and
 * what is allowed; nothing of it is used.
 */
#ifndef TRIPATH_LOADERS_LIB_POLICY_H
#define TRIPATH_LOADERS_LIB_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "maps/flow.h"
#include "maps/policy.h"

/* A policy file that passed every check. */
struct policy_source;

/* One entry of the longest-prefix-match map of a generation. */
struct prefix_entry {
	struct prefix_key key;
	struct prefix_tenant value;
};

/*
 * Loads and checks @file, and tells the user of every fault through msg_error().
 * -EINVAL: the file is at fault; another negative errno: it could not be read.  Free with
 * policy_free().
 */
int policy_load(const char *file, struct policy_source **out);
void policy_free(struct policy_source *src);

const char *policy_name(const struct policy_source *src);
/* BLAKE2b-256 of the file's bytes, TP_HASH_LEN bytes. */
const __u8 *policy_hash(const struct policy_source *src);
/* Sets of the flow table, a power of two; a set holds TP_FLOW_WAYS flows.  Takes effect at attach
 * only. */
__u32 policy_flow_sets(const struct policy_source *src);
/* Frames that a cpumap entry queues. */
__u32 policy_cpu_queue(const struct policy_source *src);
/*
 * The CPUs that the policy may redirect to, ascending, each once: at most @max are written to
 * @cpus. Returns how many there are.  Whether this machine has them is for the caller to check.
 */
size_t policy_cpus(const struct policy_source *src, __u32 *cpus, size_t max);

/*
 * Fills @out, whose generation stays 0 for the caller to set, and allocates @prefixes (NULL when @n
 * is 0; free() it).  -ENOMEM is the only error: whatever else could go wrong is refused by
 * policy_load().
 */
int policy_compile(const struct policy_source *src, struct policy *out,
		   struct prefix_entry **prefixes, size_t *n);

/*
 * Gives the services and tenants of @policy, fresh from policy_compile(), the ids that @old has for
 * their names, and others ids that @old does not use, as long as there are such.  Ids without a
 * name are then left between those in use.  The default tenant's id is fixed.
 */
void policy_keep_ids(struct policy *policy, struct prefix_entry *prefixes, size_t n,
		     const struct policy *old);

/* Whether @id stands for another name than under @old, so that what was counted under it is not its own. */
bool policy_new_service(const struct policy *policy, const struct policy *old, __u32 id);
bool policy_new_tenant(const struct policy *policy, const struct policy *old, __u32 id);

#endif
