// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/xsk_setup.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <time.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/netif.h"

#define VLAN_TAGS_LEN 8 /* two tags, which the MTU does not count */

/* The kernel unbinds the socket of a process that died in deferred work; bind() fails until that ran. */
#define RELEASE_TRIES   50
#define RELEASE_STEP_NS 20000000L

#define BUSY_POLL_USEC 20

/* The kernel's own ENOTSUPP, which some drivers return and no C library knows. */
#define KERNEL_ENOTSUPP 524

/* One way to open everything, and where it ended. */
struct attempt {
	uint32_t frame_size;
	bool multi_buffer;
	enum xsk_copy copy;
	uint32_t failed; /* port */
};

static int choose_frame_size(const struct xsk_setup *setup, struct attempt *a)
{
	uint32_t i, need = 0;
	struct netif netif;
	int err;

	for (i = 0; i < setup->nports; i++) {
		const struct xsk_setup_port *port = &setup->port[i];

		err = netif_query(port->ifname, &netif);
		if (err) {
			msg_error("%s: %s", port->ifname, strerror(-err));
			return err;
		}
		if (port->rx && port->queue >= netif.queues) {
			msg_error("%s has no receive queue %u: it has %u", netif.name, port->queue,
				  netif.queues);
			return -EINVAL;
		}
		if (netif.mtu + ETH_HLEN + VLAN_TAGS_LEN > need)
			need = netif.mtu + ETH_HLEN + VLAN_TAGS_LEN;
	}
	a->frame_size = setup->frame_size;
	if (!a->frame_size)
		a->frame_size = need <= 2048 - XSK_HEADROOM ? 2048 : 4096;
	a->multi_buffer = need > a->frame_size - XSK_HEADROOM;
	return 0;
}

static uint32_t receivers(const struct xsk_setup *setup)
{
	uint32_t i, n = 0;

	for (i = 0; i < setup->nports; i++)
		n += setup->port[i].rx;
	return n ? n : 1;
}

void xsk_setup_close(struct umem *umem, struct xsk_port *ports, uint32_t nports)
{
	while (nports--)
		xsk_port_close(&ports[nports]);
	umem_close(umem);
}

/* One attempt at everything, since a UMEM whose first bind failed is of no use for a second. */
static int try_open(const struct xsk_setup *setup, struct attempt *a, struct umem *umem,
		    struct xsk_port *ports)
{
	const struct umem_request memory = {
		.frames = setup->frames,
		.frame_size = a->frame_size,
		.ring = setup->ring,
		.sanitize = setup->sanitize,
	};
	uint32_t i, share = setup->frames / receivers(setup);
	int err;

	a->failed = 0;
	err = umem_open(umem, &ports[0], &memory);
	if (err)
		return err;
	for (i = 0; i < setup->nports; i++) {
		const struct xsk_request req = {
			.ifname = setup->port[i].ifname,
			.queue = setup->port[i].queue,
			.rx = setup->port[i].rx,
			.tx = setup->port[i].tx,
			.copy = a->copy,
			.multi_buffer = a->multi_buffer,
			/* What fits the fill ring; the other frames are for what is being sent. */
			.fill_target = share < setup->ring * 2 ? share : setup->ring * 2,
		};

		err = xsk_port_open(&ports[i], umem, &req);
		if (err) {
			a->failed = i;
			xsk_setup_close(umem, ports, i);
			return err;
		}
	}
	return 0;
}

static bool is_unsupported(int err)
{
	return err == -EOPNOTSUPP || err == -KERNEL_ENOTSUPP || err == -EINVAL;
}

static int open_waiting(const struct xsk_setup *setup, struct attempt *a, struct umem *umem,
			struct xsk_port *ports)
{
	const struct timespec step = {.tv_nsec = RELEASE_STEP_NS};
	int err = 0, tries;

	for (tries = 0; tries < RELEASE_TRIES; tries++) {
		err = try_open(setup, a, umem, ports);
		if (err != -EBUSY)
			return err;
		nanosleep(&step, NULL);
	}
	return err;
}

static void explain_einval(const struct xsk_setup *setup, struct attempt *a, struct umem *umem,
			   struct xsk_port *ports)
{
	const struct xsk_setup_port *port = &setup->port[a->failed];
	struct attempt single = {.frame_size = a->frame_size};

