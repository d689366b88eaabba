// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an endpoint does once: opening it, and finding the way to a peer. */
#include <errno.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/neighbour.h"
#include "loaders/lib/netif.h"
#include "loaders/lib/sockaddr.h"
#include "loaders/lib/xsk_udp.h"

/* What may come by the stack at once, when this endpoint loses its CPU. */
#define STACK_BUFFER (4 << 20)

static int take_local(struct xsk_udp *u, const struct xsk_udp_request *req)
{
	static const uint8_t any[sizeof(struct in6_addr)];
	size_t len;
	const void *host = sockaddr_host(&req->local, &len);

	u->local = req->local;
	u->local_port = sockaddr_port(&req->local);
	u->host_len = (uint32_t)len;
	memcpy(u->local_host, host, len);
	if (u->local_port && memcmp(host, any, len) != 0)
		return 0;
	msg_error("AF_XDP takes one local address and port: there is no socket of the stack that "
		  "would stand for all of them");
	return -EINVAL;
}

static int check_queues(struct xsk_udp *u, const struct xsk_udp_request *req)
{
	uint32_t q, have = u->target.queues;
	int err;

	u->nports = req->queues;
	if (!u->nports && have > req->queue)
		u->nports = have - req->queue;
	if (!u->nports || req->queue >= have || u->nports > have - req->queue) {
		msg_error("%s has no receive queue %u: it has %u", req->ifname,
			  req->queue + (u->nports ? u->nports - 1 : 0), have);
		return -EINVAL;
	}
	if (u->nports > XSK_SETUP_PORTS) {
		msg_error("%s has %u queues, and one endpoint takes %d: name one, and have the "
			  "NIC send the port there (ethtool -N)",
			  req->ifname, u->nports, XSK_SETUP_PORTS);
		return -E2BIG;
	}
	for (q = 0; q < u->nports; q++) {
		err = target_check_free(&u->target, req->queue + q);
		if (err)
			return err;
	}
	return 0;
}

static int open_ports(struct xsk_udp *u, const struct xsk_udp_request *req)
{
	struct xsk_setup setup = {
		.nports = u->nports,
		/* As many to receive into as fit the fill rings, and as many again to send. */
		.frames = u->nports * req->ring * 4,
		.ring = req->ring,
		.copy = req->copy,
		.require_zero_copy = req->require_zero_copy,
		.sanitize = req->sanitize,
		.busy_poll = req->busy_poll_budget,
		.busy_poll_budget = req->busy_poll_budget,
	};
	uint32_t i;

	for (i = 0; i < u->nports; i++)
		setup.port[i] = (struct xsk_setup_port){
			.ifname = req->ifname,
			.queue = req->queue + i,
			.owner = target_owner(&u->target, req->queue + i),
			.rx = true,
			.tx = true,
		};
	return xsk_setup_open(&setup, &u->umem, u->port);
}

/* The most that a datagram may carry: what the MTU allows, if a frame holds it. */
static int measure(struct xsk_udp *u, const struct xsk_udp_request *req)
{
	uint32_t ip = u->host_len == sizeof(struct in_addr) ? (uint32_t)sizeof(struct iphdr)
							    : (uint32_t)sizeof(struct ipv6hdr);
	const char *ifname = req->ifname;
	struct netif netif;
	int err = netif_query(ifname, &netif);

	if (err)
		return err;
	if (u->port[0].multi_buffer) {
		msg_error("a datagram is one frame here, and the MTU of %s exceeds that: ip link "
			  "set dev %s mtu %u",
			  ifname, ifname, u->umem.frame_size - XSK_HEADROOM - ETH_HLEN - 8);
		return -EMSGSIZE;
	}
	u->busy_poll = req->busy_poll_budget;
	u->max_payload = netif.mtu - ip - (uint32_t)sizeof(struct udphdr);
	return 0;
}

static int open_stack(struct xsk_udp *u, const struct xsk_udp_request *req)
{
	int on = 1, bytes = STACK_BUFFER, err = 0;

	u->stack_fd = socket(req->local.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->stack_fd < 0)
		return -errno;
	if ((req->shared_port &&
	     setsockopt(u->stack_fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))) ||
	    bind(u->stack_fd, (const struct sockaddr *)&req->local, sizeof(req->local))) {
		err = -errno;
		msg_error("UDP port %u, which is the endpoint's on the stack too: %s",
			  ntohs(u->local_port), strerror(-err));
		close(u->stack_fd);
	}
	setsockopt(u->stack_fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	return err;
}

static int publish(struct xsk_udp *u)
{
	uint32_t i;
	int err;

	for (i = 0; i < u->nports; i++) {
		err = target_publish(&u->target, u->port[i].queue, u->port[i].fd, 0);
		if (err) {
			msg_error("cannot publish queue %u of %s: %s", u->port[i].queue,
				  u->port[i].ifname, strerror(-err));
			while (i--)
				target_retire(&u->target, u->port[i].queue);
			return err;
		}
	}
	xsk_udp_beat(u);
	return 0;
}

int xsk_udp_open(struct xsk_udp *u, const struct xsk_udp_request *req)
{
	int err;

	memset(u, 0, sizeof(*u));
	err = take_local(u, req);
	if (err)
		return err;
	err = open_stack(u, req);
	if (err)
		return err;
	err = target_open(&u->target, req->ifname);
	if (err == -ENOENT)
		msg_error("nothing is attached to %s: tp-load attach %s --policy FILE, with a "
			  "service of path af_xdp for UDP port %u",
			  req->ifname, req->ifname, ntohs(u->local_port));
	if (err)
		goto close_stack;
	err = check_queues(u, req);
	if (!err)
		err = open_ports(u, req);
	if (err)
		goto close_target;
	err = measure(u, req);
	if (!err)
		err = publish(u);
	if (err)
		goto close_ports;
	return 0;

close_ports:
	xsk_setup_close(&u->umem, u->port, u->nports);
close_target:
	target_close(&u->target);
close_stack:
	close(u->stack_fd);
	return err;
}

int xsk_udp_resolve(const struct xsk_udp *u, const struct sockaddr_storage *to,
		    struct xsk_udp_peer *peer)
{
	const char *ifname = u->target.ifname;
	struct neighbour neighbour;
	uint8_t mac[ETH_ALEN];
	int err;

	if (to->ss_family != u->local.ss_family) {
		msg_error("the two ends are of different address families");
		return -EAFNOSUPPORT;
	}
	err = neighbour_resolve(to, &neighbour);
	if (err) {
		msg_error("no way to the server by %s: %s", ifname, strerror(-err));
		return err;
	}
	if (neighbour.ifindex != u->target.state.ifindex) {
		msg_error("the route to the server does not leave by %s", ifname);
		return -ENETUNREACH;
	}
	err = neighbour_own_mac(ifname, mac);
	if (err) {
		msg_error("cannot read the MAC address of %s: %s", ifname, strerror(-err));
		return err;
	}
	udp_headers_make(&peer->headers, mac, neighbour.mac, &u->local, to);
	peer->port = 0;
	return 0;
}
