// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/probe/kind.h"

#include <string.h>

static const char *const names[PROBE_KINDS] = {
	[PROBE_SOFTIRQ] = "softirq",
	[PROBE_WAKEUP] = "wakeup",
	[PROBE_GUARDIAN] = "guardian",
};

const char *probe_kind_name(enum probe_kind kind)
{
	return names[kind];
}

enum probe_kind probe_kind_find(const char *name, size_t length)
{
	enum probe_kind kind = 0;

	while (kind < PROBE_KINDS &&
	       (strlen(names[kind]) != length || memcmp(names[kind], name, length) != 0))
		kind++;
	return kind;
}
