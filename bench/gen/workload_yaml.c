// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include "bench/gen/workload.h"
int workload_read(struct workload *w, const char *path)
{
	return -EINVAL;
}
