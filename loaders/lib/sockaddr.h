/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TRIPATH_LOADERS_LIB_SOCKADDR_H
#define TRIPATH_LOADERS_LIB_SOCKADDR_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* The host's bytes of an IPv4 or IPv6 address, as they stand in a packet: 4 or 16.  Const as @addr is, as of strchr(). */
static inline void *sockaddr_host(const struct sockaddr_storage *addr, size_t *len)
{
	if (addr->ss_family == AF_INET) {
		*len = sizeof(struct in_addr);
		return (void *)&((const struct sockaddr_in *)addr)->sin_addr;
	}
	*len = sizeof(struct in6_addr);
	return (void *)&((const struct sockaddr_in6 *)addr)->sin6_addr;
}

/* Network byte order: sin_port and sin6_port stand at the same place. */
static inline in_port_t sockaddr_port(const struct sockaddr_storage *addr)
{
	return ((const struct sockaddr_in *)addr)->sin_port;
}

#endif
