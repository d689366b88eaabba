// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/xsk_udp.h"

#include <errno.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loaders/lib/cpu_relax.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/sockaddr.h"

#define NS_PER_MS 1000000ULL

/* Looks in vain between two yields of the CPU: some 20 us, many times a round trip. */
#define IDLE_YIELD 512

/* Longest that a closing endpoint waits for frames that were sent to come back. */
#define DRAIN_STEPS 200

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

void xsk_udp_beat(struct xsk_udp *u)
{
	uint64_t now_ns = target_clock_ns();
	uint32_t i;

	/* The classifier reads the line for every packet: written only when the clock has moved. */
	if (now_ns == u->beat_ns)
		return;
	u->beat_ns = now_ns;
	for (i = 0; i < u->nports; i++)
		target_beat(&u->target, u->port[i].queue, now_ns);
}

/* The stamp stands right before the packet, where the classifier put one; wiped, so that it counts once. */
static uint64_t take_stamp(const struct umem *umem, uint64_t addr)
{
	struct xsk_stamp *at = (void *)(umem_data(umem, addr) - sizeof(*at));
	struct xsk_stamp stamp;

	memcpy(&stamp, at, sizeof(stamp));
	if (stamp.magic != TP_XSK_STAMP_MAGIC)
		return 0;
	memset(at, 0, sizeof(*at));
	return stamp.arrival_ns;
}

/* NULL, or the counter of the reason for which @p is not taken. */
static uint64_t *refuse(struct xsk_udp *u, struct packet *p)
{
	const uint8_t *dst;

	if (p->n > 1 || !packet_parse(p) || p->protocol != IPPROTO_UDP || p->routed)
		return &u->count.malformed;
	dst = p->l3 +
	      (p->family == 4 ? offsetof(struct iphdr, daddr) : offsetof(struct ipv6hdr, daddr));
	if ((p->family == 4) != (u->host_len == sizeof(struct in_addr)) ||
	    get16(p->l4 + offsetof(struct udphdr, dest)) != u->local_port ||
	    memcmp(dst, u->local_host, u->host_len) != 0)
		return &u->count.foreign;
	switch (packet_csum_settle(p)) {
	case CSUM_WRONG:
		return &u->count.bad_checksum;
	case CSUM_PARTIAL:
		xsk_count(&u->count.checksums_completed, 1);
		break;
	default:
		break;
	}
	return NULL;
}

static void free_packet(struct xsk_udp *u, const struct packet *p)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		frames_give(&u->umem.frames, p->descs[i].addr, FRAME_WORKER);
}

static uint32_t take_batch(struct xsk_udp *u, uint32_t port, const struct xdp_desc *descs,
			   uint32_t n, struct xsk_datagram *d)
{
	uint32_t i, taken = 0, stamped = 0;

	for (i = 0; i < n; i++)
		__builtin_prefetch(umem_data(&u->umem, descs[i].addr));
	for (i = 0; i < n;) {
		struct packet p = packet_of(&u->umem, &descs[i], n - i);
		uint64_t *reason = refuse(u, &p), stamp_ns = 0;

		/* Its line is read only where there can be one. */
		if (u->target.state.config.stamp)
			stamp_ns = take_stamp(&u->umem, descs[i].addr);

		i += p.n;
		if (reason) {
			xsk_count(reason, 1);
			free_packet(u, &p);
			continue;
		}
		stamped += stamp_ns != 0;
		d[taken++] = (struct xsk_datagram){
			.payload = p.l4 + sizeof(struct udphdr),
			.src_host = p.l3 + (p.family == 4 ? offsetof(struct iphdr, saddr)
							  : offsetof(struct ipv6hdr, saddr)),
			.addr = p.descs[0].addr,
			.stamp_ns = stamp_ns,
			.len = p.l4_len - (uint32_t)sizeof(struct udphdr),
			.port = port,
			.src_port = get16(p.l4 + offsetof(struct udphdr, source)),
		};
	}
	xsk_count(&u->count.received, taken);
	xsk_count(&u->count.stamped, stamped);
	return taken;
}

