/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tp-probe's probes, by name, for who runs it too. */
#ifndef TRIPATH_LOADERS_PROBE_KIND_H
#define TRIPATH_LOADERS_PROBE_KIND_H

#include <stddef.h>

#define PROBE_KIND_NAMES "softirq, wakeup, guardian" /* all of them, for messages */

enum probe_kind {
	PROBE_SOFTIRQ,
	PROBE_WAKEUP,
	PROBE_GUARDIAN,
	PROBE_KINDS,
};

const char *probe_kind_name(enum probe_kind kind);

/* The probe whose name is the first @length bytes of @name; PROBE_KINDS: there is none. */
enum probe_kind probe_kind_find(const char *name, size_t length);

#endif
