// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/server.h"

#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/gen/checksum.h"
#include "bench/gen/clock.h"
#include "bench/gen/cpu.h"
#include "bench/gen/framing.h"
#include "bench/gen/outbox.h"
#include "loaders/lib/msg.h"
#include "loaders/lib/version.h"

#define HEADER  ((uint32_t)sizeof(struct wire_header))
#define WAIT_NS (100 * NS_PER_MS) /* stopping waits for no longer */

/* One writer, and readers that may be a little late. */
static void count(uint64_t *counter, uint64_t by)
{
	__atomic_store_n(counter, *counter + by, __ATOMIC_RELAXED);
}

struct server_counts server_counts(const struct server *s)
{
	struct server_counts sum = {0};

	for (unsigned int i = 0; i < s->nworkers; i++) {
		const uint64_t *from = (const uint64_t *)&s->worker[i].counts;
		uint64_t *to = (uint64_t *)&sum;

		for (size_t k = 0; k < sizeof(sum) / sizeof(*to); k++)
			to[k] += __atomic_load_n(&from[k], __ATOMIC_RELAXED);
	}
	return sum;
}

json_t *server_json(const struct server *s)
{
	struct server_counts c = server_counts(s);
	const struct cpu_process zero = {0};
	struct cpu_process now;
	char instance[20];
	json_t *object;

	cpu_process_now(&now, &s->cgroup);
	snprintf(instance, sizeof(instance), "%016llx", (unsigned long long)s->instance);
	object = cpu_process_json(&zero, &now, s->cgroup.why);
	json_object_update_new(object,
			       json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "instance",
					 instance, "at_ns", (json_int_t)clock_ns(), "requests",
					 (json_int_t)c.requests, "bytes_in", (json_int_t)c.bytes_in,
					 "bytes_out", (json_int_t)c.bytes_out, "corrupt",
					 (json_int_t)c.corrupt, "dropped", (json_int_t)c.dropped,
					 "not_ours", (json_int_t)c.not_ours));
	return object;
}

/* For STATS: also by which way datagrams came to this worker, where there are two. */
static json_t *stats_json(const struct worker *w)
{
	json_t *object = server_json(w->server), *receipt = w->t->ops->receipt(w->t);
	const json_t *counters = json_object_get(receipt, "counters");

	if (counters) {
		json_object_set(object, "received", json_object_get(counters, "received"));
		json_object_set(object, "fell_back", json_object_get(counters, "fell_back"));
	}
	json_decref(receipt);
	return object;
}

static void answer(struct worker *w, unsigned int peer, const struct wire_header *request,
		   enum wire_type type, const void *payload, size_t bytes)
{
	struct wire_header h = {
		.magic = htole32(WIRE_MAGIC),
		.version = WIRE_VERSION,
		.type = (__u8)type,
		.id = request ? request->id : 0,
		.length = htole32((uint32_t)(HEADER + bytes)),
		.session = request ? request->session : 0,
	};

	if (outbox_control(w->outbox, peer, &h, payload))
		count(&w->counts.dropped, 1);
}

static void answer_json(struct worker *w, unsigned int peer, const struct wire_header *request,
			enum wire_type type, size_t skip, json_t *object)
{
	char text[WIRE_MAX_CONTROL] = {0};
	uint32_t frame = w->t->max_frame == UINT32_MAX ? 0 : w->t->max_frame;
	size_t n;

	if (skip)
		memcpy(text, &(struct wire_hello){htole32(frame)}, sizeof(struct wire_hello));
	n = json_dumpb(object, text + skip, sizeof(text) - skip,
		       JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(object);
	if (n <= sizeof(text) - skip)
		answer(w, peer, request, type, text, skip + n);
	else
		count(&w->counts.dropped, 1);
}

static void on_hello(struct worker *w, unsigned int peer, const struct message *m)
{
	const struct server *s = w->server;
	struct wire_hello hello = {0};

	if (m->bytes >= sizeof(hello))
		memcpy(&hello, m->body, sizeof(hello));
	outbox_frame(w->outbox, peer, le32toh(hello.max_frame));
	answer_json(w, peer, m->header, WIRE_HELLO_OK, sizeof(hello),
		    json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:o*}", "version", TP_VERSION,
			      "transport", s->ops->name, "wait", transport_wait_names[s->wait],
			      "workers", (int)s->nworkers, "cpu", w->cpu, "checksum",
			      checksum_method(), "receipt", w->t->ops->receipt(w->t)));
}