uint32_t xsk_udp_receive(struct xsk_udp *u, struct xsk_datagram *d, uint32_t max)
{
	struct xdp_desc descs[XSK_BATCH_MAX];
	uint32_t i, port, n;

	xsk_udp_beat(u);
	if (max > XSK_BATCH_MAX)
		max = XSK_BATCH_MAX;
	for (i = 0; i < u->nports; i++) {
		port = u->next_port;
		u->next_port = port + 1 < u->nports ? port + 1 : 0;
		n = xsk_port_receive(&u->port[port], &u->umem, descs, max);
		if (!n)
			continue;
		u->idle = 0;
		return take_batch(u, port, descs, n, d);
	}
	return 0;
}

ssize_t xsk_udp_receive_stack(struct xsk_udp *u, void *data, size_t size,
			      struct sockaddr_storage *from)
{
	socklen_t len = sizeof(*from);
	ssize_t n = recvfrom(u->stack_fd, data, size, MSG_DONTWAIT, (struct sockaddr *)from, &len);

	if (n < 0)
		return -errno;
	xsk_count(&u->count.fell_back, 1);
	return n;
}

void xsk_udp_release(struct xsk_udp *u, const struct xsk_datagram *d)
{
	frames_give(&u->umem.frames, d->addr, FRAME_WORKER);
}

void xsk_udp_learn(const struct xsk_udp *u, const struct xsk_datagram *d, struct xsk_udp_peer *peer)
{
	const uint8_t *head = umem_data(&u->umem, d->addr);
	struct sockaddr_storage from = {.ss_family = u->local.ss_family};
	size_t len;
	void *host = sockaddr_host(&from, &len);

	memcpy(host, d->src_host, len);
	((struct sockaddr_in *)&from)->sin_port = d->src_port;
	udp_headers_make(&peer->headers, head, head + ETH_ALEN, &u->local, &from);
	peer->port = d->port;
}

uint8_t *xsk_udp_begin(struct xsk_udp *u, const struct xsk_udp_peer *peer, uint64_t *addr)
{
	if (!u->umem.frames.nfree) {
		xsk_count(&u->count.no_frame, 1);
		return NULL;
	}
	*addr = frames_take(&u->umem.frames, FRAME_WORKER) + XSK_HEADROOM;
	return umem_data(&u->umem, *addr) + peer->headers.len;
}

bool xsk_udp_end(struct xsk_udp *u, const struct xsk_udp_peer *peer, uint64_t addr, uint32_t len)
{
	const struct xdp_desc desc = {.addr = addr, .len = peer->headers.len + len};

	udp_headers_write(&peer->headers, umem_data(&u->umem, addr), len);
	if (!xsk_port_send(&u->port[peer->port], &u->umem, &desc, 1)) {
		frames_give(&u->umem.frames, addr, FRAME_WORKER);
		return false;
	}
	xsk_count(&u->count.sent, 1);
	return true;
}

void xsk_udp_flush(struct xsk_udp *u)
{
	uint32_t i;

	for (i = 0; i < u->nports; i++)
		xsk_port_flush_tx(&u->port[i]);
	/* After the wakeup: the peer is at work by now, so this costs a round trip nothing. */
	for (i = 0; i < u->nports; i++)
		xsk_port_reap(&u->port[i], &u->umem);
	for (i = 0; i < u->nports; i++)
		xsk_port_refill(&u->port[i], &u->umem);
	xsk_udp_beat(u);
}

bool xsk_udp_look(const struct xsk_udp *u, uint32_t times)
{
	uint32_t i;

	for (; times; times--) {
		for (i = 0; i < u->nports; i++) {
			const struct xsk_ring_cons *rx = &u->port[i].rx_ring;

			if (__atomic_load_n(rx->producer, __ATOMIC_RELAXED) != rx->cached_cons)
				return true;
		}
		cpu_relax();
	}
	return false;
}

