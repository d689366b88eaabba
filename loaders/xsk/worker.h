/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A worker: one thread, pinned to one CPU, that serves one receive queue with one UMEM.  In forward mode
 * between two interfaces it serves that queue of both.
 */
#ifndef TRIPATH_LOADERS_XSK_WORKER_H
#define TRIPATH_LOADERS_XSK_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "loaders/lib/xsk.h"
#include "loaders/xsk/client.h"
#include "loaders/xsk/options.h"
#include "loaders/lib/xsk_target.h"

/* Counted per worker besides its ports' counters. */
#define WORKER_COUNTERS(X)                                                                         \
	X(dropped)             /* packets taken and freed: drop mode */                            \
	X(unhandled)           /* packets lost: not plain UDP, nothing to echo */                  \
	X(bad_checksum)        /* packets lost: IPv4 header or UDP checksum wrong */               \
	X(checksums_completed) /* CHECKSUM_PARTIAL packets that were completed */                  \
	X(asked)               /* client mode: requests made */                                    \
	X(answered)            /* of them, with a right answer */                                  \
	X(timed_out)           /* requests and retries that were taken for lost */                 \
	X(retried)             /* of them, how many were made again */                             \
	X(late)                /* answers that came after that, or twice */                        \
	X(rtt_sum_ns)          /* of all answers */                                                \
	X(rtt_max_ns)                                                                              \
	X(turns)      /* of the loop */                                                            \
	X(idle_waits) /* turns that ended in poll() */

struct worker_counters {
#define X(name) uint64_t name;
	WORKER_COUNTERS(X)
#undef X
};

#define WORKER_PORTS 2

struct worker {
	const struct xsk_options *opt;
	uint32_t queue;
	int cpu;
	uint32_t nports;
	struct xsk_port port[WORKER_PORTS];
	struct target *target[WORKER_PORTS]; /* NULL: this port only sends */
	struct umem umem;
	struct client client;
	struct worker_counters count;
	bool stop;    /* atomic; set by others */
	int error;    /* atomic; negative errno that ended the worker */
	int event_fd; /* told when the worker ends by itself, or a client has all answers */
	bool started;
	pthread_t thread;
};

/* Binds the sockets and fills the fill rings.  Says what failed and how to mend it. setup.c. */
int worker_open(struct worker *w);
void worker_close(struct worker *w);

int worker_start(struct worker *w);
/* The worker retires its queue, serves what is in flight, and ends; join waits for that. */
void worker_ask_stop(struct worker *w);
void worker_join(struct worker *w);

/* The modes: take the packets of a batch, leave no frame with the worker. echo.c, forward.c, worker.c. */
void echo_batch(struct worker *w, uint32_t in, struct xdp_desc *descs, uint32_t n);
void forward_batch(struct worker *w, uint32_t in, struct xdp_desc *descs, uint32_t n);

/* Gives the frames of a packet back to the pool. */
void worker_free(struct worker *w, const struct xdp_desc *descs, uint32_t n);

#endif
