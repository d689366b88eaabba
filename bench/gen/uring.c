// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The io_uring transport: TCP, one ring an end.  A connection has one multishot receive pending, which fills
 * provided buffers, and at most one send.
 */
#include "bench/gen/uring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/gen/clock.h"
#include "bench/gen/sock.h"

#define GROUP     0
#define BATCH     256 /* completions of one poll */
#define OPERATION 8   /* bits of user_data below the peer's number */

enum operation { OP_ACCEPT, OP_RECEIVE, OP_SEND };

static struct io_uring_sqe *entry(struct uring *t)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&t->ring);

	if (!sqe) {
		io_uring_submit(&t->ring);
		sqe = io_uring_get_sqe(&t->ring);
	}
	return sqe;
}

static void set_data(struct io_uring_sqe *sqe, unsigned int peer, enum operation op)
{
	io_uring_sqe_set_data64(sqe, (uint64_t)peer << OPERATION | op);
}

static void arm_receive(struct uring *t, unsigned int peer)
{
	struct uring_connection *c = t->peer[peer];
	struct io_uring_sqe *sqe = entry(t);

	if (!sqe)
		return;
	if (t->multishot)
		io_uring_prep_recv_multishot(sqe, c->fd, NULL, 0, 0);
	else
		io_uring_prep_recv(sqe, c->fd, c->own, c->own ? URING_BUFFER_BYTES : 0, 0);
	if (t->buffers) {
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = GROUP;
		if (!t->multishot)
			sqe->len = URING_BUFFER_BYTES;
	}
	set_data(sqe, peer, OP_RECEIVE);
	c->receiving = true;
}

static void arm_accept(struct uring *t)
{
	struct io_uring_sqe *sqe = entry(t);

	if (!sqe)
		return;
	if (t->accept_multishot)
		io_uring_prep_multishot_accept(sqe, t->listener, NULL, NULL, SOCK_CLOEXEC);
	else
		io_uring_prep_accept(sqe, t->listener, NULL, NULL, SOCK_CLOEXEC);
	set_data(sqe, 0, OP_ACCEPT);
	t->accepting = true;
}

static void arm_send(struct uring *t, unsigned int peer)
{
	struct uring_connection *c = t->peer[peer];
	struct stage *s = &c->stage;
	struct io_uring_sqe *sqe = entry(t);

	if (!sqe)
		return;
	if (s->count - s->first == 1) {
		io_uring_prep_send(sqe, c->fd, s->piece[s->first].iov_base,
				   s->piece[s->first].iov_len, MSG_NOSIGNAL);
	} else {
		c->msg = (struct msghdr){.msg_iov = &s->piece[s->first],
					 .msg_iovlen = s->count - s->first};
		io_uring_prep_sendmsg(sqe, c->fd, &c->msg, MSG_NOSIGNAL);
	}
	set_data(sqe, peer, OP_SEND);
	c->sending = true;
}

/* Frees the slot of a dead connection as soon as no operation points into it. */
static void reap(struct uring *t, unsigned int peer)
{
	struct uring_connection *c = t->peer[peer];

	if (!c->dead || c->receiving || c->sending)
		return;
	close(c->fd);
	free(c->own);
	free(c);
	t->peer[peer] = NULL;
	while (t->npeers && !t->peer[t->npeers - 1])
		t->npeers--;
}

static void kill_peer(struct uring *t, unsigned int peer, int error)
{
	struct uring_connection *c = t->peer[peer];

	if (!c->dead) {
		c->dead = true;
		shutdown(c->fd, SHUT_RDWR); /* ends what is pending */
		t->events.gone(t->events.ctx, peer, error);
	}
	reap(t, peer);
}

