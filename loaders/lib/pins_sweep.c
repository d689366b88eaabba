// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/pins.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "loaders/lib/netns.h"

#define PATH_SIZE 1024

/* Such a name is longer than an interface's can be. */
static bool is_namespace(const char *name)
{
	return !strncmp(name, "netns-", 6) && strlen(name) >= IFNAMSIZ;
}

static int is_inode(const char *path, uint64_t inode, void *data)
{
	return inode == *(uint64_t *)data;
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
		if (!is_namespace(entry->d_name))
			continue;
		inode = strtoull(entry->d_name + 6, NULL, 10);
		if (netns_walk(is_inode, &inode))
			continue;
		snprintf(path, sizeof(path), PINS_ROOT "/%s", entry->d_name);
		swept = sweep_namespace(path, gone);
		if (swept > 0)
			count += swept;
	}
	closedir(dir);
	return count;
}

static int walk_dir(const char *base, bool main, int (*visit)(const char *dir, void *data),
		    void *data)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = opendir(base);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || (main && is_namespace(entry->d_name)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);
		ret = visit(path, data);
	}
	closedir(dir);
	return ret;
}

int pins_walk_others(int (*visit)(const char *dir, void *data), void *data)
{
	char own[PINS_PATH_MAX], path[PATH_SIZE];
	struct dirent *entry;
	DIR *dir;
	int ret;

	ret = pins_base(own, sizeof(own));
	if (!ret && strcmp(own, PINS_ROOT) != 0)
		ret = walk_dir(PINS_ROOT, true, visit, data);
	if (ret)
		return ret;
	dir = opendir(PINS_ROOT);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), PINS_ROOT "/%s", entry->d_name);
		if (is_namespace(entry->d_name) && strcmp(path, own) != 0)
			ret = walk_dir(path, false, visit, data);
	}
	closedir(dir);
	return ret;
}
