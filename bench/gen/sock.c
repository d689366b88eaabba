// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/gen/transport.h"

#define CONNECT_S  3
#define BACKLOG    128
#define CONGESTION "cubic"
#define DATAGRAM_BYTES                                                                             \
	(32 << 20) /* a message of 4 MiB takes some 7 MiB of the kernel's accounting */

socklen_t sock_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

const char *sock_name(const struct sockaddr_storage *address, char *name)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(name, SOCK_NAME, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(name, SOCK_NAME, "%s:%u", host, ntohs(v4->sin_port));
	}
	return name;
}

int sock_connect(const struct sockaddr_storage *address, int type, const char *transport, char *why)
{
	const struct timeval limit = {.tv_sec = CONNECT_S};
	char name[SOCK_NAME];
	int fd, err;

	fd = socket(address->ss_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err = -errno;
		snprintf(why, TRANSPORT_WHY, "no socket: %s", strerror(-err));
		return err;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (const struct sockaddr *)address, sock_len(address)))
		return fd;
	err = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	sock_name(address, name);
	snprintf(why, TRANSPORT_WHY,
		 "%s cannot be reached: %s. Does `tp-bench serve --transport %s --listen %s` run "
		 "there?",
		 name, strerror(-err), transport, name);
	close(fd);
	return err;
}

int sock_listen(const struct sockaddr_storage *address, int type, bool reuse_port, char *why)
{
	char name[SOCK_NAME];
	bool stream = (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM;
	int fd, err, on = 1;

	fd = socket(address->ss_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		goto fail;
	/* A stream's port is held for a minute by its last connections; a datagram's is not. */
	if (stream)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		goto fail;
	if (bind(fd, (const struct sockaddr *)address, sock_len(address)))
		goto fail;
	if (stream && listen(fd, BACKLOG))
		goto fail;
	return fd;
fail:
	err = -errno;
	snprintf(why, TRANSPORT_WHY, "cannot listen on %s: %s", sock_name(address, name),
		 strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

void sock_tune_stream(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, CONGESTION, sizeof(CONGESTION) - 1);
}

void sock_tune_datagram(int fd)
{
	int bytes = DATAGRAM_BYTES;

	/* By force where that is allowed; else up to net.core.[rw]mem_max.  The receipt has the result. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void put_number(json_t *object, const char *key, int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	if (!getsockopt(fd, level, option, &value, &len))
		json_object_set_new(object, key, json_integer(value));
}

json_t *sock_receipt(int fd, int type)
{
	json_t *object = json_object();
	char name[16] = "";
	socklen_t len = sizeof(name) - 1;

	if (!object)
		return NULL;
	put_number(object, "busy_poll_us", fd, SOL_SOCKET, SO_BUSY_POLL);
	put_number(object, "receive_buffer_bytes", fd, SOL_SOCKET, SO_RCVBUF);
	put_number(object, "send_buffer_bytes", fd, SOL_SOCKET, SO_SNDBUF);
	if (type == SOCK_STREAM) {
		put_number(object, "mss_bytes", fd, IPPROTO_TCP, TCP_MAXSEG);
		if (!getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len))
			json_object_set_new(object, "congestion_control", json_string(name));
	}
	return object;
}