void xsk_udp_idle(struct xsk_udp *u)
{
	uint32_t i;

	for (i = 0; i < u->nports; i++) {
		/* What the device pushed back is tried again. */
		if (u->port[i].kernel_tx) {
			xsk_port_flush_tx(&u->port[i]);
			xsk_port_reap(&u->port[i], &u->umem);
		}
		if (u->busy_poll || xsk_ring_prod__needs_wakeup(&u->port[i].fill))
			xsk_port_drive_rx(&u->port[i]);
	}
	/*
	 * A spinner that never enters the kernel keeps ksoftirqd from its CPU, and with it what the
	 * softirqs put off, which may be the very frame that it waits for.
	 */
	if (++u->idle % IDLE_YIELD == 0)
		sched_yield();
	cpu_relax();
}

int xsk_udp_wait(struct xsk_udp *u, uint64_t timeout_ns)
{
	struct pollfd fds[XSK_SETUP_PORTS + 1];
	struct timespec timeout = {};
	uint32_t i;
	int n;

	timeout.tv_nsec = (long)(timeout_ns < TP_XSK_BEAT_NS ? timeout_ns : TP_XSK_BEAT_NS);
	for (i = 0; i < u->nports; i++)
		fds[i] = (struct pollfd){.fd = u->port[i].fd, .events = POLLIN};
	fds[i] = (struct pollfd){.fd = u->stack_fd, .events = POLLIN};
	n = ppoll(fds, u->nports + 1, &timeout, NULL);
	xsk_udp_beat(u);
	if (n < 0)
		return -errno;
	for (i = 0; n && i < u->nports; i++)
		if (fds[i].revents & POLLERR) {
			int err = xsk_port_error(&u->port[i]);

			if (err)
				return err;
		}
	return n > 0 && fds[u->nports].revents;
}

int xsk_udp_health(const struct xsk_udp *u)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < u->nports && !err; i++)
		err = xsk_port_error(&u->port[i]);
	if (!err && !target_attached(&u->target))
		err = -ESTALE;
	return err;
}

void xsk_udp_say(const struct xsk_udp *u, int err)
{
	const char *ifname = u->target.ifname;

	if (err == -ESTALE)
		msg_error("the classifier was detached from %s, so nothing is steered here any "
			  "more: start again after tp-load attach %s",
			  ifname, ifname);
	else if (err == -ENETDOWN || err == -ENXIO)
		msg_error("%s is gone: it was deleted or moved away", ifname);
	else
		msg_error("the AF_XDP socket on %s failed: %s", ifname, strerror(-err));
}

static uint32_t in_flight(const struct xsk_udp *u)
{
	uint32_t i, n = 0;

	for (i = 0; i < u->nports; i++)
		n += u->port[i].kernel_tx;
	return n;
}

static uint32_t missing(const struct xsk_udp *u)
{
	uint32_t i, known = u->umem.frames.nfree + in_flight(u);

	for (i = 0; i < u->nports; i++)
		known += u->port[i].kernel_rx;
	return u->umem.frames.total - known;
}

uint32_t xsk_udp_close(struct xsk_udp *u)
{
	const struct timespec nap = {.tv_nsec = NS_PER_MS};
	uint32_t i, steps, lost;

	for (i = 0; i < u->nports; i++)
		target_retire(&u->target, u->port[i].queue);
	target_settle();
	for (steps = 0; steps < DRAIN_STEPS; steps++) {
		for (i = 0; i < u->nports; i++) {
			xsk_port_flush_tx(&u->port[i]);
			xsk_port_reap(&u->port[i], &u->umem);
		}
		if (!in_flight(u))
			break;
		nanosleep(&nap, NULL);
	}
	frames_check_worker(&u->umem.frames);
	lost = missing(u);
	xsk_setup_close(&u->umem, u->port, u->nports);
	close(u->stack_fd);
	target_close(&u->target);
	return lost;
}
