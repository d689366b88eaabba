// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "tripath-bench-"

/* Where the unified hierarchy is mounted; false where it is not. */
static bool mount_point(char *path, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[PATH_MAX + 256];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *at, *rest = line;

		if (!strstr(line, " - cgroup2 "))
			continue;
		for (int field = 0; field < 4; field++)
			strsep(&rest, " ");
		at = strsep(&rest, " ");
		found = at && (size_t)snprintf(path, size, "%s", at) < size;
	}
	if (f)
		fclose(f);
	return found;
}

/* Below the mount point; "" at its root. */
static bool current(char *path, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		found = (size_t)snprintf(path, size, "%s", strcmp(line + 3, "/") ? line + 3 : "") <
			size;
	}
	if (f)
		fclose(f);
	return found;
}

static int move_to(const char *cgroup)
{
	char path[PATH_MAX + 16];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* Removes what processes that were killed have left.  A cgroup with a process in it cannot be removed. */
static void sweep(const char *parent)
{
	DIR *dir = opendir(parent);
	const struct dirent *entry;
	char path[2 * PATH_MAX];
	int pid;

	while (dir && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, PREFIX "%d-", &pid) != 1 || !kill(pid, 0))
			continue;
		snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
}

void cgroup_join(struct cgroup *g, const char *role)
{
	char mount[PATH_MAX / 2], below[PATH_MAX / 4];
	int err = 0;

	memset(g, 0, sizeof(*g));
	if (!mount_point(mount, sizeof(mount)) || !current(below, sizeof(below))) {
		snprintf(g->why, sizeof(g->why), "no cgroup version 2 is mounted");
		return;
	}
	snprintf(g->before, sizeof(g->before), "%s%s", mount, below);
	sweep(g->before);
	snprintf(g->path, sizeof(g->path), "%s%s/" PREFIX "%d-%s", mount, below, getpid(), role);
	if (mkdir(g->path, 0755)) {
		snprintf(g->why, sizeof(g->why), "no cgroup can be made: %s", strerror(errno));
		return;
	}
	err = move_to(g->path);
	if (err) {
		snprintf(g->why, sizeof(g->why), "a cgroup cannot be joined: %s", strerror(-err));
		rmdir(g->path);
		return;
	}
	g->joined = true;
}

int64_t cgroup_cpu_us(const struct cgroup *g)
{
	char path[PATH_MAX + 16], text[64];
	int64_t us = -1;
	FILE *f;

	if (!g->joined)
		return -1;
	snprintf(path, sizeof(path), "%s/cpu.stat", g->path);
	f = fopen(path, "re");
	while (f && us < 0 && fgets(text, sizeof(text), f))
		if (!strncmp(text, "usage_usec ", 11))
			us = strtoll(text + 11, NULL, 10);
	if (f)
		fclose(f);
	return us;
}

void cgroup_leave(struct cgroup *g)
{
	if (!g->joined)
		return;
	g->joined = false;
	move_to(g->before);
	rmdir(g->path);
}
