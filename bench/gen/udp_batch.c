// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/udp_batch.h"

#include <errno.h>
#include <string.h>

#include "bench/gen/sock.h"

int udp_out_put(struct udp_out *out, unsigned int peer, struct sockaddr_storage *to,
		const struct wire_header *header, const void *payload, uint32_t bytes)
{
	unsigned int i = out->count;
	struct msghdr *msg;
	struct iovec *piece;

	if (i == UDP_BATCH)
		return -EAGAIN;
	msg = &out->msg[i].msg_hdr;
	piece = out->piece[i];
	memcpy(out->bytes[i], header, sizeof(*header));
	piece[0] = (struct iovec){out->bytes[i], sizeof(*header)};
	*msg = (struct msghdr){.msg_iov = piece, .msg_iovlen = 1};
	if (to) {
		msg->msg_name = to;
		msg->msg_namelen = sock_len(to);
	}
	if (bytes > WIRE_MAX_CONTROL) {
		piece[1] = (struct iovec){(void *)payload, bytes};
		msg->msg_iovlen = 2;
	} else if (bytes) {
		memcpy(out->bytes[i] + sizeof(*header), payload, bytes);
		piece[0].iov_len += bytes;
	}
	out->peer[i] = peer;
	out->count++;
	return 0;
}

/* One frame: a plain send takes less than a batch of one. */
static int send_one(const struct msghdr *msg, int fd)
{
	ssize_t n;

	if (msg->msg_iovlen > 1)
		n = sendmsg(fd, msg, MSG_DONTWAIT);
	else
		n = sendto(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, MSG_DONTWAIT,
			   msg->msg_name, msg->msg_namelen);
	return n < 0 ? -errno : 1;
}

int udp_out_send(struct udp_out *out, int fd, int same_socket)
{
	unsigned int end = out->first + 1;
	int n;

	while (end < out->count && (same_socket || out->peer[end] == out->peer[out->first]))
		end++;
	if (end == out->first + 1) {
		n = send_one(&out->msg[out->first].msg_hdr, fd);
	} else {
		n = sendmmsg(fd, &out->msg[out->first], end - out->first, MSG_DONTWAIT);
		n = n < 0 ? -errno : n;
	}
	if (n > 0)
		out->first += (unsigned int)n;
	if (out->first == out->count)
		out->first = out->count = 0;
	return n;
}

void udp_in_init(struct udp_in *in)
{
	for (unsigned int i = 0; i < UDP_BATCH; i++) {
		in->piece[i] = (struct iovec){in->bytes[i], UDP_MAX_FRAME};
		in->msg[i].msg_hdr = (struct msghdr){
			.msg_iov = &in->piece[i],
			.msg_iovlen = 1,
			.msg_name = &in->from[i],
		};
	}
}

static int receive_one(struct udp_in *in, int fd, int flags, int named)
{
	socklen_t len = sizeof(in->from[0]);
	ssize_t n = recvfrom(fd, in->bytes[0], UDP_MAX_FRAME, flags,
			     named ? (struct sockaddr *)&in->from[0] : NULL, named ? &len : NULL);

	if (n < 0)
		return -errno;
	in->msg[0].msg_len = (unsigned int)n;
	return 1;
}

int udp_in_receive(struct udp_in *in, int fd, unsigned int most, int flags, int named)
{
	int n;

	for (unsigned int i = 0; in->stamped && i < most; i++) {
		in->msg[i].msg_hdr.msg_control = in->control[i];
		in->msg[i].msg_hdr.msg_controllen = STAMP_CONTROL;
	}
	if (most == 1 && !in->stamped) {
		n = receive_one(in, fd, flags, named);
	} else {
		for (unsigned int i = 0; named && i < most; i++)
			in->msg[i].msg_hdr.msg_namelen = sizeof(in->from[i]);
		n = recvmmsg(fd, in->msg, most, flags | (flags & MSG_DONTWAIT ? 0 : MSG_WAITFORONE),
			     NULL);
		n = n < 0 ? -errno : n;
	}
	return n == -EAGAIN || n == -EINTR ? 0 : n;
}
