// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/load_inside.h"

static struct request draw(struct load_source *s)
{
	const struct traffic *t = s->traffic;
	uint32_t size = random_log_range(&s->shape, t->size.min, t->size.max);
	struct request r = {.bytes = size, .reply_bytes = size};

	if (t->reads >= 0) {
		bool read = random_unit(&s->shape) < t->reads;

		r.bytes = read ? WORKLOAD_SMALL : size;
		r.reply_bytes = read ? size : WORKLOAD_SMALL;
		r.flags = read ? 0 : WIRE_WRITE;
	}
	if (t->verify)
		r.flags |= WIRE_CHECKED;
	return r;
}

static void end_step(struct load *l, uint32_t number, uint64_t now_ns)
{
	struct load_step *step = &l->step[number];
	struct load_source *s = &l->source[step->class_];

	s->in_flight--;
	l->free[l->nfree++] = number;
	if (!step->counted || step->failed)
		return;
	s->record.counts.finished++;
	histogram_add(&s->record.step, now_ns - step->intended_ns);
}

void load_start(struct load *l, unsigned int class_, uint64_t intended_ns, uint64_t now_ns)
{
	struct load_source *s = &l->source[class_];
	uint32_t fanout = random_range(&s->shape, s->traffic->fanout.min, s->traffic->fanout.max);
	uint32_t first = l->options.own_connections ? class_ * l->options.servers : 0;
	uint32_t number, begun = 0;
	struct load_step *step;

	if (!l->nfree) {
		s->record.counts.not_sent += fanout;
		return;
	}
	number = l->free[--l->nfree];
	step = &l->step[number];
	*step = (struct load_step){
		.intended_ns = intended_ns,
		.remaining = fanout,
		.class_ = (unsigned short)class_,
		.counted = l->counting,
	};
	s->in_flight++;
	for (uint32_t i = 0; i < fanout; i++) {
		struct request r = draw(s);

		r.step = number;
		r.peer = (unsigned short)(first + (l->turn + i) % l->options.servers);
		if (!client_request(l->client, &r, now_ns))
			begun++;
	}
	l->turn = (l->turn + 1) % l->options.servers;
	if (l->counting) {
		s->record.counts.started++;
		s->record.counts.sent += begun;
		s->record.counts.not_sent += fanout - begun;
	}
	step->remaining -= fanout - begun;
	step->failed = begun < fanout;
	if (!step->remaining)
		end_step(l, number, now_ns);
}

/* Starts what is due and waits for one of the class's steps in flight to end. */
static void start_queued(struct load *l, unsigned int class_, uint64_t now_ns)
{
	struct load_source *s = &l->source[class_];

	while (s->queued && s->in_flight < s->traffic->outstanding && l->issuing) {
		uint64_t due_ns = s->queue[s->first];

		s->first = (s->first + 1) % LOAD_QUEUE;
		s->queued--;
		load_start(l, class_, due_ns, now_ns);
	}
}

void load_done(void *ctx, const struct request *r, uint64_t now_ns, enum client_end end)
{
	struct load *l = ctx;
	struct load_step *step = &l->step[r->step];
	unsigned int class_ = step->class_;
	struct load_source *s = &l->source[class_];
	struct load_counts *counts = &s->record.counts;

	if (end != CLIENT_ANSWERED)
		step->failed = true;
	if (step->counted) {
		counts->answered += end == CLIENT_ANSWERED;
		counts->lost += end == CLIENT_LOST;
		counts->corrupt += end == CLIENT_CORRUPT;
		if (end == CLIENT_ANSWERED) {
			counts->bytes_out += r->bytes;
			counts->bytes_in += r->reply_bytes;
			histogram_add(&s->record.service, now_ns - r->sent_ns);
			histogram_add(&s->record.intended, now_ns - step->intended_ns);
		}
	}
	if (--step->remaining)
		return;
	end_step(l, r->step, now_ns);
	if (!l->issuing)
		return;
	if (l->options.closed)
		load_start(l, class_, now_ns, now_ns);
	else if (s->queued)
		start_queued(l, class_, now_ns);
}
