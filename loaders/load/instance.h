/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The classifier's object: once to make its maps, and again for each program that runs over them.
 */
#ifndef TRIPATH_LOADERS_LOAD_INSTANCE_H
#define TRIPATH_LOADERS_LOAD_INSTANCE_H

#include <stdint.h>

#include "maps/state.h"
#include "skel/classifier.skel.h"

/* Makes the maps for @queues receive queues and the flow table of @config, and no program. NULL:
 * errno. */
struct classifier *instance_make_maps(const struct classifier_config *config);

/* Pins the maps that others share under @ifname. 0 or -errno. */
int instance_pin_maps(const struct classifier *skel, const char *ifname);

/*
 * Opens the object over the maps that are pinned for @ifname, configured by @config; only @program,
 * a name, will be loaded.  The caller loads and destroys it.  NULL: errno.
 */
struct classifier *instance_open(const char *ifname, const struct classifier_config *config,
				 const char *program);

#endif