static int add(struct uring *t, int fd)
{
	struct uring_connection *c = NULL;
	unsigned int peer = 0;

	while (peer < t->npeers && t->peer[peer])
		peer++;
	if (peer < TRANSPORT_MAX_PEERS)
		c = calloc(1, sizeof(*c));
	if (c && !t->buffers)
		c->own = malloc(URING_BUFFER_BYTES);
	if (!c || (!t->buffers && !c->own)) {
		free(c);
		return -ENOBUFS;
	}
	c->fd = fd;
	sock_tune_stream(fd);
	t->peer[peer] = c;
	if (peer >= t->npeers)
		t->npeers = peer + 1;
	arm_receive(t, peer);
	return 0;
}

static void on_accept(struct uring *t, const struct io_uring_cqe *cqe)
{
	if (!(cqe->flags & IORING_CQE_F_MORE))
		t->accepting = false;
	if (cqe->res == -EINVAL && t->accept_multishot)
		t->accept_multishot = false;
	else if (cqe->res >= 0 && add(t, cqe->res))
		close(cqe->res);
}

static void on_receive(struct uring *t, unsigned int peer, const struct io_uring_cqe *cqe)
{
	struct uring_connection *c = t->peer[peer];
	int id = cqe->flags & IORING_CQE_F_BUFFER ? (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT)
						  : -1;

	if (!(cqe->flags & IORING_CQE_F_MORE))
		c->receiving = false;
	if (cqe->res > 0 && !c->dead)
		t->events.rx(t->events.ctx, peer,
			     id < 0 ? c->own : uring_buffer(t, (unsigned int)id), (size_t)cqe->res);
	if (id >= 0) {
		io_uring_buf_ring_add(t->buffers, uring_buffer(t, (unsigned int)id),
				      URING_BUFFER_BYTES, (unsigned short)id,
				      io_uring_buf_ring_mask(URING_BUFFERS), 0);
		io_uring_buf_ring_advance(t->buffers, 1);
	}
	if (cqe->res == -EINVAL && t->multishot)
		t->multishot = false;
	else if (cqe->res == -ENOBUFS)
		t->starved++;
	else if (cqe->res <= 0 && cqe->res != -EINTR)
		kill_peer(t, peer, -cqe->res);
	/* It may be gone by now. */
	c = t->peer[peer];
	if (c && !c->dead && !c->receiving)
		arm_receive(t, peer);
	else if (c)
		reap(t, peer);
}

static void on_send(struct uring *t, unsigned int peer, const struct io_uring_cqe *cqe)
{
	struct uring_connection *c = t->peer[peer];

	c->sending = false;
	if (cqe->res < 0 && cqe->res != -EAGAIN && cqe->res != -EINTR) {
		kill_peer(t, peer, -cqe->res);
		return;
	}
	if (cqe->res > 0)
		stage_done(&c->stage, (size_t)cqe->res);
	if (c->dead)
		reap(t, peer);
	else if (!stage_empty(&c->stage))
		arm_send(t, peer);
}

static int uring_send(struct transport *base, unsigned int peer, const struct wire_header *header,
		      const void *payload, uint32_t bytes)
{
	struct uring *t = (struct uring *)base;
	struct uring_connection *c = peer < t->npeers ? t->peer[peer] : NULL;

	if (!c || c->dead)
		return -ENOTCONN;
	return stage_put(&c->stage, header, payload, bytes);
}

static int uring_flush(struct transport *base)
{
	struct uring *t = (struct uring *)base;

	for (unsigned int i = 0; i < t->npeers; i++) {
		struct uring_connection *c = t->peer[i];

		if (c && !c->dead && !c->sending && !stage_empty(&c->stage))
			arm_send(t, i);
	}
	if (t->enabled && io_uring_sq_ready(&t->ring))
		io_uring_submit(&t->ring);
	return 0;
}

