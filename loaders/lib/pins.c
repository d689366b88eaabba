// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

/* Depth of a pin directory: <ifname>/{links,progs}/<name>. */
#define REMOVE_DEPTH 2

static int make_dir(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	return 0;
}

/* The parent of @pid; 0 at the end of the line. */
static int parent_of(int pid)
{
	char path[32];
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(f);
	return parent;
}

/*
 * Whether what is mounted here goes away with this process's own branch, as under `ip netns exec`: some
 * ancestor lives in another mount namespace.
 */
static bool mounts_are_private(void)
{
	struct stat own, other;
	char path[32];
	int pid;

	if (stat("/proc/self/ns/mnt", &own))
		return false;
	for (pid = getppid(); pid > 0; pid = parent_of(pid)) {
		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
		if (!stat(path, &other) && other.st_ino != own.st_ino)
			return true;
	}
	return false;
}

static bool is_bpffs(const struct statfs *fs)
{
	return (unsigned long)fs->f_type == BPF_FS_MAGIC;
}

bool pins_hidden(void)
{
	struct statfs fs;

	return (statfs(PINS_BPFFS, &fs) || !is_bpffs(&fs)) && mounts_are_private();
}

int pins_mount(void)
{
	struct statfs fs;

	if (statfs(PINS_BPFFS, &fs))
		return -errno;
	if (!is_bpffs(&fs) && mount("bpf", PINS_BPFFS, "bpf", 0, "mode=0700"))
		return -errno;
	return make_dir(PINS_ROOT);
}

int pins_netns_inode(uint64_t *inode)
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st))
		return -errno;
	*inode = st.st_ino;
	return 0;
}

static int print_path(char *path, size_t size, int printed)
{
	if (printed < 0 || (size_t)printed >= size) {
		path[0] = '\0';
		return -ENAMETOOLONG;
	}
	return 0;
}

/*
 * Process 1 may be out of sight, as in a sandbox; then the kernel's first namespace counts, which alone
 * has the sysctl of the receive softirq's budget.
 */
static bool is_main_netns(uint64_t inode)
{
	struct stat init;

	if (!stat("/proc/1/ns/net", &init))
		return inode == init.st_ino;
	return !access("/proc/sys/net/core/netdev_budget", F_OK);
}

int pins_base(char *path, size_t size)
{
	uint64_t inode = 0;
	int err;

	err = pins_netns_inode(&inode);
	if (err)
		return err;
	/* Ten digits: longer than an interface name can be, so it is never taken for one. */
	if (!is_main_netns(inode))
		return print_path(path, size,
				  snprintf(path, size, PINS_ROOT "/netns-%010llu",
					   (unsigned long long)inode));
	return print_path(path, size, snprintf(path, size, PINS_ROOT));
}

int pins_dir(const char *ifname, char *path, size_t size)
{
	size_t len = strlen(ifname);
	size_t base, i;
	int err;

	if (len == 0 || len >= IFNAMSIZ || strpbrk(ifname, "/:") || !strcmp(ifname, ".") ||
	    !strcmp(ifname, ".."))
		return -EINVAL;
	err = pins_base(path, size);
	if (err)
		return err;
	base = strlen(path);
	if (base + 1 + len >= size)
		return -ENAMETOOLONG;
	path[base] = '/';
	for (i = 0; i <= len; i++)
		path[base + 1 + i] = ifname[i] == '.' ? ':' : ifname[i];
	return 0;
}

int pins_path(const char *ifname, const char *name, char *path, size_t size)
{
	size_t used;
	int err;

	err = pins_dir(ifname, path, size);
	if (err)
		return err;
	used = strlen(path);
	return print_path(path + used, size - used,
			  snprintf(path + used, size - used, "/%s", name));
}

