/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network namespaces other than the caller's: which there are, and what one of them would answer. */
#ifndef TRIPATH_LOADERS_LIB_NETNS_H
#define TRIPATH_LOADERS_LIB_NETNS_H

#include <stdint.h>

#define NETNS_PATH_MAX 280 /* of what netns_walk() visits */

/*
 * Calls @visit with every network namespace that has a name in /run/netns or a process in it, as a path to
 * enter it by and its inode, until @visit returns other than 0; that is returned, else 0.  One namespace may
 * be visited several times, names first.
 */
typedef int netns_visit(const char *path, uint64_t inode, void *data);
int netns_walk(netns_visit *visit, void *data);

/*
 * What @step returns, run in the network namespace at @path; in the caller's where @path is empty.  -errno
 * where it cannot be entered.  Only for a program of one thread.
 */
int netns_run(const char *path, int (*step)(void *data), void *data);

#endif