	if (a->multi_buffer && !try_open(setup, &single, umem, ports)) {
		xsk_setup_close(umem, ports, setup->nports);
		msg_error("the MTU of %s needs packets of several frames, which this kernel or "
			  "driver lacks for AF_XDP (Linux 6.6): ip link set dev %s mtu %u",
			  port->ifname, port->ifname,
			  4096 - XSK_HEADROOM - ETH_HLEN - VLAN_TAGS_LEN);
		return;
	}
	msg_error("queue %u of %s cannot be bound: sending needs as many transmit as receive "
		  "queues (ethtool -L)",
		  port->queue, port->ifname);
}

static void explain(const struct xsk_setup *setup, int err, struct attempt *a, struct umem *umem,
		    struct xsk_port *ports)
{
	const struct xsk_setup_port *port = &setup->port[a->failed];

	switch (-err) {
	case EBUSY:
		if (port->owner)
			msg_error("queue %u of %s is bound by another AF_XDP socket; the last sink "
				  "there was process %u, which has stalled: end it (kill -9 %u)",
				  port->queue, port->ifname, port->owner, port->owner);
		else
			msg_error("queue %u of %s is bound by another AF_XDP socket: end its "
				  "program (ss --xdp shows it)",
				  port->queue, port->ifname);
		break;
	case EINVAL:
		explain_einval(setup, a, umem, ports);
		break;
	case ENOMEM:
	case EAGAIN:
	case ENOBUFS:
		msg_error("cannot lock %u MiB of packet memory: raise `ulimit -l` or ask for fewer "
			  "--frames",
			  setup->frames / 1024 * a->frame_size / 1024);
		break;
	case EAFNOSUPPORT:
		msg_error("this kernel has no AF_XDP sockets (CONFIG_XDP_SOCKETS)");
		break;
	default:
		msg_error("cannot open an AF_XDP socket on queue %u of %s: %s", port->queue,
			  port->ifname, strerror(-err));
	}
	msg_show_libs();
}

/* The driver has no zero-copy: an error if that was required, else copy mode. */
static int without_zero_copy(const struct xsk_setup *setup, struct attempt *a, struct umem *umem,
			     struct xsk_port *ports)
{
	const struct xsk_setup_port *port = &setup->port[a->failed];
	struct netif netif = {};
	const char *driver;

	netif_query(port->ifname, &netif);
	driver = *netif.driver ? netif.driver : "(unknown)";
	if (setup->require_zero_copy) {
		msg_error("zero-copy was required, and driver %s of %s refuses it for queue %u: "
			  "leave out --require zero-copy, or take a NIC whose driver has it",
			  driver, port->ifname, port->queue);
		return -EOPNOTSUPP;
	}
	msg_warn("driver %s of %s refuses zero-copy for queue %u: copy mode is used", driver,
		 port->ifname, port->queue);
	a->copy = XSK_COPY_ANY;
	return open_waiting(setup, a, umem, ports);
}

static int busy_poll(const struct xsk_setup *setup, struct xsk_port *ports)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < setup->nports && !err; i++)
		err = xsk_port_busy_poll(&ports[i], BUSY_POLL_USEC, setup->busy_poll_budget);
	if (err)
		msg_error("busy polling is refused (%s): use --spin", strerror(-err));
	return err;
}

int xsk_setup_open(const struct xsk_setup *setup, struct umem *umem, struct xsk_port *ports)
{
	struct attempt a = {.copy = setup->copy};
	int err;

	err = choose_frame_size(setup, &a);
	if (err)
		return err;
	err = open_waiting(setup, &a, umem, ports);
	if (a.copy == XSK_COPY_ZERO && is_unsupported(err)) {
		err = without_zero_copy(setup, &a, umem, ports);
		if (err && setup->require_zero_copy)
			return err;
	}
	if (err) {
		explain(setup, err, &a, umem, ports);
		return err;
	}
	if (setup->busy_poll) {
		err = busy_poll(setup, ports);
		if (err)
			xsk_setup_close(umem, ports, setup->nports);
	}
	return err;
}