static void on_request(struct worker *w, unsigned int peer, const struct message *m)
{
	struct wire_header h = *m->header;
	int err;

	count(&w->counts.requests, 1);
	count(&w->counts.bytes_in, le32toh(h.length));
	if (!w->first_ns && w->server->stall_ns)
		w->first_ns = clock_ns();
	if (!m->intact) {
		static const char text[] = "the request arrived corrupt";

		count(&w->counts.corrupt, 1);
		answer(w, peer, m->header, WIRE_ERROR, text, sizeof(text) - 1);
		return;
	}
	if (!h.reply_length)
		return;
	if (le32toh(h.reply_length) < HEADER || le32toh(h.reply_length) > WIRE_MAX_MESSAGE) {
		static const char text[] = "a reply of impossible length was wanted";

		answer(w, peer, m->header, WIRE_ERROR, text, sizeof(text) - 1);
		return;
	}
	h.type = WIRE_REPLY;
	h.length = h.reply_length;
	h.reply_length = 0;
	err = outbox_data(w->outbox, peer, &h);
	if (err)
		count(&w->counts.dropped, 1);
	else
		count(&w->counts.bytes_out, le32toh(h.length));
}

static void on_message(void *ctx, unsigned int peer, const struct message *m)
{
	static const char what[] = "a message that only a server sends";
	struct worker *w = ctx;

	switch (m->header->type) {
	case WIRE_REQUEST:
		on_request(w, peer, m);
		break;
	case WIRE_HELLO:
		on_hello(w, peer, m);
		break;
	case WIRE_STATS:
		answer_json(w, peer, m->header, WIRE_STATS_OK, 0, stats_json(w));
		break;
	case WIRE_ERROR: /* answering an error could go on for ever */
		count(&w->counts.not_ours, 1);
		break;
	default:
		count(&w->counts.not_ours, 1);
		answer(w, peer, m->header, WIRE_ERROR, what, sizeof(what) - 1);
	}
}

static void on_broken(void *ctx, unsigned int peer, const char *why)
{
	struct worker *w = ctx;

	count(&w->counts.not_ours, 1);
	/* On a datagram transport the sender may be forged, or an echo: it is not answered. */
	if (!w->t->ops->datagram)
		answer(w, peer, NULL, WIRE_ERROR, why, strlen(why));
}

static void on_bytes(void *ctx, unsigned int peer, const void *data, size_t bytes)
{
	framing_rx(((struct worker *)ctx)->framing, peer, data, bytes);
}

static void on_gone(void *ctx, unsigned int peer, int error)
{
	struct worker *w = ctx;

	framing_forget(w->framing, peer);
	outbox_forget(w->outbox, peer);
}

int server_open(struct server *s, struct worker *w, const struct transport_config *config,
		char *why)
{
	const struct framing_events events = {.message = on_message, .broken = on_broken, .ctx = w};
	struct transport_config mine = *config;
	int err;

	w->server = s;
	mine.events = (struct transport_events){.rx = on_bytes, .gone = on_gone, .ctx = w};
	err = s->ops->server(&mine, &w->t, why);
	if (err)
		return err;
	w->framing = framing_new(s->ops->datagram, &events);
	w->outbox = outbox_new(w->t);
	if (w->framing && w->outbox)
		return 0;
	snprintf(why, TRANSPORT_WHY, "out of memory");
	server_close(w);
	return -ENOMEM;
}

/* A pause as of a garbage collection, a page fault on a slow disk or a CPU taken away: everything stands still. */
static void stall(struct worker *w)
{
	const struct server *s = w->server;
	const struct timespec pause = {.tv_sec = (time_t)(s->stall_ns / NS_PER_S),
				       .tv_nsec = (long)(s->stall_ns % NS_PER_S)};

	if (w->stalled || !w->first_ns || clock_ns() - w->first_ns < s->stall_at_ns)
		return;
	w->stalled = true;
	nanosleep(&pause, NULL);
}

void *server_run(void *worker)
{
	struct worker *w = worker;
	struct server *s = w->server;
	const struct transport_ops *ops = s->ops;
	int err = 0;

	if (w->cpu >= 0 && cpu_pin((unsigned int)w->cpu))
		msg_warn("CPU %d is not there, or not for this process: a worker is not pinned",
			 w->cpu);
	while (err >= 0 && !atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		err = ops->poll(w->t, outbox_idle(w->outbox) ? WAIT_NS : 0);
		outbox_push(w->outbox);
		if (err >= 0 && ops->flush(w->t))
			err = -EIO;
		if (s->stall_ns && w == s->worker)
			stall(w);
	}
	if (err < 0) {
		msg_error("a worker ended: %s", strerror(-err));
		atomic_store(&s->failed, true);
		/* With a worker less this is not the peer that was asked for. */
		kill(getpid(), SIGTERM);
	}
	return NULL;
}

void server_close(struct worker *w)
{
	if (w->t)
		w->t->ops->close(w->t);
	w->t = NULL;
	outbox_free(w->outbox);
	framing_free(w->framing);
}
