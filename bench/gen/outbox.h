/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages on their way out: cut into frames, and kept in order for each peer while the transport has no room.
 * A message that goes at once touches no queue.
 */
#ifndef TRIPATH_BENCH_OUTBOX_H
#define TRIPATH_BENCH_OUTBOX_H

#include "bench/gen/content.h"
#include "bench/gen/transport.h"

#define OUTBOX_MESSAGES 4096 /* that may wait for one peer */

struct outbox;

/* NULL where memory is short.  Content is made when the first message carries checksums. */
struct outbox *outbox_new(struct transport *t);
void outbox_free(struct outbox *o);
/* @peer receives frames of at most @bytes (0: any). */
void outbox_frame(struct outbox *o, unsigned int peer, uint32_t bytes);
/*
 * Request or reply: @header says what (host order is not accepted; it is a wire header), content.h says what it
 * carries.  0, or a negative errno: -ENOBUFS where too many wait for @peer.
 */
int outbox_data(struct outbox *o, unsigned int peer, const struct wire_header *header);
/* Any other type, with its payload, in one frame; -EAGAIN where there is no room now. */
int outbox_control(struct outbox *o, unsigned int peer, const struct wire_header *header,
		   const void *payload);
/* Goes on with what waits, a bounded piece of it. */
void outbox_push(struct outbox *o);
/* Whether nothing waits. */
bool outbox_idle(const struct outbox *o);
/* What waits for @peer is dropped. */
void outbox_forget(struct outbox *o, unsigned int peer);

#endif
