// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening an end of the AF_XDP transport, and what was obtained. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/sock.h"
#include "bench/gen/xsk.h"
#include "loaders/lib/neighbour.h"
#include "loaders/lib/sockaddr.h"

#define DEFAULT_RING 1024

/* The interface that has @address. */
static int interface_of(const struct sockaddr_storage *address, char *name)
{
	size_t len;
	const void *host = sockaddr_host(address, &len);
	struct ifaddrs *all, *i;
	int err = -EADDRNOTAVAIL;

	if (getifaddrs(&all))
		return -errno;
	for (i = all; i && err; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != address->ss_family ||
		    memcmp(sockaddr_host((const void *)i->ifa_addr, &len), host, len) != 0)
			continue;
		snprintf(name, IF_NAMESIZE, "%s", i->ifa_name);
		err = 0;
	}
	freeifaddrs(all);
	return err;
}

/* Opens the end on @local, by the interface that was asked for or @ifname. */
static int open_end(const struct transport_config *config, const char *ifname,
		    const struct sockaddr_storage *local, struct xsk **out, char *why)
{
	const struct xsk_udp_request req = {
		.ifname = config->interface ? config->interface : ifname,
		.queue = config->queue,
		/* One of several workers has a queue of its own. */
		.queues = config->reuse_port ? 1 : 0,
		.shared_port = config->reuse_port,
		.local = *local,
		.ring = config->ring ? config->ring : DEFAULT_RING,
		.copy = config->require_zero_copy ? XSK_COPY_ZERO : XSK_COPY_ANY,
		.require_zero_copy = config->require_zero_copy,
		.busy_poll_budget = config->busy_poll ? XSK_BATCH : 0,
	};
	struct xsk *t = calloc(1, sizeof(*t));
	int err = t ? xsk_udp_open(&t->udp, &req) : -ENOMEM;

	if (err) {
		snprintf(why, TRANSPORT_WHY, "no AF_XDP endpoint on %s: %s", req.ifname,
			 strerror(-err));
		free(t);
		return err;
	}
	t->base.ops = &transport_xsk;
	t->base.max_frame = t->udp.max_payload;
	t->events = config->events;
	t->wait = config->wait;
	t->busy_poll_budget = (uint32_t)req.busy_poll_budget;
	t->delivery = config->delivery;
	t->quiet_ns = t->udp.beat_ns;
	t->peers.host_len = t->udp.host_len;
	*out = t;
	return 0;
}

int xsk_server(const struct transport_config *config, struct transport **out, char *why)
{
	const struct sockaddr_storage *local = &config->addresses[0];
	char ifname[IF_NAMESIZE] = "", name[SOCK_NAME];
	struct xsk *t;
	int err = config->interface ? 0 : interface_of(local, ifname);

	if (err) {
		snprintf(why, TRANSPORT_WHY, "no interface has the address of %s: give --interface",
			 sock_name(local, name));
		return err;
	}
	err = open_end(config, ifname, local, &t, why);
	if (err)
		return err;
	t->server = true;
	*out = &t->base;
	return 0;
}

/* Peer @i is address @i. */
static int add_server(struct xsk *t, unsigned int i, const struct sockaddr_storage *to, char *why)
{
	size_t len;
	char name[SOCK_NAME];
	int err = xsk_udp_resolve(&t->udp, to, &t->peers.way[i]);

	if (err) {
		snprintf(why, TRANSPORT_WHY, "no way to %s over AF_XDP: %s", sock_name(to, name),
			 strerror(-err));
		return err;
	}
	xsk_peers_add(&t->peers, sockaddr_host(to, &len), sockaddr_port(to));
	return 0;
}

int xsk_client(const struct transport_config *config, struct transport **out, char *why)
{
	char ifname[IF_NAMESIZE] = "", name[SOCK_NAME];
	struct neighbour way;
	struct xsk *t;
	int err;

	if (!config->local_port) {
		snprintf(why, TRANSPORT_WHY,
			 "AF_XDP asks from a port that the policy steers: give --local-port");
		return -EINVAL;
	}
	err = neighbour_resolve(&config->addresses[0], &way);
	if (err || !if_indextoname(way.ifindex, ifname)) {
		err = err ? err : -errno;
		snprintf(why, TRANSPORT_WHY, "no way to %s: %s",
			 sock_name(&config->addresses[0], name), strerror(-err));
		return err;
	}
	((struct sockaddr_in *)&way.from)->sin_port = htons((uint16_t)config->local_port);
	err = open_end(config, ifname, &way.from, &t, why);
	for (unsigned int i = 0; !err && i < config->naddresses; i++) {
		err = add_server(t, i, &config->addresses[i], why);
		if (err)
			t->base.ops->close(&t->base);
	}
	if (!err)
		*out = &t->base;
	return err;
}

static json_t *counters(const struct xsk *t)
{
	json_t *all = json_object();

#define X(name) json_object_set_new(all, #name, json_integer((json_int_t)t->udp.count.name));
	XSK_UDP_COUNTERS(X)
#undef X
	return all;
}

static json_t *queue_receipt(const struct xsk_port *port)
{
	struct xdp_statistics stats;

	if (xsk_port_kernel_stats(port, &stats))
		return NULL;
	return json_pack("{s:I, s:b, s:I, s:I, s:I, s:I, s:I}", "queue", (json_int_t)port->queue,
			 "zero_copy", port->zero_copy, "lost_no_frame_or_too_long",
			 (json_int_t)stats.rx_dropped, "lost_rx_ring_full",
			 (json_int_t)stats.rx_ring_full, "wakeups", (json_int_t)port->count.wakeups,
			 "tx_device_dropped", (json_int_t)port->count.tx_device_dropped,
			 "rx_ring_peak", (json_int_t)port->count.rx_ring_peak);
}

json_t *xsk_receipt(const struct transport *base)
{
	const struct xsk *t = (const struct xsk *)base;
	const struct attach_state *state = &t->udp.target.state;
	json_t *queues = json_array();

	for (uint32_t i = 0; queues && i < t->udp.nports; i++)
		json_array_append_new(queues, queue_receipt(&t->udp.port[i]));
	return json_pack("{s:s, s:s, s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
			 "interface", t->udp.target.ifname, "xdp_mode",
			 state->mode == TP_MODE_NATIVE ? "native" : "generic", "program_id",
			 (json_int_t)state->prog_id, "need_wakeup", true, "stamped",
			 state->config.stamp, "busy_poll_budget", (json_int_t)t->busy_poll_budget,
			 "ring_entries", (json_int_t)t->udp.umem.ring, "frame_bytes",
			 (json_int_t)t->udp.umem.frame_size, "frames",
			 (json_int_t)t->udp.umem.frames.total, "segment_bytes",
			 (json_int_t)base->max_frame, "queues", queues, "counters", counters(t));
}
