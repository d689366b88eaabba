// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The UDP transport: a connected socket for each server at a client, one socket at a server, and
 * sendmmsg and recvmmsg as soon as there is more than one datagram to move.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "bench/gen/sock.h"
#include "bench/gen/transport.h"
#include "bench/gen/udp_batch.h"

#define SLEEP_NS    100000000 /* a sleep in the receiving call; stopping waits for no longer */
#define NS_PER_S    1000000000ULL
#define PROBES      8
#define IPV4_HEADER 28 /* and UDP's */
#define IPV6_HEADER 48

struct udp {
	struct transport base;
	struct transport_events events;
	enum transport_wait wait;
	bool server;
	bool burst;   /* more than one datagram was there lately */
	bool brought; /* the latest poll brought something */
	int epoll;
	unsigned int nsockets;
	int socket[TRANSPORT_MAX_PEERS];
	struct sockaddr_storage peer[TRANSPORT_MAX_PEERS]; /* of a server; family 0: free */
	unsigned int last;
	struct udp_out out;
	struct udp_in in;
	struct histogram *delivery;
};

static unsigned int hash(const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
	uint32_t h = v4->sin_port;

	if (from->ss_family == AF_INET)
		h ^= v4->sin_addr.s_addr;
	else
		h ^= v6->sin6_addr.s6_addr32[0] ^ v6->sin6_addr.s6_addr32[3];
	return h * 2654435761U >> 22;
}
_Static_assert(TRANSPORT_MAX_PEERS == 1 << (32 - 22), "the hash's width follows the table");

/* The number of who sent this; a stranger takes a free place, or the first of where it looked. */
static unsigned int peer_of(struct udp *t, const struct sockaddr_storage *from)
{
	socklen_t len = sock_len(from);
	unsigned int home, slot;

	if (!memcmp(&t->peer[t->last], from, len))
		return t->last;
	home = hash(from);
	for (unsigned int i = 0; i < PROBES; i++) {
		slot = (home + i) % TRANSPORT_MAX_PEERS;
		if (!memcmp(&t->peer[slot], from, len))
			return t->last = slot;
		if (!t->peer[slot].ss_family)
			goto take;
	}
	slot = home;
	t->events.gone(t->events.ctx, slot, 0);
take:
	memcpy(&t->peer[slot], from, len);
	return t->last = slot;
}

static int udp_flush(struct transport *base)
{
	struct udp *t = (struct udp *)base;
	struct udp_out *out = &t->out;

	while (out->first < out->count) {
		unsigned int peer = out->peer[out->first];
		int n = udp_out_send(out, t->socket[t->server ? 0 : peer], t->server);

		if (n == -EAGAIN || n == -ENOBUFS)
			return 0;
		if (n < 0 && n != -EINTR) {
			/* What was refused is lost, as a datagram can be; a refusal says who is not there. */
			out->first++;
			if (out->first == out->count)
				out->first = out->count = 0;
			if (!t->server)
				t->events.gone(t->events.ctx, peer, -n);
		}
	}
	return 0;
}

static int udp_send(struct transport *base, unsigned int peer, const struct wire_header *header,
		    const void *payload, uint32_t bytes)
{
	struct udp *t = (struct udp *)base;
	struct sockaddr_storage *to = t->server ? &t->peer[peer] : NULL;
	int err = udp_out_put(&t->out, peer, to, header, payload, bytes);

	if (!err)
		return 0;
	udp_flush(base);
	return udp_out_put(&t->out, peer, to, header, payload, bytes);
}

/* Reads one batch of socket @i. */
static int read_in(struct udp *t, unsigned int i, int flags)
{
	int n = udp_in_receive(&t->in, t->socket[i], t->burst ? UDP_BATCH : 1, flags, t->server);

	if (n < 0) {
		if (!t->server)
			t->events.gone(t->events.ctx, i, -n);
		return 0;
	}
	for (int k = 0; t->delivery && k < n; k++)
		stamp_note(t->delivery, &t->in.msg[k].msg_hdr);
	for (int k = 0; k < n; k++)
		t->events.rx(t->events.ctx, t->server ? peer_of(t, &t->in.from[k]) : i,
			     t->in.bytes[k], t->in.msg[k].msg_len);
	/* One after the other without an empty look between: more are waiting. */
	if (t->burst)
		t->burst = n > 1;
	else
		t->burst = n > 0 && t->brought;
	t->brought = n > 0;
	return n;
}

static void sleep_on_all(struct udp *t, uint64_t timeout_ns)
{
	const struct timespec limit = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
				       .tv_nsec = (long)(timeout_ns % NS_PER_S)};
	bool output = t->out.first < t->out.count;
	struct pollfd fds[TRANSPORT_MAX_PEERS];

	for (unsigned int i = 0; i < t->nsockets; i++)
		fds[i] = (struct pollfd){.fd = t->socket[i],
					 .events = output ? POLLIN | POLLOUT : POLLIN};
	ppoll(fds, t->nsockets, &limit, NULL);
}

