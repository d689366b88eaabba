/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside of uring*.c: the io_uring transport, TCP over one ring. */
#ifndef TRIPATH_BENCH_URING_H
#define TRIPATH_BENCH_URING_H

#include <liburing.h>

#include "bench/gen/stage.h"
#include "bench/gen/transport.h"

#define URING_ENTRIES      512
#define URING_BUFFERS      64 /* a power of two */
#define URING_BUFFER_BYTES (32 << 10)

struct uring_connection {
	int fd;
	bool dead;          /* reported as gone; its slot is free when nothing is pending */
	bool receiving;     /* an operation is pending */
	bool sending;       /* one at a time: that keeps the order */
	unsigned char *own; /* where it receives, without a ring of buffers */
	struct msghdr msg;  /* of the send that is pending */
	struct stage stage;
};

struct uring {
	struct transport base;
	struct transport_events events;
	enum transport_wait wait;
	struct io_uring ring;
	bool enabled;   /* by the thread that uses it */
	bool deferred;  /* completions are made when we look, not by interrupting us */
	bool multishot; /* one receive operation brings many completions */
	bool accept_multishot;
	bool accepting;
	int listener; /* -1 at a client */
	unsigned int npeers;
	struct uring_connection *peer[TRANSPORT_MAX_PEERS];
	struct io_uring_buf_ring *buffers; /* NULL: each connection has its own */
	unsigned char *memory;
	uint64_t starved; /* times that all buffers were full */
};

/* Sets the ring up with the best that this kernel has; a negative errno and words in @why. */
int uring_setup(struct uring *t, char *why);
/* For the thread that will use the ring. */
int uring_enable(struct uring *t);
void uring_teardown(struct uring *t);
json_t *uring_receipt(const struct transport *base);

static inline unsigned char *uring_buffer(const struct uring *t, unsigned int id)
{
	return t->memory + (size_t)id * URING_BUFFER_BYTES;
}

#endif
