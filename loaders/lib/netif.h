/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a network interface is and can: driver, receive queues, MTU, offloads. */
#ifndef TRIPATH_LOADERS_LIB_NETIF_H
#define TRIPATH_LOADERS_LIB_NETIF_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct netif {
	char name[IFNAMSIZ];
	char driver[32]; /* empty where the driver does not say */
	uint32_t ifindex;
	uint32_t mtu;    /* bytes */
	uint32_t queues; /* receive queues in use, at least 1 */
	bool up;
	bool loopback; /* no driver, no queues: each frame stays on its sender's CPU */
	bool gso;
	bool gro;
	bool lro;
	bool rx_vlan; /* VLAN tags are taken off received frames, out of sight of XDP */
};

/*
 * Fills @netif for @name of the calling thread's network namespace.  0; -ENODEV where it does not
 * exist; other negative errno.  What the driver does not report is left empty or false.
 */
int netif_query(const char *name, struct netif *netif);

#endif
