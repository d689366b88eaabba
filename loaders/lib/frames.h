/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who owns a UMEM frame.  At every moment each frame has exactly one owner:
 *
 *	pool --fill ring--> kernel, to receive into --RX ring--> worker --TX ring--> kernel, to send
 *	  ^                                                        |                    |
 *	  +--------------------------------------------------------+---completion ring--+
 *
 * The pool is a stack, so that the frame used latest, whose lines are still cached, is used next.  With
 * a ledger (tp-xsk --sanitize) each step is checked against the frame's owner and remembered; a step
 * from an owner that does not have the frame, or a frame that a worker kept, prints the frame's
 * history and aborts: its data would be somebody else's.
 *
 * A frame is named by any address inside it.  One thread owns a struct frames.
 */
#ifndef TRIPATH_LOADERS_LIB_FRAMES_H
#define TRIPATH_LOADERS_LIB_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_owner {
	FRAME_POOL,      /* free */
	FRAME_KERNEL_RX, /* in the fill ring, being received into, or in the RX ring */
	FRAME_WORKER,    /* between the rings */
	FRAME_KERNEL_TX, /* in the TX ring, being sent, or in the completion ring */
	FRAME_OWNERS,
};

struct frame_ledger;

struct frames {
	uint64_t *free; /* addresses */
	uint32_t nfree;
	uint32_t total;
	uint32_t shift;              /* log2 of the frame size */
	struct frame_ledger *ledger; /* NULL: not checked */
};

/* @frame_size is a power of two, in bytes.  -ENOMEM. */
int frames_init(struct frames *f, uint32_t total, uint32_t frame_size, bool sanitize);
void frames_fini(struct frames *f);

/* Records that the frame went from one owner to another; aborts if it was not @from's. */
void frames_record(struct frames *f, uint64_t addr, enum frame_owner from, enum frame_owner to);

/* Aborts, with history, if a worker still has a frame: called between batches, when it has none. */
void frames_check_worker(const struct frames *f);

/* Frames that @owner has; only with a ledger. */
uint32_t frames_owned(const struct frames *f, enum frame_owner owner);

static inline uint64_t frames_base(const struct frames *f, uint64_t addr)
{
	return addr >> f->shift << f->shift;
}

static inline void frames_move(struct frames *f, uint64_t addr, enum frame_owner from,
			       enum frame_owner to)
{
	if (__builtin_expect(f->ledger != NULL, 0))
		frames_record(f, addr, from, to);
}

/* The pool must not be empty. */
static inline uint64_t frames_take(struct frames *f, enum frame_owner to)
{
	uint64_t addr = f->free[--f->nfree];

	frames_move(f, addr, FRAME_POOL, to);
	return addr;
}

static inline void frames_give(struct frames *f, uint64_t addr, enum frame_owner from)
{
	frames_move(f, addr, from, FRAME_POOL);
	f->free[f->nfree++] = frames_base(f, addr);
}

#endif
