// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/frames.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "loaders/lib/msg.h"

#define HISTORY 8 /* steps remembered of each frame */

struct step {
	uint64_t seq; /* of all steps of this UMEM; 0: none yet */
	uint8_t from;
	uint8_t to;
};

struct frame_record {
	struct step history[HISTORY]; /* ring; `steps` counts all that were ever made */
	uint32_t steps;
	uint8_t owner;
};

struct frame_ledger {
	uint64_t seq;
	uint32_t owned[FRAME_OWNERS];
	struct frame_record frame[];
};

static const char *const owner_name[FRAME_OWNERS] = {
	[FRAME_POOL] = "the pool",
	[FRAME_KERNEL_RX] = "the kernel, to receive",
	[FRAME_WORKER] = "the worker",
	[FRAME_KERNEL_TX] = "the kernel, to send",
};

int frames_init(struct frames *f, uint32_t total, uint32_t frame_size, bool sanitize)
{
	*f = (struct frames){.total = total, .shift = (uint32_t)__builtin_ctz(frame_size)};
	f->free = calloc(total, sizeof(*f->free));
	if (!f->free)
		return -ENOMEM;
	/* Handed out in ascending order, as the memory was made. */
	while (f->nfree < total) {
		f->free[f->nfree] = (uint64_t)(total - 1 - f->nfree) << f->shift;
		f->nfree++;
	}
	if (!sanitize)
		return 0;
	f->ledger = calloc(1, sizeof(*f->ledger) + total * sizeof(f->ledger->frame[0]));
	if (!f->ledger) {
		frames_fini(f);
		return -ENOMEM;
	}
	f->ledger->owned[FRAME_POOL] = total;
	return 0;
}

void frames_fini(struct frames *f)
{
	free(f->ledger);
	free(f->free);
	*f = (struct frames){};
}

static void print_history(const struct frames *f, uint64_t index)
{
	const struct frame_record *r = &f->ledger->frame[index];
	uint32_t i = r->steps > HISTORY ? r->steps - HISTORY : 0;

	msg_info("frame %" PRIu64 " at 0x%" PRIx64
		 ", now owned by %s; its latest steps (of %" PRIu64 " of all frames):",
		 index, index << f->shift, owner_name[r->owner], f->ledger->seq);
	for (; i < r->steps; i++) {
		const struct step *s = &r->history[i % HISTORY];

		msg_info("  step %" PRIu64 ": from %s to %s", s->seq, owner_name[s->from],
			 owner_name[s->to]);
	}
}

void frames_record(struct frames *f, uint64_t addr, enum frame_owner from, enum frame_owner to)
{
	struct frame_ledger *ledger = f->ledger;
	uint64_t index = addr >> f->shift;
	struct frame_record *r;

	if (index >= f->total) {
		msg_error("--sanitize: address 0x%" PRIx64 " is outside of the UMEM (%u frames)",
			  addr, f->total);
		abort();
	}
	r = &ledger->frame[index];
	if (r->owner != from) {
		msg_error("--sanitize: frame %" PRIu64
			  " should go from %s to %s, but it is not %s's",
			  index, owner_name[from], owner_name[to], owner_name[from]);
		print_history(f, index);
		abort();
	}
	r->history[r->steps++ % HISTORY] = (struct step){
		.seq = ++ledger->seq,
		.from = (uint8_t)from,
		.to = (uint8_t)to,
	};
	r->owner = (uint8_t)to;
	ledger->owned[from]--;
	ledger->owned[to]++;
}

void frames_check_worker(const struct frames *f)
{
	uint32_t i;

	if (!f->ledger || !f->ledger->owned[FRAME_WORKER])
		return;
	msg_error("--sanitize: %u frames leaked: the worker has done its batch and still has them",
		  f->ledger->owned[FRAME_WORKER]);
	for (i = 0; i < f->total; i++)
		if (f->ledger->frame[i].owner == FRAME_WORKER)
			print_history(f, i);
	abort();
}

uint32_t frames_owned(const struct frames *f, enum frame_owner owner)
{
	return f->ledger ? f->ledger->owned[owner] : 0;
}
