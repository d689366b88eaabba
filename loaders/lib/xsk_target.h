/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `tp-load attach` left for the sink of one interface: its state, the XSKMAP, and the heartbeats.
 * Publishing a queue makes the classifier send packets there; retiring it sends them to the stack again.
 */
#ifndef TRIPATH_LOADERS_LIB_XSK_TARGET_H
#define TRIPATH_LOADERS_LIB_XSK_TARGET_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state.h"
#include "steer.h"

struct target {
	char ifname[IF_NAMESIZE];
	struct attach_state state;
	uint32_t queues; /* rows: queues 0 .. queues - 1 can be steered */
	uint32_t xsks_id;
	int xsks_fd;
	int rows_fd;
	size_t rows_len;
	struct xsk_heartbeat *rows;
};

/* Opens and checks the pins.  Says what is wrong and how to mend it, except for -ENOENT: nothing is attached. */
int target_open(struct target *t, const char *ifname);
void target_close(struct target *t);

/* -EBUSY, with words, if a live process feeds from @queue. A dead or stalled owner is no hindrance. */
int target_check_free(const struct target *t, uint32_t queue);

/* The process that beat on @queue last, 0 if there is none. */
uint32_t target_owner(const struct target *t, uint32_t queue);

/* Call with the socket bound and its fill ring filled.  @flags: TP_SINK_*. */
int target_publish(struct target *t, uint32_t queue, int xsk_fd, uint32_t flags);

/* The heartbeat first, so that the classifier stops sending; then the socket leaves the XSKMAP. */
void target_retire(struct target *t, uint32_t queue);

/*
 * Waits, after the last target_retire(), until nothing new can arrive: every softirq that had decided
 * for the socket before has ended, and its packets are in the RX ring.
 */
void target_settle(void);

/* The clock of the heartbeats, CLOCK_MONOTONIC_COARSE, ns. */
uint64_t target_clock_ns(void);

/* True while the pins are those that were opened: false after detach. */
bool target_attached(const struct target *t);

static inline void target_beat(struct target *t, uint32_t queue, uint64_t now_ns)
{
	__atomic_store_n(&t->rows[queue].beat_ns, now_ns, __ATOMIC_RELEASE);
}

#endif
