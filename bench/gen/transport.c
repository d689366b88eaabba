// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int rdma_open(const struct transport_config *config, struct transport **out, char *why)
{
	bool devices = !access("/sys/class/infiniband", F_OK);

	snprintf(why, TRANSPORT_WHY,
		 devices ? "tp-bench does not speak RDMA yet"
			 : "this kernel has no RDMA devices (no /sys/class/infiniband)");
	return -EOPNOTSUPP;
}

/* Known by name, so that a suite that asks for it is told why not. */
static const struct transport_ops transport_rdma = {
	.name = "rdma",
	.client = rdma_open,
	.server = rdma_open,
};

static const struct transport_ops *const all[] = {
	&transport_tcp, &transport_udp, &transport_uring, &transport_xsk, &transport_rdma,
};

const char *const transport_wait_names[] = {
	[TRANSPORT_SPIN] = "spin", [TRANSPORT_BLOCK] = "block", [TRANSPORT_EPOLL] = "epoll"};

const struct transport_ops *transport_find(const char *name)
{
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

const char *transport_names(void)
{
	static char names[64];

	for (unsigned int i = 0; !names[0] || i < sizeof(all) / sizeof(all[0]); i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
			 all[i]->name);
	}
	return names;
}
