// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/xsk/client.h"

#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/neighbour.h"
#include "loaders/lib/packet.h"
#include "loaders/xsk/worker.h"

/* Nothing comes back for this long: the requests outstanding were lost, and are made again ... */
#define TIMEOUT_NS 200000000ULL
/* ... so often without any answer. */
#define TRIES      5

/* What a request carries, in host byte order: only its sender reads it. */
struct request {
	uint64_t number;
	uint64_t sent_ns;
};

_Static_assert(sizeof(struct request) == CLIENT_MIN_SIZE, "");

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static uint16_t port_of(const struct sockaddr_storage *addr)
{
	/* sin_port and sin6_port stand at the same place. */
	return ((const struct sockaddr_in *)addr)->sin_port;
}

int client_init(struct worker *workers, uint32_t index, uint32_t n)
{
	struct worker *w = &workers[index];
	const struct client_options *opt = &w->opt->client;
	struct sockaddr_storage from = opt->from;
	struct client *c = &w->client;
	uint8_t mac[ETH_ALEN];
	int err;

	c->workers = workers;
	c->nworkers = n;
	c->first_port = ntohs(port_of(&opt->from));
	if (c->first_port + n - 1 > UINT16_MAX) {
		msg_error("--from: %u workers ask from a port each, from %u on, and ports end at "
			  "%u: take at most %u, or one --queue",
			  n, c->first_port, UINT16_MAX, UINT16_MAX + 1 - n);
		return -ERANGE;
	}
	c->dport = port_of(&opt->to);
	err = neighbour_own_mac(w->opt->iface, mac);
	if (err) {
		msg_error("cannot read the MAC address of %s: %s", w->opt->iface, strerror(-err));
		return err;
	}
	((struct sockaddr_in *)&from)->sin_port = htons((uint16_t)(c->first_port + index));
	udp_headers_make(&c->headers, mac, opt->to_mac, &from, &opt->to);
	c->share = w->opt->count / n + (index < w->opt->count % n);
	c->finished = w->opt->count && !c->share;
	if (c->headers.len + opt->size > w->umem.frame_size - XSK_HEADROOM) {
		msg_error("--size %u does not fit a frame: at most %u, or --frame-size 4096",
			  opt->size, w->umem.frame_size - XSK_HEADROOM - c->headers.len);
		return -EMSGSIZE;
	}
	return 0;
}

static uint64_t in_flight(const struct worker *w)
{
	uint64_t over = __atomic_load_n(&w->client.returned, __ATOMIC_RELAXED) + w->count.timed_out;
	uint64_t made = w->count.asked + w->count.retried;

	return made > over ? made - over : 0;
}

static void write_request(struct worker *w, uint8_t *at, uint64_t number)
{
	const struct udp_headers *headers = &w->client.headers;
	struct request request = {.number = number, .sent_ns = now_ns()};

	memcpy(at + headers->len, &request, sizeof(request));
	memset(at + headers->len + sizeof(request), (uint8_t)number,
	       w->opt->client.size - sizeof(request));
	udp_headers_write(headers, at, w->opt->client.size);
}

/* The counter of the next request, NULL when there is none to make now. */
static uint64_t *next_request(struct worker *w)
{
	if (in_flight(w) >= w->opt->client.window || !w->umem.frames.nfree)
		return NULL;
	if (w->count.retried < w->count.timed_out)
		return &w->count.retried;
	if (!w->opt->count || w->count.asked < w->client.share)
		return &w->count.asked;
	return NULL;
}

uint32_t client_ask(struct worker *w)
{
	struct client *c = &w->client;
	uint64_t *counter;
	uint32_t asked = 0;

	while ((counter = next_request(w))) {
		struct xdp_desc desc = {
			.addr = frames_take(&w->umem.frames, FRAME_WORKER) + XSK_HEADROOM,
			.len = c->headers.len + w->opt->client.size,
		};

		write_request(w, umem_data(&w->umem, desc.addr), w->count.asked + w->count.retried);
		if (!xsk_port_send(&w->port[0], &w->umem, &desc, 1)) {
			worker_free(w, &desc, 1);
			break;
		}
		xsk_count(counter, 1);
		asked++;
	}
	return asked;
}

/* The worker that asked what @p answers, or NULL. */
static struct worker *asker(const struct worker *w, struct packet *p, struct request *request)
{
	const struct client *c = &w->client;
	struct udphdr udp;
	uint32_t index;

	if (!packet_parse(p) || p->protocol != IPPROTO_UDP ||
	    p->l4_len != sizeof(udp) + w->opt->client.size)
		return NULL;
	memcpy(&udp, p->l4, sizeof(udp));
	memcpy(request, p->l4 + sizeof(udp), sizeof(*request));
	index = (uint32_t)ntohs(udp.dest) - c->first_port;
	return udp.source == c->dport && index < c->nworkers ? &c->workers[index] : NULL;
}

static void take_answer(struct worker *w, struct packet *p, uint64_t t_ns)
{
	struct request request;
	struct worker *owner = asker(w, p, &request);

	if (!owner) {
		xsk_count(&w->count.unhandled, 1);
		return;
	}
	if (packet_csum_settle(p) == CSUM_WRONG) {
		xsk_count(&w->count.bad_checksum, 1);
		return;
	}
	/* Answers to retries and to what they retry can't be told apart: none counts twice. */
	if (__atomic_load_n(&owner->client.returned, __ATOMIC_RELAXED) >=
	    __atomic_load_n(&owner->count.asked, __ATOMIC_RELAXED)) {
		xsk_count(&w->count.late, 1);
		return;
	}
	__atomic_fetch_add(&owner->client.returned, 1, __ATOMIC_RELAXED);
	xsk_count(&w->count.answered, 1);
	xsk_count(&w->count.rtt_sum_ns, t_ns - request.sent_ns);
	xsk_peak(&w->count.rtt_max_ns, t_ns - request.sent_ns);
}

void client_batch(struct worker *w, struct xdp_desc *descs, uint32_t n)
{
	uint64_t t_ns = now_ns();
	uint32_t i;

	for (i = 0; i < n;) {
		struct packet p = packet_of(&w->umem, &descs[i], n - i);

		take_answer(w, &p, t_ns);
		worker_free(w, p.descs, p.n);
		i += p.n;
	}
}

bool client_done(struct worker *w)
{
	struct client *c = &w->client;
	uint64_t returned = __atomic_load_n(&c->returned, __ATOMIC_RELAXED), t_ns;

	if (w->opt->count && returned >= c->share)
		return true;
	if (!in_flight(w))
		return false;
	t_ns = now_ns();
	if (!c->progress_ns || returned != c->progress_at) {
		c->progress_ns = t_ns;
		c->progress_at = returned;
		c->timeouts = 0;
	}
	if (t_ns - c->progress_ns < TIMEOUT_NS)
		return false;
	xsk_count(&w->count.timed_out, in_flight(w));
	c->progress_ns = t_ns;
	return ++c->timeouts >= TRIES;
}
