// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/load_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gen/clock.h"
#include "loaders/lib/msg.h"

#define EXPIRE_NS (10 * NS_PER_MS)
#define LONG_NS   (200 * NS_PER_MS) /* a wait with nothing due */
#define LOOK      256               /* polls between looks at the clock, closed loop */

static void on_stats(void *ctx, unsigned int peer, const char *text, size_t bytes)
{
	struct load *l = ctx;

	if (peer >= l->options.servers || !l->current || l->current->server[peer][0])
		return;
	memcpy(l->current->server[peer], text, bytes);
	l->stats_missing--;
}

struct client_events load_events(struct load *l)
{
	return (struct client_events){
		.done = load_done, .stats = on_stats, .ctx = l, .stop = l->options.stop};
}

/* Takes every clock of CPU time there is. */
static void take(struct load *l, struct load_moment *m)
{
	l->current = m;
	l->stats_missing = 0;
	for (unsigned int i = 0; i < l->options.servers; i++)
		l->stats_missing += !client_stats(l->client, i);
	cpu_process_now(&m->client, l->cgroup);
	cpu_system_now(&m->system);
}

/* The end follows from when it really began: who waits for the CPU would find the time over. */
static uint64_t begin_counting(struct load *l)
{
	take(l, &l->moment[0]);
	l->moment[0].at_ns = clock_ns();
	l->counting = true;
	return l->moment[0].at_ns + (uint64_t)(l->options.duration_s * 1e9);
}

static void end_counting(struct load *l)
{
	l->moment[1].at_ns = clock_ns();
	l->issuing = l->counting = false;
	take(l, &l->moment[1]);
}

/* Starts or queues every step that is due; when the next one will be. */
static uint64_t start_due(struct load *l, uint64_t begin_ns, uint64_t now_ns)
{
	uint64_t next = UINT64_MAX;

	for (unsigned int i = 0; i < l->nsources; i++) {
		struct load_source *s = &l->source[i];

		while (s->due_ns <= now_ns) {
			uint64_t due_ns = s->due_ns, after = schedule_next(&s->schedule);

			s->due_ns = after == SCHEDULE_END ? UINT64_MAX : begin_ns + after;
			if (l->counting) {
				s->record.counts.due++;
				histogram_add(&s->record.lag, now_ns - due_ns);
			}
			if (!s->traffic->outstanding || s->in_flight < s->traffic->outstanding)
				load_start(l, i, due_ns, now_ns);
			else if (s->queued < LOAD_QUEUE)
				s->queue[(s->first + s->queued++) % LOAD_QUEUE] = due_ns;
			else
				s->record.counts.not_sent++;
		}
		if (s->due_ns < next)
			next = s->due_ns;
	}
	return next;
}

/* What both loops do now and then; whether the run goes on. */
static bool look(struct load *l, uint64_t now_ns, uint64_t *expire_ns)
{
	if (now_ns >= *expire_ns) {
		client_expire(l->client, now_ns);
		*expire_ns = now_ns + EXPIRE_NS;
		if (l->options.progress)
			progress_show(&l->progress, now_ns, l->nsources, l);
	}
	return !client_fault(l->client) && !*l->options.stop;
}

static int run_open(struct load *l, uint64_t begin_ns, uint64_t from_ns)
{
	uint64_t until_ns = from_ns > begin_ns ? UINT64_MAX : begin_counting(l);
	uint64_t expire_ns = begin_ns, now_ns = begin_ns;
	int err = 0;

	for (unsigned int i = 0; i < l->nsources; i++)
		l->source[i].due_ns = begin_ns + schedule_next(&l->source[i].schedule);
	while (err >= 0 && now_ns < until_ns && look(l, now_ns, &expire_ns)) {
		uint64_t next = start_due(l, begin_ns, now_ns), wait;

		/* A trace that is over, and all of it answered. */
		if (next == UINT64_MAX && !client_in_flight(l->client))
			break;
		if (next > until_ns)
			next = until_ns;
		if (next > expire_ns && client_in_flight(l->client))
			next = expire_ns;
		wait = next > now_ns ? next - now_ns : 0;
		err = client_poll(l->client, wait < LONG_NS ? wait : LONG_NS);
		now_ns = clock_ns();
		if (!l->counting && now_ns >= from_ns)
			until_ns = begin_counting(l);
	}
	return err;
}

