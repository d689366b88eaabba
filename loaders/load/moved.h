/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Interfaces that changed their network namespace while the classifier was on them.  The kernel moves the
 * program and its link along and changes nothing about the pins, which stay with the namespace of the
 * attach, under the name that the interface had there.
 */
#ifndef TRIPATH_LOADERS_LOAD_MOVED_H
#define TRIPATH_LOADERS_LOAD_MOVED_H

#include <stdbool.h>
#include <stdint.h>

#include "loaders/lib/netns.h"
#include "loaders/lib/pins.h"
#include "loaders/load/load.h"

/* Where the classifier on an interface of this namespace was attached. */
struct origin {
	char dir[PINS_PATH_MAX];    /* the interface's pins */
	char ifname[IFNAMSIZ];      /* of the interface there and then */
	char netns[NETNS_PATH_MAX]; /* the namespace; empty: it is gone */
	struct xdp_hook hook;       /* here and now */
};

/* True, with @origin filled, where the interface @ifindex came here with the classifier on it. */
bool moved_here(uint32_t ifindex, struct origin *origin);

/* Says so, and what to type. */
void moved_here_say(const char *ifname, const struct origin *origin);

/* Calls @act for each such interface of this namespace. Returns how many there are. */
int moved_here_each(void (*act)(const char *ifname, uint32_t ifindex, const struct origin *origin,
				void *data),
		    void *data);

/*
 * For an interface @ifindex of @found's pins that is not here: fills in where it went.  Finds nothing, and
 * changes nothing, where no namespace that can be entered has it.
 */
void moved_away(struct found *found, uint32_t ifindex, uint32_t map_id);

#endif
