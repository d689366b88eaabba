/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses as people type them. */
#ifndef TRIPATH_LOADERS_XSK_ADDRESS_H
#define TRIPATH_LOADERS_XSK_ADDRESS_H

#include <linux/if_ether.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* "10.0.0.1:7000" or "[fd00::1]:7000". */
bool address_parse(const char *text, struct sockaddr_storage *addr);

/* "02:00:00:00:00:01" */
bool address_parse_mac(const char *text, uint8_t mac[ETH_ALEN]);

#endif
