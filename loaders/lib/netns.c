// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int walk(const char *dir, const char *tail, netns_visit *visit, void *data)
{
	char path[NETNS_PATH_MAX];
	struct dirent *entry;
	struct stat st;
	DIR *entries;
	int ret = 0;

	entries = opendir(dir);
	if (!entries)
		return 0;
	while (!ret && (entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s%s", dir, entry->d_name, tail) <
			    (int)sizeof(path) &&
		    !stat(path, &st))
			ret = visit(path, st.st_ino, data);
	}
	closedir(entries);
	return ret;
}

int netns_walk(netns_visit *visit, void *data)
{
	int ret = walk("/run/netns", "", visit, data);

	return ret ? ret : walk("/proc", "/ns/net", visit, data);
}

int netns_run(const char *path, int (*step)(void *data), void *data)
{
	int own, other, ret;

	if (!*path)
		return step(data);
	own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return -errno;
	other = open(path, O_RDONLY | O_CLOEXEC);
	if (other < 0 || setns(other, CLONE_NEWNET)) {
		ret = -errno;
		goto close_both;
	}
	ret = step(data);
	/* To go on would be to act on another namespace's interfaces. */
	if (setns(own, CLONE_NEWNET))
		abort();
close_both:
	if (other >= 0)
		close(other);
	close(own);
	return ret;
}
