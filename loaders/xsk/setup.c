// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening a worker: UMEM and sockets as the options and the MTU want them, or the words why not. */
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <time.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/netif.h"
#include "loaders/xsk/worker.h"

#define VLAN_TAGS_LEN 8 /* two tags, which the MTU does not count */

/* The kernel unbinds the socket of a process that died in deferred work; bind() fails until that ran. */
#define RELEASE_TRIES   50
#define RELEASE_STEP_NS 20000000L

#define BUSY_POLL_USEC 20

/* The kernel's own ENOTSUPP, which some drivers return and no C library knows. */
#define KERNEL_ENOTSUPP 524

static const char *port_name(const struct worker *w, uint32_t i)
{
	return i ? w->opt->out : w->opt->iface;
}

static int choose_frame_size(const struct worker *w, uint32_t *frame_size, bool *multi_buffer)
{
	uint32_t i, need = 0;
	struct netif netif;
	int err;

	for (i = 0; i < w->nports; i++) {
		err = netif_query(port_name(w, i), &netif);
		if (err) {
			msg_error("%s: %s", port_name(w, i), strerror(-err));
			return err;
		}
		if (w->target[i] && w->queue >= netif.queues) {
			msg_error("%s has no receive queue %u: it has %u", netif.name, w->queue,
				  netif.queues);
			return -EINVAL;
		}
		if (netif.mtu + ETH_HLEN + VLAN_TAGS_LEN > need)
			need = netif.mtu + ETH_HLEN + VLAN_TAGS_LEN;
	}
	*frame_size = w->opt->frame_size;
	if (!*frame_size)
		*frame_size = need <= 2048 - XSK_HEADROOM ? 2048 : 4096;
	*multi_buffer = need > *frame_size - XSK_HEADROOM;
	return 0;
}

static void close_ports(struct worker *w, uint32_t n)
{
	while (n--)
		xsk_port_close(&w->port[n]);
}

/* One attempt at everything, since a UMEM whose first bind failed is of no use for a second. */
static int try_open(struct worker *w, uint32_t frame_size, bool multi_buffer, enum xsk_copy copy)
{
	const struct xsk_options *opt = w->opt;
	const struct umem_request umem = {
		.frames = opt->frames,
		.frame_size = frame_size,
		.ring = opt->ring,
		.sanitize = opt->sanitize,
	};
	struct xsk_request req = {
		.queue = w->queue,
		.tx = opt->mode != SINK_DROP,
		.copy = copy,
		.multi_buffer = multi_buffer,
	};
	uint32_t i, receivers = w->target[1] ? 2 : 1;
	int err;

	/* What fits the fill ring; the rest of the frames is for what is being sent. */
	req.fill_target =
		opt->frames / receivers < opt->ring * 2 ? opt->frames / receivers : opt->ring * 2;
	err = umem_open(&w->umem, &w->port[0], &umem);
	if (err)
		return err;
	for (i = 0; i < w->nports; i++) {
		req.ifname = port_name(w, i);
		req.rx = w->target[i];
		err = xsk_port_open(&w->port[i], &w->umem, &req);
		if (err)
			goto close_all;
	}
	return 0;

close_all:
	close_ports(w, i);
	umem_close(&w->umem);
	return err;
}

static bool is_unsupported(int err)
{
	return err == -EOPNOTSUPP || err == -KERNEL_ENOTSUPP || err == -EINVAL;
}

static int open_waiting(struct worker *w, uint32_t frame_size, bool multi_buffer,
			enum xsk_copy copy)
{
	const struct timespec step = {.tv_nsec = RELEASE_STEP_NS};
	int err, tries;

	for (tries = 0; tries < RELEASE_TRIES; tries++) {
		err = try_open(w, frame_size, multi_buffer, copy);
		if (err != -EBUSY)
			return err;
		nanosleep(&step, NULL);
	}
	return err;
}

static void explain(struct worker *w, int err, uint32_t frame_size, bool multi_buffer)
{
	const char *ifname = w->opt->iface;
	uint32_t owner = w->target[0] ? target_owner(w->target[0], w->queue) : 0;

	switch (-err) {
	case EBUSY:
		if (owner)
			msg_error("queue %u of %s is bound by another AF_XDP socket; the last sink "
				  "there was process %u, which has stalled: end it (kill -9 %u)",
				  w->queue, ifname, owner, owner);
		else
			msg_error("queue %u of %s%s%s is bound by another AF_XDP socket: end its "
				  "program (ss --xdp shows it)",
				  w->queue, ifname, w->nports > 1 ? " or " : "",
				  w->nports > 1 ? w->opt->out : "");
		break;
	case EINVAL:
		if (multi_buffer && !try_open(w, frame_size, false, XSK_COPY_ANY)) {
			worker_close(w);
			msg_error("the MTU of %s needs packets of several frames, which this "
				  "kernel or "
				  "driver lacks for AF_XDP (Linux 6.6): ip link set dev %s mtu %u",
				  ifname, ifname, 4096 - XSK_HEADROOM - ETH_HLEN - VLAN_TAGS_LEN);
			break;
		}
		msg_error("queue %u of %s%s%s cannot be bound: sending needs as many transmit as "
			  "receive queues (ethtool -L)",
			  w->queue, ifname, w->nports > 1 ? " or " : "",
			  w->nports > 1 ? w->opt->out : "");
		break;
	case ENOMEM:
	case EAGAIN:
	case ENOBUFS:
		msg_error("cannot lock %u MiB of packet memory: raise `ulimit -l` or ask for fewer "
			  "--frames",
			  w->opt->frames / 1024 * frame_size / 1024);
		break;
	case EAFNOSUPPORT:
		msg_error("this kernel has no AF_XDP sockets (CONFIG_XDP_SOCKETS)");
		break;
	default:
		msg_error("cannot open an AF_XDP socket on queue %u of %s: %s", w->queue, ifname,
			  strerror(-err));
	}
	msg_show_libs();
}

int worker_open(struct worker *w)
{
	enum xsk_copy copy = w->opt->copy;
	uint32_t frame_size;
	bool multi_buffer;
	int err;

	err = choose_frame_size(w, &frame_size, &multi_buffer);
	if (err)
		return err;
	err = open_waiting(w, frame_size, multi_buffer, copy);
	if (copy == XSK_COPY_ZERO && is_unsupported(err)) {
		struct netif netif = {};

		netif_query(w->opt->iface, &netif);
		if (w->opt->require_zero_copy) {
			msg_error(
				"zero-copy was required, and driver %s of %s refuses it for queue "
				"%u: "
				"leave out --require zero-copy, or take a NIC whose driver has it",
				*netif.driver ? netif.driver : "(unknown)", netif.name, w->queue);
			return -EOPNOTSUPP;
		}
		msg_warn("driver %s of %s refuses zero-copy for queue %u: copy mode is used",
			 *netif.driver ? netif.driver : "(unknown)", netif.name, w->queue);
		copy = XSK_COPY_ANY;
		err = open_waiting(w, frame_size, multi_buffer, copy);
	}
	if (err) {
		explain(w, err, frame_size, multi_buffer);
		return err;
	}
	if (w->opt->wait == WAIT_BUSY_POLL) {
		uint32_t i;

		for (i = 0; i < w->nports && !err; i++)
			err = xsk_port_busy_poll(&w->port[i], BUSY_POLL_USEC, (int)w->opt->batch);
		if (err) {
			msg_error("busy polling is refused (%s): use --spin", strerror(-err));
			worker_close(w);
		}
	}
	return err;
}

void worker_close(struct worker *w)
{
	close_ports(w, w->nports);
	umem_close(&w->umem);
}
