// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The TCP transport: recv and send, one thread, all connections of one end. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "bench/gen/sock.h"
#include "bench/gen/stage.h"
#include "bench/gen/stamp.h"
#include "bench/gen/transport.h"

#define READ_BYTES   (256 << 10) /* stays in the second-level cache */
#define READS_A_PEER 4           /* before the next one has its turn */
#define ACCEPT_EVERY 256         /* polls of a server that does not sleep in epoll */
#define SLEEP_NS     100000000   /* a sleep in recv; accepting and stopping wait for no longer */
#define NS_PER_S     1000000000ULL
#define EVENTS       64
#define LISTENER     UINT32_MAX

struct connection {
	int fd;
	bool watched; /* epoll waits for room to write, too */
	struct stage stage;
};

struct tcp {
	struct transport base;
	struct transport_events events;
	enum transport_wait wait;
	int listener;        /* -1 at a client */
	int epoll;           /* -1 unless that is how it waits */
	unsigned int npeers; /* one more than the highest number in use */
	unsigned int live;
	unsigned int polls;
	struct connection *peer[TRANSPORT_MAX_PEERS];
	struct histogram *delivery;
	unsigned char buffer[READ_BYTES];
};

static void drop(struct tcp *t, unsigned int peer, int error)
{
	struct connection *c = t->peer[peer];

	close(c->fd);
	free(c);
	t->peer[peer] = NULL;
	t->live--;
	while (t->npeers && !t->peer[t->npeers - 1])
		t->npeers--;
	t->events.gone(t->events.ctx, peer, error);
}

static int add(struct tcp *t, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	/* What a blocking read may take at most; the flag of each call says whether it may block at all. */
	const struct timeval limit = {.tv_usec = SLEEP_NS / 1000};
	struct connection *c = NULL;
	unsigned int peer = 0;

	while (peer < t->npeers && t->peer[peer])
		peer++;
	if (peer < TRANSPORT_MAX_PEERS)
		c = malloc(sizeof(*c));
	if (!c)
		return -ENOBUFS;
	c->fd = fd;
	c->watched = false;
	c->stage.first = c->stage.count = 0;
	sock_tune_stream(fd);
	if (t->delivery)
		stamp_enable(fd);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	event.data.u32 = peer;
	if (t->epoll >= 0 && epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(c);
		return -errno;
	}
	t->peer[peer] = c;
	t->live++;
	if (peer >= t->npeers)
		t->npeers = peer + 1;
	return 0;
}

static void accept_all(struct tcp *t)
{
	int fd;

	while ((fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		if (add(t, fd))
			close(fd);
}

static void watch(struct tcp *t, unsigned int peer, bool output)
{
	struct connection *c = t->peer[peer];
	struct epoll_event event = {.events = EPOLLIN | (output ? EPOLLOUT : 0), .data.u32 = peer};

	if (t->epoll >= 0 && c->watched != output &&
	    !epoll_ctl(t->epoll, EPOLL_CTL_MOD, c->fd, &event))
		c->watched = output;
}

/* Writes what waits for @peer, as far as it goes; a negative errno if the peer is gone now. */
static int write_out(struct tcp *t, unsigned int peer)
{
	struct connection *c = t->peer[peer];
	struct stage *s = &c->stage;

	while (!stage_empty(s)) {
		struct msghdr msg = {.msg_iov = &s->piece[s->first],
				     .msg_iovlen = s->count - s->first};
		ssize_t n;

		if (msg.msg_iovlen == 1)
			n = send(c->fd, msg.msg_iov->iov_base, msg.msg_iov->iov_len,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			n = sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			int err = errno;

			if (err == EINTR)
				continue;
			if (err == EAGAIN) {
				watch(t, peer, true);
				return 0;
			}
			drop(t, peer, err);
			return -err;
		}
		stage_done(s, (size_t)n);
	}
	if (c->watched)
		watch(t, peer, false);
	return 0;
}

static int tcp_send(struct transport *base, unsigned int peer, const struct wire_header *header,
		    const void *payload, uint32_t bytes)
{
	struct tcp *t = (struct tcp *)base;
	struct connection *c = peer < t->npeers ? t->peer[peer] : NULL;
	int err;

	if (!c)
		return -ENOTCONN;
	err = stage_put(&c->stage, header, payload, bytes);
	if (!err)
		return 0;
	err = write_out(t, peer);
	return err ? err : stage_put(&c->stage, header, payload, bytes);
}

static int tcp_flush(struct transport *base)
{
	struct tcp *t = (struct tcp *)base;

	for (unsigned int i = 0; i < t->npeers; i++)
		if (t->peer[i] && !stage_empty(&t->peer[i]->stage))
			write_out(t, i);
	return 0;
}

/* As recv, and notes how long the latest of what it brings waited. */
static ssize_t receive_stamped(struct tcp *t, int fd, int flags)
{
	STAMP_ALIGNED unsigned char control[STAMP_CONTROL];
	struct iovec piece = {t->buffer, sizeof(t->buffer)};
	struct msghdr msg = {
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, flags);

	if (n > 0)
		stamp_note(t->delivery, &msg);
	return n;
}

/* Reads what @peer has; the number of reads that brought something. */
static int read_in(struct tcp *t, unsigned int peer, int flags)
{
	int reads = 0;

	while (reads < READS_A_PEER && peer < t->npeers && t->peer[peer]) {
		int fd = t->peer[peer]->fd;
		ssize_t n = t->delivery ? receive_stamped(t, fd, flags)
					: recv(fd, t->buffer, sizeof(t->buffer), flags);

		if (n > 0) {
			reads++;
			t->events.rx(t->events.ctx, peer, t->buffer, (size_t)n);
			/* A short read emptied the socket: asking again would only cost a call. */
			if ((size_t)n < sizeof(t->buffer))
				break;
			flags = MSG_DONTWAIT;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		drop(t, peer, n ? errno : 0);
	}
	return reads;
}

static int poll_epoll(struct tcp *t, uint64_t timeout_ns)
{
	const struct timespec limit = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
				       .tv_nsec = (long)(timeout_ns % NS_PER_S)};
	struct epoll_event event[EVENTS];
	int n, reads = 0;

	n = epoll_pwait2(t->epoll, event, EVENTS, &limit, NULL);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		unsigned int peer = event[i].data.u32;

		if (peer == LISTENER)
			accept_all(t);
		else if (peer < t->npeers && t->peer[peer] &&
			 !((event[i].events & EPOLLOUT) && write_out(t, peer)))
			reads += read_in(t, peer, MSG_DONTWAIT);
	}
	return reads;
}

/* Sleeps until some socket has input, or room for what waits. */
static void sleep_on_all(struct tcp *t, uint64_t timeout_ns)
{
	const struct timespec limit = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
				       .tv_nsec = (long)(timeout_ns % NS_PER_S)};
	struct pollfd fds[TRANSPORT_MAX_PEERS + 1];
	nfds_t n = 0;

	for (unsigned int i = 0; i < t->npeers; i++) {
		short want = POLLIN;

		if (!t->peer[i])
			continue;
		if (!stage_empty(&t->peer[i]->stage))
			want |= POLLOUT;
		fds[n++] = (struct pollfd){.fd = t->peer[i]->fd, .events = want};
	}
	if (t->listener >= 0)
		fds[n++] = (struct pollfd){.fd = t->listener, .events = POLLIN};
	if (ppoll(fds, n, &limit, NULL) > 0 && t->listener >= 0 && fds[n - 1].revents)
		accept_all(t);
}

