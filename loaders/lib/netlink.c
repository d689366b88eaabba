// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/netlink.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int netlink_ask(const struct nlmsghdr *request, union netlink_answer *answer)
{
	const struct nlmsgerr *error = NLMSG_DATA(&answer->header);
	ssize_t got;
	int fd, err = 0;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (send(fd, request, request->nlmsg_len, 0) != (ssize_t)request->nlmsg_len) {
		err = -errno;
		goto close_socket;
	}
	got = recv(fd, answer, sizeof(*answer), 0);
	if (got < (ssize_t)sizeof(answer->header) || answer->header.nlmsg_len > (size_t)got)
		err = got < 0 ? -errno : -EBADMSG;
	else if (answer->header.nlmsg_type == NLMSG_ERROR)
		err = error->error;
close_socket:
	close(fd);
	return err;
}

void netlink_put(struct nlmsghdr *request, unsigned short type, const void *data, size_t len)
{
	struct rtattr *attr = (void *)((char *)request + NLMSG_ALIGN(request->nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	request->nlmsg_len = NLMSG_ALIGN(request->nlmsg_len) + (uint32_t)RTA_ALIGN(attr->rta_len);
}

const void *netlink_get(const union netlink_answer *answer, size_t header_len, unsigned short type,
			size_t len)
{
	const struct rtattr *attr =
		(const void *)(answer->bytes + NLMSG_HDRLEN + NLMSG_ALIGN(header_len));
	int left = (int)answer->header.nlmsg_len - (int)(NLMSG_HDRLEN + NLMSG_ALIGN(header_len));

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if (attr->rta_type == type && RTA_PAYLOAD(attr) >= len)
			return RTA_DATA(attr);
	return NULL;
}
