/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who feeds from a queue: the process that stands in its row of xsk_heartbeat. */
#ifndef TRIPATH_LOADERS_LIB_SINK_OWNER_H
#define TRIPATH_LOADERS_LIB_SINK_OWNER_H

#include <stdbool.h>

#include "maps/steer.h"

/* Makes this process the owner of @row; its heart does not beat yet. */
void sink_owner_set(struct xsk_heartbeat *row);

/*
 * True where the owner of @row is known to have ended without taking itself out, as by SIGKILL.  A process
 * that got its number meanwhile, or one of another pid namespace, which cannot be asked for, may live.
 */
bool sink_owner_gone(const struct xsk_heartbeat *row);

#endif