static int tcp_poll(struct transport *base, uint64_t timeout_ns)
{
	struct tcp *t = (struct tcp *)base;
	int reads = 0;

	if (t->wait == TRANSPORT_EPOLL)
		return poll_epoll(t, timeout_ns);
	tcp_flush(base);
	if (t->listener >= 0 && t->polls++ % ACCEPT_EVERY == 0)
		accept_all(t);
	if (t->wait == TRANSPORT_BLOCK && timeout_ns) {
		if (t->live == 1 && timeout_ns >= SLEEP_NS && t->npeers == 1 && t->peer[0] &&
		    stage_empty(&t->peer[0]->stage)) {
			reads = read_in(t, 0, 0);
			if (!reads)
				t->polls = 0;
			return reads;
		}
		sleep_on_all(t, timeout_ns);
	}
	for (unsigned int i = 0; i < t->npeers; i++)
		if (t->peer[i])
			reads += read_in(t, i, MSG_DONTWAIT);
	return reads;
}

static json_t *tcp_receipt(const struct transport *base)
{
	const struct tcp *t = (const struct tcp *)base;

	for (unsigned int i = 0; i < t->npeers; i++)
		if (t->peer[i])
			return sock_receipt(t->peer[i]->fd, SOCK_STREAM);
	return sock_receipt(t->listener, SOCK_STREAM);
}

static void tcp_close(struct transport *base)
{
	struct tcp *t = (struct tcp *)base;

	for (unsigned int i = 0; i < t->npeers; i++) {
		if (t->peer[i]) {
			close(t->peer[i]->fd);
			free(t->peer[i]);
		}
	}
	if (t->listener >= 0)
		close(t->listener);
	if (t->epoll >= 0)
		close(t->epoll);
	free(t);
}

static struct tcp *tcp_new(const struct transport_config *config, char *why)
{
	struct tcp *t = calloc(1, sizeof(*t));

	if (!t) {
		snprintf(why, TRANSPORT_WHY, "out of memory");
		return NULL;
	}
	t->base.ops = &transport_tcp;
	t->base.max_frame = UINT32_MAX;
	t->events = config->events;
	t->wait = config->wait;
	t->delivery = config->delivery;
	t->listener = -1;
	t->epoll = config->wait == TRANSPORT_EPOLL ? epoll_create1(EPOLL_CLOEXEC) : -1;
	return t;
}

static int tcp_client(const struct transport_config *config, struct transport **out, char *why)
{
	struct tcp *t = tcp_new(config, why);
	int fd, err = 0;

	if (!t)
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < config->naddresses; i++) {
		fd = sock_connect(&config->addresses[i], SOCK_STREAM, t->base.ops->name, why);
		err = fd < 0 ? fd : add(t, fd);
		if (err && fd >= 0) {
			snprintf(why, TRANSPORT_WHY, "connection %u: %s", i, strerror(-err));
			close(fd);
		}
	}
	if (err)
		tcp_close(&t->base);
	else
		*out = &t->base;
	return err;
}

static int tcp_server(const struct transport_config *config, struct transport **out, char *why)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = LISTENER};
	struct tcp *t = tcp_new(config, why);
	int err;

	if (!t)
		return -ENOMEM;
	err = sock_listen(config->addresses, SOCK_STREAM | SOCK_NONBLOCK, config->reuse_port, why);
	if (err < 0)
		goto close;
	t->listener = err;
	if (t->epoll >= 0 && epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->listener, &event)) {
		err = -errno;
		snprintf(why, TRANSPORT_WHY, "epoll: %s", strerror(-err));
		goto close;
	}
	*out = &t->base;
	return 0;
close:
	tcp_close(&t->base);
	return err;
}

const struct transport_ops transport_tcp = {
	.name = "tcp",
	.client = tcp_client,
	.server = tcp_server,
	.send = tcp_send,
	.flush = tcp_flush,
	.poll = tcp_poll,
	.receipt = tcp_receipt,
	.close = tcp_close,
};
