/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets of the kernel's transports: opened, set up, and what the kernel made of it. */
#ifndef TRIPATH_BENCH_SOCK_H
#define TRIPATH_BENCH_SOCK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define SOCK_NAME 64

socklen_t sock_len(const struct sockaddr_storage *address);
/* "10.0.0.1:7000" or "[fd00::1]:7000" into @name (SOCK_NAME bytes), and returns it. */
const char *sock_name(const struct sockaddr_storage *address, char *name);

/* A file descriptor, or a negative errno and words in @why.  @type: SOCK_STREAM or SOCK_DGRAM. */
int sock_connect(const struct sockaddr_storage *address, int type, const char *transport,
		 char *why);
int sock_listen(const struct sockaddr_storage *address, int type, bool reuse_port, char *why);

/*
 * What a connection of ours wants: no delay of small messages, and cubic, which does not pace, where the
 * kernel has it.
 */
void sock_tune_stream(int fd);
/* Buffers that hold a burst of segments of one large message; as large as the kernel lets us. */
void sock_tune_datagram(int fd);
/* {"congestion_control", "mss_bytes", "busy_poll_us", …}; new, or NULL. */
json_t *sock_receipt(int fd, int type);

#endif
