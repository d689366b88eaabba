/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The steps of attach: claim the hook, prepare the maps, go live. */
#ifndef TRIPATH_LOADERS_LOAD_ATTACH_H
#define TRIPATH_LOADERS_LOAD_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "loaders/lib/netif.h"
#include "loaders/lib/policy.h"
#include "maps/state.h"

/* What was asked for; what is obtained stands in struct attach_state. */
enum attach_want {
	WANT_AUTO, /* native, and where the driver cannot, generic */
	WANT_NATIVE,
	WANT_GENERIC,
};

struct attach {
	const char *ifname;
	const char *file;
	enum attach_want want;
	struct netif netif;
	struct policy_source *source;
	struct policy *policy;
	struct prefix_entry *prefixes;
	size_t prefix_count;
	bool dispatch; /* libxdp's dispatcher works here */
	struct attach_state state;
	int lock; /* of the pins, while there are some that are not complete; else -1 */
};

/*
 * claim.c: is the hook free, or shared in a way that we can join?  Cleans up after an attach that was
 * killed, and says why not.  0; -EEXIST: attached already; -EBUSY: somebody else; other -errno.
 */
int attach_claim(const struct attach *attach);

/*
 * prepare.c: makes, fills and pins the maps, for the mode and the configuration of @attach->state.  Returns
 * the descriptor of the map `state`, or -errno; the caller removes the pins then.  Stores @attach->lock,
 * which the caller closes in either case.
 */
int attach_prepare(struct attach *attach);

/*
 * live.c: loads the classifier over the pinned maps, attaches it, records it in the map @state_fd and in
 * @attach->state, and pins it.  Stores whether it was the driver that refused. 0 or -errno.
 */
int attach_live(struct attach *attach, int state_fd, bool *refused);

#endif