static int udp_poll(struct transport *base, uint64_t timeout_ns)
{
	struct udp *t = (struct udp *)base;
	int n = 0;

	udp_flush(base);
	if (t->wait == TRANSPORT_BLOCK && timeout_ns) {
		if (t->nsockets == 1 && timeout_ns >= SLEEP_NS && !t->out.count)
			return read_in(t, 0, 0);
		sleep_on_all(t, timeout_ns);
	} else if (t->wait == TRANSPORT_EPOLL && timeout_ns) {
		const struct timespec limit = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
					       .tv_nsec = (long)(timeout_ns % NS_PER_S)};
		struct epoll_event event[8];

		if (epoll_pwait2(t->epoll, event, 8, &limit, NULL) < 0)
			return errno == EINTR ? 0 : -errno;
	}
	for (unsigned int i = 0; i < t->nsockets; i++)
		n += read_in(t, i, MSG_DONTWAIT);
	return n;
}

static json_t *udp_receipt(const struct transport *base)
{
	const struct udp *t = (const struct udp *)base;
	json_t *receipt = sock_receipt(t->socket[0], SOCK_DGRAM);

	if (receipt)
		json_object_set_new(receipt, "segment_bytes", json_integer(base->max_frame));
	return receipt;
}

static void udp_close(struct transport *base)
{
	struct udp *t = (struct udp *)base;

	for (unsigned int i = 0; i < t->nsockets; i++)
		close(t->socket[i]);
	if (t->epoll >= 0)
		close(t->epoll);
	free(t);
}

static struct udp *udp_new(const struct transport_config *config, char *why)
{
	struct udp *t = calloc(1, sizeof(*t));

	if (!t) {
		snprintf(why, TRANSPORT_WHY, "out of memory");
		return NULL;
	}
	t->base.ops = &transport_udp;
	t->base.max_frame = UDP_MAX_FRAME;
	t->events = config->events;
	t->wait = config->wait;
	t->delivery = config->delivery;
	t->in.stamped = t->delivery;
	t->epoll = -1;
	udp_in_init(&t->in);
	return t;
}

static int add(struct udp *t, int fd)
{
	const struct timeval limit = {.tv_usec = SLEEP_NS / 1000};
	struct epoll_event event = {.events = EPOLLIN};

	t->socket[t->nsockets++] = fd;
	sock_tune_datagram(fd);
	if (t->delivery)
		stamp_enable(fd);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (t->wait != TRANSPORT_EPOLL)
		return 0;
	if (t->epoll < 0)
		t->epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* What one datagram may carry on the way to @address: no fragments. */
static uint32_t frame_to(int fd, const struct sockaddr_storage *address)
{
	bool v6 = address->ss_family == AF_INET6;
	uint32_t header = v6 ? IPV6_HEADER : IPV4_HEADER;
	int mtu = 0;
	socklen_t len = sizeof(mtu);

	if (getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &len))
		mtu = 1280; /* what every IPv6 path carries */
	return (uint32_t)mtu - header < UDP_MAX_FRAME ? (uint32_t)mtu - header : UDP_MAX_FRAME;
}

static int udp_client(const struct transport_config *config, struct transport **out, char *why)
{
	struct udp *t = udp_new(config, why);
	int err = 0;

	if (!t)
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < config->naddresses; i++) {
		const struct sockaddr_storage *address = &config->addresses[i];
		int fd = sock_connect(address, SOCK_DGRAM, t->base.ops->name, why);
		uint32_t frame;

		if (fd < 0) {
			err = fd;
			break;
		}
		frame = frame_to(fd, address);
		if (frame < t->base.max_frame)
			t->base.max_frame = frame;
		err = add(t, fd);
	}
	if (err)
		udp_close(&t->base);
	else
		*out = &t->base;
	return err;
}

static int udp_server(const struct transport_config *config, struct transport **out, char *why)
{
	struct udp *t = udp_new(config, why);
	int fd;

	if (!t)
		return -ENOMEM;
	t->server = true;
	fd = sock_listen(config->addresses, SOCK_DGRAM, config->reuse_port, why);
	if (fd >= 0)
		fd = add(t, fd);
	if (fd < 0) {
		udp_close(&t->base);
		return fd;
	}
	*out = &t->base;
	return 0;
}

const struct transport_ops transport_udp = {
	.name = "udp",
	.datagram = true,
	.client = udp_client,
	.server = udp_server,
	.send = udp_send,
	.flush = udp_flush,
	.poll = udp_poll,
	.receipt = udp_receipt,
	.close = udp_close,
};
