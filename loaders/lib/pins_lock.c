// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/pins.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int lock(const char *path)
{
	int fd, err;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int pins_lock(void)
{
	return lock(PINS_ROOT);
}

int pins_lock_dir(const char *dir)
{
	struct stat held, there;
	int fd, err;

	for (;;) {
		fd = lock(dir);
		if (fd < 0)
			return fd;
		if (fstat(fd, &held) || stat(dir, &there))
			err = -errno;
		else if (held.st_ino == there.st_ino)
			return fd;
		else
			err = 0; /* detached and attached again while we waited */
		close(fd);
		if (err)
			return err;
	}
}

int pins_lock_interface(const char *ifname)
{
	char path[PINS_PATH_MAX];
	int err;

	err = pins_dir(ifname, path, sizeof(path));
	return err ? err : pins_lock_dir(path);
}
