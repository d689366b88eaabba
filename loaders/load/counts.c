// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The counters of what a reload brings in begin at 0, and those of what it keeps go on. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loaders/lib/pins.h"
#include "loaders/load/load.h"
#include "maps/stats.h"

/* The pinned array @name, mapped to be written; NULL: errno. */
static void *map_rows(const char *ifname, const char *name, size_t bytes)
{
	int fd = pins_open(ifname, name);
	void *rows;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	rows = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return rows == MAP_FAILED ? NULL : rows;
}

static int restart_services(const char *ifname, uint32_t rows, const struct policy *policy,
			    const struct policy *old)
{
	size_t bytes = rows * sizeof(struct service_rows);
	struct service_rows *all = map_rows(ifname, "service_stats", bytes);
	uint32_t row, id;

	if (!all)
		return -errno;
	for (id = TP_SERVICE_FIRST; id < policy->services; id++) {
		if (!policy_new_service(policy, old, id))
			continue;
		for (row = 0; row < rows; row++)
			memset(&all[row].service[id], 0, sizeof(all[row].service[id]));
	}
	munmap(all, bytes);
	return 0;
}

static int restart_tenants(const char *ifname, uint32_t rows, const struct policy *policy,
			   const struct policy *old)
{
	size_t bytes = rows * sizeof(struct tenant_rows);
	struct tenant_rows *all = map_rows(ifname, "tenant_stats", bytes);
	uint32_t row, id;

	if (!all)
		return -errno;
	for (id = 0; id < policy->tenants; id++) {
		if (!policy_new_tenant(policy, old, id))
			continue;
		for (row = 0; row < rows; row++)
			memset(&all[row].tenant[id], 0, sizeof(all[row].tenant[id]));
	}
	munmap(all, bytes);
	return 0;
}

int counts_restart(const char *ifname, uint32_t queues, const struct policy *policy,
		   const struct policy *old)
{
	int err = restart_services(ifname, queues + 1, policy, old);

	return err ? err : restart_tenants(ifname, queues + 1, policy, old);
}