int pins_open(const char *ifname, const char *name)
{
	char path[PINS_PATH_MAX];
	int fd, err;

	err = pins_path(ifname, name, path, sizeof(path));
	if (err)
		return err;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pins_state(const char *ifname, struct attach_state *state)
{
	struct bpf_map_info info = {};
	char path[PINS_PATH_MAX];
	uint32_t size = sizeof(info), key = 0;
	int fd, err;
	void *value;

	memset(state, 0, sizeof(*state));
	fd = pins_open(ifname, "state");
	if (fd < 0) {
		if (fd != -ENOENT || pins_dir(ifname, path, sizeof(path)))
			return fd;
		return access(path, F_OK) ? -ENOENT : -EUCLEAN;
	}
	if (bpf_obj_get_info_by_fd(fd, &info, &size)) {
		err = -errno;
		goto close_map;
	}
	/* Another version's state may be of another size: ask the map, not our header. */
	value = calloc(1, info.value_size < sizeof(*state) ? sizeof(*state) : info.value_size);
	if (!value) {
		err = -ENOMEM;
		goto close_map;
	}
	if (bpf_map_lookup_elem(fd, &key, value)) {
		err = -errno;
		goto free_value;
	}
	memcpy(&state->abi, value, sizeof(state->abi));
	if (state->abi == 0) {
		err = -EUCLEAN;
		goto free_value;
	}
	if (state->abi != TP_ABI || info.value_size != sizeof(*state)) {
		err = -EPROTO;
		goto free_value;
	}
	memcpy(state, value, sizeof(*state));
	err = 0;
free_value:
	free(value);
close_map:
	close(fd);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void pins_list_free(char **names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

int pins_list(char ***names, size_t *count)
{
	char path[PINS_PATH_MAX], **list = NULL, **grown;
	struct dirent *entry;
	size_t n = 0;
	char *c;
	DIR *dir;
	int err;

	*names = NULL;
	*count = 0;
	err = pins_base(path, sizeof(path));
	if (err)
		return err;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    strlen(entry->d_name) >= IFNAMSIZ)
			continue;
		grown = reallocarray(list, n + 1, sizeof(*list));
		if (!grown)
			goto free_list;
		list = grown;
		list[n] = strdup(entry->d_name);
		if (!list[n])
			goto free_list;
		for (c = list[n]; *c; c++)
			if (*c == ':')
				*c = '.';
		n++;
	}
	closedir(dir);
	if (n)
		qsort(list, n, sizeof(*list), by_name);
	*names = list;
	*count = n;
	return 0;
free_list:
	pins_list_free(list, n);
	closedir(dir);
	return -ENOMEM;
}

int pins_create(const char *ifname)
{
	char path[PINS_PATH_MAX];
	int err;

	err = pins_base(path, sizeof(path));
	if (!err)
		err = make_dir(path);
	if (!err)
		err = pins_dir(ifname, path, sizeof(path));
	if (err)
		return err;
	if (mkdir(path, 0700))
		return -errno;
	err = pins_path(ifname, "links", path, sizeof(path));
	if (!err)
		err = make_dir(path);
	if (!err)
		err = pins_path(ifname, "progs", path, sizeof(path));
	if (!err)
		err = make_dir(path);
	return err;
}

/* Removes the directory @name of @parent with all in it; bpffs holds nothing but pins and
 * directories. */
static int remove_tree(int parent, const char *name, int depth)
{
	struct dirent *entry;
	int fd, err = 0;
	DIR *dir;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	while (!err && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (entry->d_type == DT_DIR && depth > 0)
			err = remove_tree(fd, entry->d_name, depth - 1);
		else if (unlinkat(fd, entry->d_name, 0))
			err = -errno;
	}
	closedir(dir);
	if (!err && unlinkat(parent, name, AT_REMOVEDIR))
		err = -errno;
	return err;
}

int pins_remove_path(const char *path)
{
	return remove_tree(AT_FDCWD, path, REMOVE_DEPTH);
}

int pins_remove(const char *ifname)
{
	char path[PINS_PATH_MAX];
	int err;

	/* Links first: they run programs, which must not outlive the maps' names. */
	err = pins_path(ifname, "links", path, sizeof(path));
	if (!err)
		err = pins_remove_path(path);
	if (!err)
		err = pins_dir(ifname, path, sizeof(path));
	if (!err)
		err = pins_remove_path(path);
	if (err)
		return err;
	err = pins_base(path, sizeof(path));
	if (!err && strcmp(path, PINS_ROOT) != 0 && rmdir(path) && errno != ENOTEMPTY &&
	    errno != ENOENT)
		err = -errno;
	return err;
}
