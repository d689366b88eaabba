/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The answering end: one worker is one thread with one end of a transport. */
#ifndef TRIPATH_BENCH_SERVER_H
#define TRIPATH_BENCH_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "bench/gen/cgroup.h"
#include "bench/gen/transport.h"

#define SERVER_WORKERS 64

struct server_counts {
	uint64_t requests, bytes_in, bytes_out;
	uint64_t corrupt;  /* requests whose checksum was wrong */
	uint64_t dropped;  /* replies for which there was no room */
	uint64_t not_ours; /* what was not this protocol */
};

struct worker {
	struct server *server;
	pthread_t thread;
	int cpu; /* -1: any */
	struct transport *t;
	struct framing *framing;
	struct outbox *outbox;
	uint64_t first_ns; /* of its first request */
	bool stalled;
	struct server_counts counts; /* written by the worker alone, read by all */
};

struct server {
	const struct transport_ops *ops;
	enum transport_wait wait;
	uint64_t instance; /* tells processes apart in what STATS says */
	uint64_t stall_at_ns,
		stall_ns; /* the first worker sleeps once, so long after its first request; 0: never */
	struct cgroup cgroup;
	atomic_bool stop;
	atomic_bool failed; /* a worker ended by itself */
	unsigned int nworkers;
	struct worker worker[SERVER_WORKERS];
};

/* Opens @w's end; 0, or a negative errno and words in @why. */
int server_open(struct server *s, struct worker *w, const struct transport_config *config,
		char *why);
/* Until server->stop; for pthread_create. */
void *server_run(void *worker);
void server_close(struct worker *w);
struct server_counts server_counts(const struct server *s);
/* {"instance", "at_ns", "user_s", …, "requests", …}; new, or NULL. */
json_t *server_json(const struct server *s);

#endif