static int complete(struct uring *t)
{
	struct io_uring_cqe *cqe;
	int receives = 0;

	for (int n = 0; n < BATCH && !io_uring_peek_cqe(&t->ring, &cqe); n++) {
		const struct io_uring_cqe copy = {
			.user_data = cqe->user_data, .res = cqe->res, .flags = cqe->flags};
		unsigned int peer = (unsigned int)(copy.user_data >> OPERATION);

		io_uring_cqe_seen(&t->ring, cqe);
		switch (copy.user_data & ((1 << OPERATION) - 1)) {
		case OP_ACCEPT:
			on_accept(t, &copy);
			break;
		case OP_RECEIVE:
			on_receive(t, peer, &copy);
			receives++;
			break;
		default:
			on_send(t, peer, &copy);
		}
	}
	return receives;
}

static int uring_poll(struct transport *base, uint64_t timeout_ns)
{
	struct uring *t = (struct uring *)base;
	struct __kernel_timespec limit = {.tv_sec = (long long)(timeout_ns / NS_PER_S),
					  .tv_nsec = (long long)(timeout_ns % NS_PER_S)};
	struct io_uring_cqe *cqe;
	int err = 0;

	if (!t->enabled) {
		err = uring_enable(t);
		if (err)
			return err;
	}
	if (t->listener >= 0 && !t->accepting)
		arm_accept(t);
	if (t->wait != TRANSPORT_SPIN && timeout_ns)
		err = io_uring_submit_and_wait_timeout(&t->ring, &cqe, 1, &limit, NULL);
	else if (io_uring_sq_ready(&t->ring))
		err = io_uring_submit(&t->ring);
	if (err < 0 && err != -ETIME && err != -EINTR && err != -EAGAIN && err != -EBUSY)
		return err;
	return complete(t);
}

static void uring_close(struct transport *base)
{
	struct uring *t = (struct uring *)base;

	/* The kernel takes a ring apart later: a pending accept would hold the port until then. */
	if (t->listener >= 0)
		shutdown(t->listener, SHUT_RDWR);
	/* First the ring, so that nothing points into the connections any longer. */
	uring_teardown(t);
	for (unsigned int i = 0; i < t->npeers; i++) {
		if (t->peer[i]) {
			close(t->peer[i]->fd);
			free(t->peer[i]->own);
			free(t->peer[i]);
		}
	}
	if (t->listener >= 0)
		close(t->listener);
	free(t);
}

static struct uring *uring_new(const struct transport_config *config, char *why, int *err)
{
	struct uring *t = calloc(1, sizeof(*t));

	snprintf(why, TRANSPORT_WHY, "out of memory");
	*err = t ? uring_setup(t, why) : -ENOMEM;
	if (*err) {
		free(t);
		return NULL;
	}
	t->base.ops = &transport_uring;
	t->base.max_frame = UINT32_MAX;
	t->events = config->events;
	t->wait = config->wait;
	t->listener = -1;
	return t;
}

static int uring_client(const struct transport_config *config, struct transport **out, char *why)
{
	int fd, err;
	struct uring *t = uring_new(config, why, &err);

	for (unsigned int i = 0; !err && i < config->naddresses; i++) {
		fd = sock_connect(&config->addresses[i], SOCK_STREAM, "uring", why);
		err = fd < 0 ? fd : add(t, fd);
		if (err && fd >= 0)
			close(fd);
	}
	if (err && t)
		uring_close(&t->base);
	else if (!err)
		*out = &t->base;
	return err;
}

static int uring_server(const struct transport_config *config, struct transport **out, char *why)
{
	int err;
	struct uring *t = uring_new(config, why, &err);

	if (!t)
		return err;
	err = sock_listen(config->addresses, SOCK_STREAM, config->reuse_port, why);
	if (err < 0) {
		uring_close(&t->base);
		return err;
	}
	t->listener = err;
	*out = &t->base;
	return 0;
}

const struct transport_ops transport_uring = {
	.name = "uring",
	.client = uring_client,
	.server = uring_server,
	.send = uring_send,
	.flush = uring_flush,
	.poll = uring_poll,
	.receipt = uring_receipt,
	.close = uring_close,
};
