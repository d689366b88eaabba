/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A multi-queue veth pair in a network namespace of the test process's own, and real AF_XDP
 * sockets on it.  All of it goes with the process, however that ends.
 */
#ifndef TRIPATH_TESTS_UNIT_LINK_H
#define TRIPATH_TESTS_UNIT_LINK_H

#include <xdp/xsk.h>

#define LINK_QUEUES 6

struct link {
	char name[16];
	int ifindex;
};

/* Moves the calling thread into a new namespace, so call it before any other thread is made. */
int link_create(struct link *link);

struct link_socket {
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion;
	struct xsk_ring_cons rx;
	void *frames;
};

int link_socket_open(const struct link *link, unsigned int queue, struct link_socket *socket);
void link_socket_close(struct link_socket *socket);

#endif
