// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ring: flags and buffers, each asked for and done without where the kernel refuses. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/gen/sock.h"
#include "bench/gen/uring.h"

#define GROUP 0 /* of the buffers */

static int init(struct uring *t)
{
	/*
	 * Best: completions are made when this thread looks for them, and a flag in memory says that there
	 * are some (Linux 6.1).  The ring is enabled by the thread that will use it.
	 */
	const unsigned int best = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
				  IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED;
	int err = io_uring_queue_init(URING_ENTRIES, &t->ring, best);

	t->deferred = !err;
	if (err == -EINVAL)
		err = io_uring_queue_init(URING_ENTRIES, &t->ring, IORING_SETUP_R_DISABLED);
	return err;
}

/* Linux 5.19. */
static int register_buffers(struct uring *t)
{
	size_t size = URING_BUFFERS * sizeof(struct io_uring_buf);
	struct io_uring_buf_reg reg = {.ring_entries = URING_BUFFERS, .bgid = GROUP};
	int err;

	t->memory = malloc((size_t)URING_BUFFERS * URING_BUFFER_BYTES);
	t->buffers = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);
	if (!t->memory || !t->buffers)
		return -ENOMEM;
	io_uring_buf_ring_init(t->buffers);
	reg.ring_addr = (uintptr_t)t->buffers;
	err = io_uring_register_buf_ring(&t->ring, &reg, 0);
	if (err) {
		free(t->buffers);
		free(t->memory);
		t->buffers = NULL;
		t->memory = NULL;
		return 0; /* done without */
	}
	for (unsigned int i = 0; i < URING_BUFFERS; i++)
		io_uring_buf_ring_add(t->buffers, uring_buffer(t, i), URING_BUFFER_BYTES,
				      (unsigned short)i, io_uring_buf_ring_mask(URING_BUFFERS),
				      (int)i);
	io_uring_buf_ring_advance(t->buffers, URING_BUFFERS);
	return 0;
}

int uring_setup(struct uring *t, char *why)
{
	int err = init(t);

	if (err) {
		snprintf(why, TRANSPORT_WHY,
			 "no io_uring: %s (Linux 5.11; kernel.io_uring_disabled must be 0)",
			 strerror(-err));
		return err == -ENOSYS || err == -EPERM || err == -EINVAL ? -EOPNOTSUPP : err;
	}
	err = register_buffers(t);
	if (err) {
		io_uring_queue_exit(&t->ring);
		snprintf(why, TRANSPORT_WHY, "out of memory");
		return err;
	}
	/* Whether several completions come of one operation shows at the first: old kernels refuse it. */
	t->multishot = t->buffers != NULL;
	t->accept_multishot = true;
	return 0;
}

/* liburing 2.3 declares io_uring_enable_rings() and does not export it. */
int uring_enable(struct uring *t)
{
	long err = syscall(__NR_io_uring_register, t->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS,
			   NULL, 0);

	t->enabled = !err;
	return err ? -errno : 0;
}

void uring_teardown(struct uring *t)
{
	io_uring_queue_exit(&t->ring);
	free(t->buffers);
	free(t->memory);
}

json_t *uring_receipt(const struct transport *base)
{
	const struct uring *t = (const struct uring *)base;
	int fd = t->listener;
	json_t *receipt;

	for (unsigned int i = 0; i < t->npeers; i++)
		if (t->peer[i])
			fd = t->peer[i]->fd;
	receipt = sock_receipt(fd, SOCK_STREAM);
	if (receipt)
		json_object_set_new(receipt, "io_uring",
				    json_pack("{s:b, s:b, s:b, s:i, s:i, s:I}", "defer_taskrun",
					      (int)t->deferred, "multishot_recv", (int)t->multishot,
					      "provided_buffers", t->buffers != NULL, "buffers",
					      t->buffers ? URING_BUFFERS : 0, "buffer_bytes",
					      URING_BUFFER_BYTES, "buffers_exhausted",
					      (json_int_t)t->starved));
	return receipt;
}
