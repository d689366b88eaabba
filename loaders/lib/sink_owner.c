// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/sink_owner.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Inode of the pid namespace that numbers this process; 0 where it cannot be told. */
static uint32_t own_pid_namespace(void)
{
	struct stat ns;

	return stat("/proc/self/ns/pid", &ns) ? 0 : (uint32_t)ns.st_ino;
}

void sink_owner_set(struct xsk_heartbeat *row)
{
	__atomic_store_n(&row->pid_ns, own_pid_namespace(), __ATOMIC_RELAXED);
	__atomic_store_n(&row->pid, (uint32_t)getpid(), __ATOMIC_RELEASE);
}

/* Also of one that ended and whose parent has not asked how: it holds no socket any longer. */
static bool has_ended(uint32_t pid)
{
	struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	bool yes;

	if (ended.fd < 0)
		return errno == ESRCH;
	yes = poll(&ended, 1, 0) == 1;
	close(ended.fd);
	return yes;
}

bool sink_owner_gone(const struct xsk_heartbeat *row)
{
	uint32_t pid = __atomic_load_n(&row->pid, __ATOMIC_ACQUIRE);
	uint32_t pid_ns = __atomic_load_n(&row->pid_ns, __ATOMIC_RELAXED);

	if (!pid || !pid_ns || pid_ns != own_pid_namespace())
		return false;
	return has_ended(pid);
}
