// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/pins.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define PATH_SIZE 1024

/* Whether an entry of @dir, with @tail behind its name, is the namespace @inode. */
static bool held_in(const char *dir, const char *tail, uint64_t inode)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	bool held = false;
	struct stat st;
	DIR *entries;

	entries = opendir(dir);
	if (!entries)
		return false;
	while (!held && (entry = readdir(entries))) {
		snprintf(path, sizeof(path), "%s/%s%s", dir, entry->d_name, tail);
		held = !stat(path, &st) && st.st_ino == inode;
	}
	closedir(entries);
	return held;
}

static bool namespace_lives(uint64_t inode)
{
	return held_in("/run/netns", "", inode) || held_in("/proc", "/ns/net", inode);
}

/* Interfaces of the directory @path whose links/classifier is gone. */
static int sweep_namespace(const char *path, int (*gone)(int link_fd))
{
	char interface[PATH_SIZE], link[2 * PATH_SIZE];
	struct dirent *entry;
	int fd, count = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(interface, sizeof(interface), "%s/%s", path, entry->d_name);
		snprintf(link, sizeof(link), "%s/links/classifier", interface);
		fd = bpf_obj_get(link);
		if (fd < 0)
			continue;
		if (gone(fd) && !pins_remove_path(interface))
			count++;
		close(fd);
	}
	closedir(dir);
	if (count && rmdir(path) && errno != ENOTEMPTY)
		return -errno;
	return count;
}

int pins_sweep(int (*gone)(int link_fd))
{
	char path[PATH_SIZE / 2];
	struct dirent *entry;
	int count = 0, swept;
	uint64_t inode;
	DIR *dir;

	dir = opendir(PINS_ROOT);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "netns-", 6) != 0)
			continue;
		inode = strtoull(entry->d_name + 6, NULL, 10);
		if (namespace_lives(inode))
			continue;
		snprintf(path, sizeof(path), PINS_ROOT "/%s", entry->d_name);
		swept = sweep_namespace(path, gone);
		if (swept > 0)
			count += swept;
	}
	closedir(dir);
	return count;
}
