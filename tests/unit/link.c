// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Test links: see link.h. */
#include "tests/unit/link.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAMES 64

int link_create(struct link *link)
{
	char command[512];

	if (unshare(CLONE_NEWNET))
		return -errno;
	snprintf(link->name, sizeof(link->name), "tripath-%d", (int)getpid());
	snprintf(
		command, sizeof(command),
		"ip link add %s numrxqueues %d numtxqueues %d type veth peer name tripath-peer "
		"numrxqueues %d numtxqueues %d && ip link set %s up && ip link set tripath-peer up",
		link->name, LINK_QUEUES, LINK_QUEUES, LINK_QUEUES, LINK_QUEUES, link->name);
	if (system(command) != 0)
		return -EIO;
	link->ifindex = (int)if_nametoindex(link->name);
	return link->ifindex ? 0 : -errno;
}

int link_socket_open(const struct link *link, unsigned int queue, struct link_socket *socket)
{
	const struct xsk_socket_config config = {
		.rx_size = FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY,
	};
	const size_t size = (size_t)FRAMES * XSK_UMEM__DEFAULT_FRAME_SIZE;
	int err;

	memset(socket, 0, sizeof(*socket));
	socket->frames =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (socket->frames == MAP_FAILED) {
		socket->frames = NULL;
		return -errno;
	}
	err = xsk_umem__create(&socket->umem, socket->frames, size, &socket->fill,
			       &socket->completion, NULL);
	if (!err)
		err = xsk_socket__create(&socket->xsk, link->name, queue, socket->umem, &socket->rx,
					 NULL, &config);
	if (err)
		link_socket_close(socket);
	return err;
}

void link_socket_close(struct link_socket *socket)
{
	if (socket->xsk)
		xsk_socket__delete(socket->xsk);
	if (socket->umem)
		xsk_umem__delete(socket->umem);
	if (socket->frames)
		munmap(socket->frames, (size_t)FRAMES * XSK_UMEM__DEFAULT_FRAME_SIZE);
	memset(socket, 0, sizeof(*socket));
}
