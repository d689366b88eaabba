/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arrival stamps of the kernel's sockets: how long a message waited before the program had it. */
#ifndef TRIPATH_BENCH_STAMP_H
#define TRIPATH_BENCH_STAMP_H

#include <sys/socket.h>

#include "bench/histogram.h"

#define STAMP_CONTROL 64                       /* bytes of control data that a stamp takes */
#define STAMP_ALIGNED _Alignas(struct cmsghdr) /* of the buffer for it */

/* SO_TIMESTAMPNS: the software stamp that a frame got when it entered the stack. 0 or negative errno. */
int stamp_enable(int fd);

/* Adds the time from the stamp in @msg's control data until now to @delivery, in ns; nothing without one. */
void stamp_note(struct histogram *delivery, struct msghdr *msg);

#endif