static int run_closed(struct load *l, uint64_t begin_ns, uint64_t from_ns)
{
	uint64_t until_ns = from_ns > begin_ns ? UINT64_MAX : begin_counting(l);
	uint64_t expire_ns = begin_ns, now_ns = begin_ns;
	unsigned int polls = 0;
	int err = 0;

	for (unsigned int i = 0; i < l->nsources; i++)
		for (uint32_t k = 0; k < l->source[i].traffic->outstanding; k++)
			load_start(l, i, now_ns, now_ns);
	while (err >= 0 && now_ns < until_ns) {
		err = client_poll(l->client, LONG_NS);
		/* The clock costs as much as a message's bookkeeping; when nothing came, time may have passed. */
		if (++polls % LOOK && (l->options.wait == TRANSPORT_SPIN || err))
			continue;
		now_ns = clock_ns();
		if (!l->counting && now_ns >= from_ns)
			until_ns = begin_counting(l);
		if (!look(l, now_ns, &expire_ns))
			break;
	}
	return err;
}

/* What is in flight still comes, or is given up. */
static int drain(struct load *l)
{
	uint64_t expire_ns = 0, now_ns = clock_ns(), limit = now_ns + 2 * l->options.timeout_ns;
	int err = 0;

	while (err >= 0 && now_ns < limit && (client_in_flight(l->client) || l->stats_missing) &&
	       look(l, now_ns, &expire_ns)) {
		err = client_poll(l->client, NS_PER_MS);
		now_ns = clock_ns();
	}
	return err;
}

int load_run(struct load *l, struct client *c)
{
	uint64_t begin = clock_ns(), from = begin + (uint64_t)(l->options.warmup_s * 1e9);
	int err;

	l->client = c;
	l->issuing = true;
	progress_begin(&l->progress, begin, l->nsources, l->source[0].traffic->name);
	err = l->options.closed ? run_closed(l, begin, from) : run_open(l, begin, from);
	end_counting(l);
	if (err >= 0 && !client_fault(c))
		err = drain(l);
	progress_end(&l->progress);
	if (*l->options.stop)
		return -EINTR;
	if (client_fault(c)) {
		msg_error("%s", client_fault(c));
		return -EIO;
	}
	if (err < 0) {
		msg_error("the transport failed: %s", strerror(-err));
		return err;
	}
	if (!l->moment[0].at_ns) {
		msg_error("the trace ends within the warm-up of %g s: nothing was measured; give "
			  "--warmup 0",
			  l->options.warmup_s);
		return -ENODATA;
	}
	return 0;
}

int load_new(const struct workload *w, const struct load_options *options,
	     const struct cgroup *cgroup, struct load **out)
{
	struct load *l = calloc(1, sizeof(*l) + w->n * sizeof(l->source[0]));

	if (!l) {
		msg_error("out of memory");
		return -ENOMEM;
	}
	l->options = *options;
	l->cgroup = cgroup;
	for (uint32_t i = 0; i < LOAD_STEPS; i++)
		l->free[l->nfree++] = LOAD_STEPS - 1 - i;
	for (unsigned int i = 0; i < w->n; i++) {
		struct load_source *s = &l->source[i];
		int err;

		l->nsources++;
		s->traffic = &w->traffic[i];
		s->shape = random_stream(w->seed, i * 2 + 1);
		err = options->closed ? 0 : schedule_init(&s->schedule, s->traffic, w->seed, i);
		if (err) {
			load_free(l);
			return err;
		}
	}
	*out = l;
	return 0;
}

void load_free(struct load *l)
{
	for (unsigned int i = 0; l && i < l->nsources; i++)
		schedule_free(&l->source[i].schedule);
	free(l);
}

const struct load_record *load_record(const struct load *l, unsigned int class_)
{
	return &l->source[class_].record;
}

const struct load_moment *load_begin(const struct load *l)
{
	return &l->moment[0];
}

const struct load_moment *load_end(const struct load *l)
{
	return &l->moment[1];
}
