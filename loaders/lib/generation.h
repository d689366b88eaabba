/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts a compiled policy in force: new inner maps, filled, frozen and hung into a free slot, then
 * one store of the generation word.  A process killed at any point leaves the old or the new policy
 * whole; what it had filled by then is freed when the slot is used again.
 */
#ifndef TRIPATH_LOADERS_LIB_GENERATION_H
#define TRIPATH_LOADERS_LIB_GENERATION_H

#include <stdint.h>

#include "loaders/lib/policy.h"

struct btf;

/* Descriptors of the maps of the same names. */
struct generation_maps {
	int policy_gen;
	int policy;
	int tenant_prefixes;
};

/* The word in force; 0 where no policy is. 0 or a negative errno. */
int generation_word(int policy_gen_fd, uint64_t *word);

/*
 * Installs @policy as the generation after the one in force and retires that one once no program
 * can be reading it.  Writes the generation's number to @policy->generation.  Callers hold
 * pins_lock_dir().  @btf describes the values: it must hold struct policy and the prefix types as the
 * classifier's object does, because Linux 6.1 hangs only an inner map described like the one that the
 * outer map was declared with (later ones let bpftool print names, that is all).  -E2BIG with more than
 * TP_MAX_PREFIXES prefixes, -EOVERFLOW after TP_GENERATION_MAX generations: detach and attach.
 */
int generation_install(const struct generation_maps *maps, const struct btf *btf,
		       struct policy *policy, const struct prefix_entry *prefixes,
		       size_t prefix_count);

/* Reads the policy in force into @policy. -ENOENT where there is none. */
int generation_read(const struct generation_maps *maps, struct policy *policy);

#endif
