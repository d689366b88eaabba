/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is next on the way to an address: its interface, our address there, its MAC address. */
#ifndef TRIPATH_LOADERS_LIB_NEIGHBOUR_H
#define TRIPATH_LOADERS_LIB_NEIGHBOUR_H

#include <linux/if_ether.h>
#include <stdint.h>
#include <sys/socket.h>

struct neighbour {
	uint32_t ifindex;
	struct sockaddr_storage from; /* the address that the kernel would send from; port 0 */
	uint8_t mac[ETH_ALEN];
};

/*
 * Asks the kernel's routes and neighbour table about @to, and has it resolve what is not there yet (ARP,
 * neighbour discovery), for up to a second.  -EHOSTUNREACH: nobody answered; -ENETUNREACH: no
 * route; other negative errno.
 */
int neighbour_resolve(const struct sockaddr_storage *to, struct neighbour *neighbour);

/* The interface's own. 0 or negative errno. */
int neighbour_own_mac(const char *ifname, uint8_t mac[ETH_ALEN]);

#endif
