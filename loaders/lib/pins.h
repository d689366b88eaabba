/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where what is attached to an interface lives in bpffs:
 *
 *	/sys/fs/bpf/tripath/<ifname>/			in the network namespace of process 1
 *	/sys/fs/bpf/tripath/netns-<inode>/<ifname>/	in any other
 *
 * with maps by name, links/ and progs/.  A `.` in an interface name, which bpffs refuses, is
 *written `:`, which no interface name has.  Every function works on the network namespace of the
 *calling thread and returns 0 or more, or a negative errno.
 */
#ifndef TRIPATH_LOADERS_LIB_PINS_H
#define TRIPATH_LOADERS_LIB_PINS_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maps/state.h"

#define PINS_BPFFS    "/sys/fs/bpf"
#define PINS_ROOT     PINS_BPFFS "/tripath"
#define PINS_PATH_MAX 160

/*
 * True where no bpffs is mounted and one mounted now would be private to this branch of processes: what
 * others pinned is out of sight, and what is pinned here would go away with the mount.
 */
bool pins_hidden(void);

/* Mounts bpffs on PINS_BPFFS where nothing did, and makes PINS_ROOT. Needs root, and not pins_hidden(). */
int pins_mount(void);

/*
 * pins_lock.c: the lock of what makes and removes directories, which are found, moved and swept across interfaces and
 * namespaces: attach and detach.  Held until the returned descriptor is closed; waits for it.
 */
int pins_lock(void);

/*
 * The lock of what is pinned in one interface's directory, @dir.  Who only changes what is in the maps, as
 * reload does, needs this one alone and does not wait while another interface is attached; attach and detach
 * take it after pins_lock().  Nobody may wait for pins_lock() while holding it.  -ENOENT: there is no such
 * directory, or not any longer when its lock was had.
 */
int pins_lock_dir(const char *dir);
int pins_lock_interface(const char *ifname);

/* Inode of the network namespace; a struct attach_state carries it. */
int pins_netns_inode(uint64_t *inode);

/* Directory of this namespace's interfaces. */
int pins_base(char *path, size_t size);

/* Directory of @ifname; it need not exist. -EINVAL where @ifname cannot be an interface's name. */
int pins_dir(const char *ifname, char *path, size_t size);

/* Path of @name in @ifname's directory, e.g. "xsks" or "links/classifier". */
int pins_path(const char *ifname, const char *name, char *path, size_t size);

/* Descriptor of the pinned map, program or link @name of @ifname; -ENOENT where there is none. */
int pins_open(const char *ifname, const char *name);

/*
 * What attach recorded about @ifname.  -ENOENT: nothing is pinned.  -EPROTO: it was attached by a
 * tool of another ABI; only @state->abi is filled then.  -EUCLEAN: leftovers of an attach that was
 * killed before it recorded anything.
 */
int pins_state(const char *ifname, struct attach_state *state);

/* Names of the interfaces that have a directory in this namespace, sorted; free each and the array.
 */
int pins_list(char ***names, size_t *count);
void pins_list_free(char **names, size_t count);

/* Makes @ifname's directory with links/ and progs/. -EEXIST where it is there. */
int pins_create(const char *ifname);

/* Removes all of @ifname's directory, links first, and the namespace's directory once it is empty.
 */
int pins_remove(const char *ifname);

/* Removes the directory @path of PINS_ROOT with all in it; 0 where it is not there. */
int pins_remove_path(const char *path);

/*
 * pins_sweep.c: calls @visit with the directory of every interface of every network namespace but the
 * caller's, until it returns other than 0; that is returned, else 0 or a negative errno.
 */
int pins_walk_others(int (*visit)(const char *dir, void *data), void *data);

/*
 * pins_sweep.c: removes what is pinned for interfaces of network namespaces that are gone, which is what
 * no process and no name in /run/netns holds, and where @gone agrees about the pinned link.  Returns
 * of how many interfaces, or a negative errno.
 */
int pins_sweep(int (*gone)(int link_fd));

#endif
