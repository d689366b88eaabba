/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Datagrams that wait to be sent, and a batch received in one call. */
#ifndef TRIPATH_BENCH_UDP_BATCH_H
#define TRIPATH_BENCH_UDP_BATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "bench/gen/stamp.h"
#include "bench/gen/wire.h"

#define UDP_BATCH     64
#define UDP_MAX_FRAME 65507
#define UDP_STRIDE    (65536 + 128) /* not a power of two: the heads of a batch share no cache set */

struct udp_out {
	unsigned int first, count; /* what waits is [first, count) */
	struct mmsghdr msg[UDP_BATCH];
	struct iovec piece[UDP_BATCH][2];
	unsigned int peer[UDP_BATCH];
	unsigned char bytes[UDP_BATCH][sizeof(struct wire_header) + WIRE_MAX_CONTROL];
};

/* Appends a frame to @peer at @to (NULL on a connected socket); -EAGAIN where the batch is full. */
int udp_out_put(struct udp_out *out, unsigned int peer, struct sockaddr_storage *to,
		const struct wire_header *header, const void *payload, uint32_t bytes);
/*
 * Sends the run of frames at the head that go to one socket: all of them where @same_socket, else those of
 * the head's peer.  How many went, or a negative errno.
 */
int udp_out_send(struct udp_out *out, int fd, int same_socket);

struct udp_in {
	struct mmsghdr msg[UDP_BATCH];
	struct iovec piece[UDP_BATCH];
	struct sockaddr_storage from[UDP_BATCH];
	unsigned char bytes[UDP_BATCH][UDP_STRIDE];
	bool stamped; /* ask for control data, with arrival stamps */
	STAMP_ALIGNED unsigned char control[UDP_BATCH][STAMP_CONTROL];
};

void udp_in_init(struct udp_in *in);
/* Up to @most datagrams; how many, 0 where there is none, or a negative errno. */
int udp_in_receive(struct udp_in *in, int fd, unsigned int most, int flags, int named);

#endif
