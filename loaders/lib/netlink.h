/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One question to rtnetlink, one answer: what this needs of it. */
#ifndef TRIPATH_LOADERS_LIB_NETLINK_H
#define TRIPATH_LOADERS_LIB_NETLINK_H

#include <linux/rtnetlink.h>
#include <stddef.h>

/* An answer; on the stack, and large enough for what RTM_NEWLINK says of any driver. */
union netlink_answer {
	struct nlmsghdr header;
	char bytes[32 * 1024];
};

/*
 * Sends @request in the calling thread's network namespace and waits for what the kernel says of it.  0 or
 * negative errno, be it of the socket or of the kernel's answer.
 */
int netlink_ask(const struct nlmsghdr *request, union netlink_answer *answer);

/* Appends an attribute; @request must have room. */
void netlink_put(struct nlmsghdr *request, unsigned short type, const void *data, size_t len);

/* The attribute @type behind @header_len bytes of family header, at least @len bytes long; or NULL. */
const void *netlink_get(const union netlink_answer *answer, size_t header_len, unsigned short type,
			size_t len);

#endif
