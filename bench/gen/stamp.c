// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/stamp.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "bench/gen/clock.h"

int stamp_enable(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ? -errno : 0;
}

void stamp_note(struct histogram *delivery, struct msghdr *msg)
{
	struct timespec arrived, now;
	struct cmsghdr *c;
	int64_t ns;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		/* The stamp's clock is CLOCK_REALTIME, which may be set back in between. */
		clock_gettime(CLOCK_REALTIME, &now);
		memcpy(&arrived, CMSG_DATA(c), sizeof(arrived));
		ns = (int64_t)(now.tv_sec - arrived.tv_sec) * (int64_t)NS_PER_S + now.tv_nsec -
		     arrived.tv_nsec;
		histogram_add(delivery, ns > 0 ? (uint64_t)ns : 0);
	}
}
