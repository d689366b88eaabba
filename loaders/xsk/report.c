// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/xsk/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/version.h"

#define NS_PER_S 1e9

struct report_port {
	struct xsk_port_counters count;
	struct xdp_statistics kernel;
};

/* Everything that one worker lost, by who lost it. */
struct lost {
	uint64_t kernel; /* on the way in */
	uint64_t sink;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static uint64_t get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

int report_init(struct report *r, const struct xsk_options *opt, const struct worker *workers,
		uint32_t n)
{
	*r = (struct report){.opt = opt, .workers = workers, .n = n};
	r->last = calloc((size_t)n * WORKER_PORTS, sizeof(*r->last));
	if (!r->last)
		return -ENOMEM;
	r->start_ns = r->last_ns = now_ns();
	return 0;
}

void report_fini(struct report *r)
{
	free(r->last);
}

double report_elapsed_s(const struct report *r)
{
	return (double)(now_ns() - r->start_ns) / NS_PER_S;
}

uint64_t report_received(const struct report *r)
{
	uint64_t sum = 0;
	uint32_t i, p;

	for (i = 0; i < r->n; i++)
		for (p = 0; p < r->workers[i].nports; p++)
			sum += get(&r->workers[i].port[p].count.rx_packets);
	return sum;
}

static struct report_port read_port(const struct xsk_port *port)
{
	struct report_port now = {};

#define X(name) now.count.name = get(&port->count.name);
	XSK_PORT_COUNTERS(X)
#undef X
	xsk_port_kernel_stats(port, &now.kernel);
	return now;
}

static struct lost lost_of(const struct worker *w, const struct report_port *ports)
{
	struct lost lost = {.sink = get(&w->count.unhandled) + get(&w->count.bad_checksum)};
	uint32_t p;

	for (p = 0; p < w->nports; p++) {
		lost.kernel += ports[p].kernel.rx_dropped + ports[p].kernel.rx_ring_full;
		lost.sink += ports[p].count.tx_ring_full + ports[p].count.tx_device_dropped;
	}
	return lost;
}

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *port_json(const struct xsk_port *port, const struct report_port *now,
			 const struct report_port *last, double dt_s)
{
	json_t *o = json_object(), *count = json_object(), *kernel = json_object();

	json_object_set_new(o, "interface", json_string(port->ifname));
	json_object_set_new(o, "receives", json_boolean(port->rx));
	json_object_set_new(o, "sends", json_boolean(port->tx));
	json_object_set_new(o, "zero_copy", json_boolean(port->zero_copy));
	json_object_set_new(o, "multi_buffer", json_boolean(port->multi_buffer));
	if (dt_s > 0) {
#define RATE(field) json_real((double)(now->count.field - last->count.field) / dt_s)
		json_object_set_new(o, "rx_packets_per_second", RATE(rx_packets));
		json_object_set_new(o, "rx_bytes_per_second", RATE(rx_bytes));
		json_object_set_new(o, "tx_packets_per_second", RATE(tx_packets));
		json_object_set_new(o, "tx_bytes_per_second", RATE(tx_bytes));
#undef RATE
	}
#define X(name) json_object_set_new(count, #name, integer(now->count.name));
	XSK_PORT_COUNTERS(X)
#undef X
#define X(name) json_object_set_new(kernel, #name, integer(now->kernel.name));
	XSK_KERNEL_COUNTERS(X)
#undef X
	json_object_set_new(o, "counters", count);
	json_object_set_new(o, "xdp_statistics", kernel);
	return o;
}

static json_t *worker_json(const struct worker *w, const struct report_port *now,
			   const struct report_port *last, double dt_s)
{
	json_t *o = json_object(), *count = json_object(), *ports = json_array();
	struct lost lost = lost_of(w, now);
	uint32_t p;

	json_object_set_new(o, "queue", integer(w->queue));
	json_object_set_new(o, "cpu", json_integer(w->cpu));
	json_object_set_new(o, "frames", integer(w->umem.frames.total));
	json_object_set_new(o, "frame_size_bytes", integer(w->umem.frame_size));
	json_object_set_new(o, "ring", integer(w->umem.ring));
	json_object_set_new(o, "lost_by_kernel_packets", integer(lost.kernel));
	json_object_set_new(o, "lost_by_sink_packets", integer(lost.sink));
#define X(name) json_object_set_new(count, #name, integer(get(&w->count.name)));
	WORKER_COUNTERS(X)
#undef X
	json_object_set_new(o, "counters", count);
	for (p = 0; p < w->nports; p++)
		json_array_append_new(ports, port_json(&w->port[p], &now[p], &last[p], dt_s));
	json_object_set_new(o, "ports", ports);
	return o;
}

static uint32_t frames_missing(const struct worker *w)
{
	uint32_t p, known = w->umem.frames.nfree;

	for (p = 0; p < w->nports; p++)
		known += w->port[p].kernel_rx + w->port[p].kernel_tx;
	return w->umem.frames.total - known;
}

static void print_json(const struct report *r, const char *event, double dt_s,
		       const struct report_port *now, bool final)
{
	json_t *o = json_object(), *workers = json_array();
	uint32_t i;

	json_object_set_new(o, "program", json_string("tp-xsk"));
	json_object_set_new(o, "version", json_string(TP_VERSION));
	json_object_set_new(o, "event", json_string(event));
	json_object_set_new(o, "elapsed_seconds", json_real(report_elapsed_s(r)));
	json_object_set_new(o, "interface", json_string(r->opt->iface));
	json_object_set_new(o, "mode", json_string(options_mode_name(r->opt->mode)));
	json_object_set_new(o, "wait", json_string(options_wait_name(r->opt->wait)));
	json_object_set_new(o, "sanitize", json_boolean(r->opt->sanitize));
	for (i = 0; i < r->n; i++) {
		const struct report_port *ports = &now[i * WORKER_PORTS];
		json_t *w = worker_json(&r->workers[i], ports, &r->last[i * WORKER_PORTS], dt_s);

		if (final)
			json_object_set_new(w, "frames_missing",
					    integer(frames_missing(&r->workers[i])));
		json_array_append_new(workers, w);
	}
	json_object_set_new(o, "workers", workers);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(o);
}

static struct report_port *read_all(const struct report *r)
{
	struct report_port *now = calloc((size_t)r->n * WORKER_PORTS, sizeof(*now));
	uint32_t i, p;

