// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/xsk/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loaders/lib/inet_csum.h"
#include "loaders/lib/msg.h"
#include "loaders/xsk/packet.h"
#include "loaders/xsk/worker.h"

#define TTL        64
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

static int own_mac(const char *ifname, uint8_t *mac)
{
	struct ifreq ifr = {};
	int fd, err = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		err = -errno;
	else
		memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
	return err;
}

static uint32_t put_ipv4(uint8_t *at, const struct client_options *opt)
{
	const struct sockaddr_in *from = (const struct sockaddr_in *)&opt->from;
	const struct sockaddr_in *to = (const struct sockaddr_in *)&opt->to;
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons((uint16_t)(sizeof(ip) + sizeof(struct udphdr) + opt->size)),
		.frag_off = htons(0x4000), /* don't fragment: then the identification may stay 0 */
		.ttl = TTL,
		.protocol = IPPROTO_UDP,
		.saddr = from->sin_addr.s_addr,
		.daddr = to->sin_addr.s_addr,
	};

	ip.check = (uint16_t)~csum_fold(csum_bytes(0, &ip, sizeof(ip)));
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static uint32_t put_ipv6(uint8_t *at, const struct client_options *opt)
{
	const struct sockaddr_in6 *from = (const struct sockaddr_in6 *)&opt->from;
	const struct sockaddr_in6 *to = (const struct sockaddr_in6 *)&opt->to;
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = htons((uint16_t)(sizeof(struct udphdr) + opt->size)),
		.nexthdr = IPPROTO_UDP,
		.hop_limit = TTL,
		.saddr = from->sin6_addr,
		.daddr = to->sin6_addr,
	};

	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
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
	struct client *c = &w->client;
	uint16_t type = htons(opt->to.ss_family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	struct udphdr udp = {};
	int err;

	c->workers = workers;
	c->nworkers = n;
	c->first_port = ntohs(port_of(&opt->from));
	if (c->first_port + n - 1 > UINT16_MAX) {
		msg_error("--from: %u workers ask from a port each, from %u on, and ports end at "
			  "%u: take "
			  "at most %u, or one --queue",
			  n, c->first_port, UINT16_MAX, UINT16_MAX + 1 - n);
		return -ERANGE;
	}
	memcpy(c->headers, opt->to_mac, ETH_ALEN);
	err = own_mac(w->opt->iface, c->headers + ETH_ALEN);
	if (err) {
		msg_error("cannot read the MAC address of %s: %s", w->opt->iface, strerror(-err));
		return err;
	}
	memcpy(c->headers + 2 * ETH_ALEN, &type, sizeof(type));
	c->family = opt->to.ss_family == AF_INET ? 4 : 6;
	c->udp = ETH_HLEN + (c->family == 4 ? put_ipv4(c->headers + ETH_HLEN, opt)
					    : put_ipv6(c->headers + ETH_HLEN, opt));
	c->dport = port_of(&opt->to);
	udp.source = htons((uint16_t)(c->first_port + index));
	udp.dest = c->dport;
	udp.len = htons((uint16_t)(sizeof(udp) + opt->size));
	memcpy(c->headers + c->udp, &udp, sizeof(udp));
	c->headers_len = c->udp + (uint32_t)sizeof(udp);
	c->share = w->opt->count / n + (index < w->opt->count % n);
	c->finished = w->opt->count && !c->share;
	if (c->headers_len + opt->size > w->umem.frame_size - XSK_HEADROOM) {
		msg_error("--size %u does not fit a frame: at most %u, or --frame-size 4096",
			  opt->size, w->umem.frame_size - XSK_HEADROOM - c->headers_len);
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
	const struct client *c = &w->client;
	struct packet p = {
		.head = at,
		.l3 = at + ETH_HLEN,
		.l4 = at + c->udp,
		.l4_len = (uint32_t)sizeof(struct udphdr) + w->opt->client.size,
		.csum = at + c->udp + offsetof(struct udphdr, check),
		.family = c->family,
		.protocol = IPPROTO_UDP,
	};
	struct request request = {.number = number, .sent_ns = now_ns()};

	memcpy(at, c->headers, c->headers_len);
	memcpy(at + c->headers_len, &request, sizeof(request));
	memset(at + c->headers_len + sizeof(request), (uint8_t)number,
	       w->opt->client.size - sizeof(request));
	packet_csum_write(&p);
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
			.len = c->headers_len + w->opt->client.size,
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
