/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet that `explain` asks about, from the words of the command line. */
#ifndef TRIPATH_LOADERS_LOAD_QUESTION_H
#define TRIPATH_LOADERS_LOAD_QUESTION_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>

#define QUESTION_FRAME_MAX 128

struct endpoint {
	int family; /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} addr;
	uint16_t port; /* host byte order */
};

struct question {
	const char *ifname;
	const char *src_text;
	const char *dst_text;
	struct endpoint src;
	struct endpoint dst;
	int vlan; /* 0: no tag */
	uint32_t queue;
	uint8_t dscp;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	bool json;
};

/* "10.0.0.1:5000" or "[2001:db8::1]:5000"; false where it is neither. */
bool endpoint_parse(const char *text, struct endpoint *endpoint);

/* Writes the frame, at most QUESTION_FRAME_MAX bytes, and returns its length. */
uint32_t question_frame(const struct question *question, uint8_t *frame);

#endif