	if (!now)
		return NULL;
	for (i = 0; i < r->n; i++)
		for (p = 0; p < r->workers[i].nports; p++)
			now[i * WORKER_PORTS + p] = read_port(&r->workers[i].port[p]);
	return now;
}

static void print_port(const struct worker *w, uint32_t p, const struct report_port *now,
		       const struct report_port *last, double dt_s)
{
	const struct xsk_port *port = &w->port[p];

	printf("  %-15s queue %-3u", port->ifname, w->queue);
	if (port->rx)
		printf("  rx %9.0f packets/s %8.1f MB/s",
		       (double)(now->count.rx_packets - last->count.rx_packets) / dt_s,
		       (double)(now->count.rx_bytes - last->count.rx_bytes) / dt_s / 1e6);
	if (port->tx)
		printf("  tx %9.0f packets/s",
		       (double)(now->count.tx_packets - last->count.tx_packets) / dt_s);
	putchar('\n');
}

static void print_lost(const struct worker *w, const struct report_port *ports)
{
	struct lost lost = lost_of(w, ports);

	if (lost.kernel || lost.sink)
		printf("  %-15s queue %-3u  lost so far: %" PRIu64 " on the way in, %" PRIu64
		       " by the sink\n",
		       "", w->queue, lost.kernel, lost.sink);
}

void report_ready(struct report *r)
{
	uint32_t i, p;

	if (r->opt->json) {
		struct report_port *now = read_all(r);

		if (now)
			print_json(r, "ready", 0, now, false);
		free(now);
		r->error = msg_flush();
		return;
	}
	printf("tp-xsk: %s, %s%s\n", options_mode_name(r->opt->mode),
	       options_wait_name(r->opt->wait), r->opt->sanitize ? ", frames are checked" : "");
	for (i = 0; i < r->n; i++) {
		const struct worker *w = &r->workers[i];

		for (p = 0; p < w->nports; p++)
			printf("  %-15s queue %-3u  %s%s, %u frames of %u bytes, CPU %d%s\n",
			       w->port[p].ifname, w->queue,
			       w->port[p].zero_copy ? "zero-copy" : "copy mode",
			       w->port[p].multi_buffer ? ", multi-buffer" : "",
			       w->umem.frames.total, w->umem.frame_size, w->cpu,
			       w->port[p].rx ? "" : ", only sends: nothing is attached there");
	}
	printf("ready\n");
	r->error = msg_flush();
}

void report_interval(struct report *r)
{
	struct report_port *now = read_all(r);
	uint64_t t = now_ns();
	double dt_s = (double)(t - r->last_ns) / NS_PER_S;
	uint32_t i, p;

	if (!now)
		return;
	if (r->opt->json) {
		print_json(r, "interval", dt_s, now, false);
	} else {
		printf("%.1f s\n", report_elapsed_s(r));
		for (i = 0; i < r->n; i++) {
			for (p = 0; p < r->workers[i].nports; p++)
				print_port(&r->workers[i], p, &now[i * WORKER_PORTS + p],
					   &r->last[i * WORKER_PORTS + p], dt_s);
			print_lost(&r->workers[i], &now[i * WORKER_PORTS]);
		}
	}
	r->error = msg_flush();
	free(r->last);
	r->last = now;
	r->last_ns = t;
}

static void print_final(const struct worker *w, const struct report_port *ports)
{
	uint32_t p;

	for (p = 0; p < w->nports; p++) {
		printf("  %s queue %u\n", w->port[p].ifname, w->queue);
#define X(name)                                                                                    \
	if (ports[p].count.name)                                                                   \
		printf("    %-28s %15" PRIu64 "\n", #name, (uint64_t)ports[p].count.name);
		XSK_PORT_COUNTERS(X)
#undef X
#define X(name)                                                                                    \
	if (ports[p].kernel.name)                                                                  \
		printf("    kernel: %-20s %15" PRIu64 "\n", #name, (uint64_t)ports[p].kernel.name);
		XSK_KERNEL_COUNTERS(X)
#undef X
	}
	printf("  worker of queue %u\n", w->queue);
#define X(name)                                                                                    \
	if (get(&w->count.name))                                                                   \
		printf("    %-28s %15" PRIu64 "\n", #name, get(&w->count.name));
	WORKER_COUNTERS(X)
#undef X
	print_lost(w, ports);
}

bool report_final(struct report *r)
{
	struct report_port *now = read_all(r);
	double elapsed_s = report_elapsed_s(r);
	bool whole = true;
	uint32_t i;

	for (i = 0; i < r->n; i++)
		whole = whole && !frames_missing(&r->workers[i]);
	if (!now || r->error) {
		free(now);
		return whole;
	}
	if (r->opt->json) {
		print_json(r, "final", 0, now, true);
	} else {
		printf("served %" PRIu64 " packets in %.1f s\n", report_received(r), elapsed_s);
		for (i = 0; i < r->n; i++)
			print_final(&r->workers[i], &now[i * WORKER_PORTS]);
	}
	r->error = msg_flush();
	free(now);
	return whole;
}
