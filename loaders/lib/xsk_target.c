// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loaders/lib/xsk_target.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "loaders/lib/msg.h"
#include "loaders/lib/pins.h"
#include "loaders/lib/sink_owner.h"

#define NS_PER_S 1000000000ULL
#define GRACE_NS 50000000L

static int check_state(struct target *t)
{
	int err = pins_state(t->ifname, &t->state);

	switch (err) {
	case 0:
		break;
	case -ENOENT:
		return err;
	case -EPROTO:
		msg_error("%s was attached by a tool of ABI %u, this one has %u: detach it with "
			  "that tool, "
			  "then: tp-load attach %s",
			  t->ifname, t->state.abi, TP_ABI, t->ifname);
		return err;
	case -EUCLEAN:
		msg_error("an attach to %s was interrupted: tp-load detach %s; tp-load attach %s",
			  t->ifname, t->ifname, t->ifname);
		return err;
	default:
		msg_error("cannot read what is attached to %s: %s", t->ifname, strerror(-err));
		return err;
	}
	if (t->state.ifindex != if_nametoindex(t->ifname)) {
		msg_error("%s is another interface than the one that was attached: tp-load detach "
			  "%s; "
			  "tp-load attach %s",
			  t->ifname, t->ifname, t->ifname);
		return -ESTALE;
	}
	return 0;
}

/* A pin that is not what it should be is somebody else's, or of another version. */
static int open_map(const struct target *t, const char *name, uint32_t type, uint32_t value_size,
		    struct bpf_map_info *info)
{
	uint32_t len = sizeof(*info);
	int fd = pins_open(t->ifname, name), err;

	if (fd < 0) {
		msg_error("cannot open map %s of %s: %s", name, t->ifname, strerror(-fd));
		return fd;
	}
	memset(info, 0, sizeof(*info));
	err = bpf_obj_get_info_by_fd(fd, info, &len);
	if (!err && info->type == type && info->value_size == value_size)
		return fd;
	msg_error("map %s of %s is not of this version: tp-load detach %s; tp-load attach %s", name,
		  t->ifname, t->ifname, t->ifname);
	close(fd);
	return err ? err : -EPROTO;
}

int target_open(struct target *t, const char *ifname)
{
	struct bpf_map_info info;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int err;

	*t = (struct target){};
	snprintf(t->ifname, sizeof(t->ifname), "%s", ifname);
	err = check_state(t);
	if (err)
		return err;
	t->xsks_fd = open_map(t, "xsks", BPF_MAP_TYPE_XSKMAP, sizeof(int), &info);
	if (t->xsks_fd < 0)
		return t->xsks_fd;
	t->xsks_id = info.id;
	t->queues = info.max_entries;
	if (t->state.config.queues && t->state.config.queues < t->queues)
		t->queues = t->state.config.queues;
	t->rows_fd = open_map(t, "xsk_heartbeat", BPF_MAP_TYPE_ARRAY, sizeof(struct xsk_heartbeat),
			      &info);
	if (t->rows_fd < 0) {
		err = t->rows_fd;
		goto close_xsks;
	}
	if (info.max_entries < t->queues)
		t->queues = info.max_entries;
	t->rows_len = (info.max_entries * sizeof(struct xsk_heartbeat) + page - 1) / page * page;
	t->rows = mmap(NULL, t->rows_len, PROT_READ | PROT_WRITE, MAP_SHARED, t->rows_fd, 0);
	if (t->rows == MAP_FAILED) {
		err = -errno;
		msg_error("cannot map the heartbeats of %s: %s", ifname, strerror(errno));
		goto close_rows;
	}
	return 0;

close_rows:
	close(t->rows_fd);
close_xsks:
	close(t->xsks_fd);
	return err;
}

void target_close(struct target *t)
{
	munmap(t->rows, t->rows_len);
	close(t->rows_fd);
	close(t->xsks_fd);
}

uint64_t target_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint32_t target_owner(const struct target *t, uint32_t queue)
{
	return __atomic_load_n(&t->rows[queue].pid, __ATOMIC_RELAXED);
}

int target_check_free(const struct target *t, uint32_t queue)
{
	uint64_t beat = __atomic_load_n(&t->rows[queue].beat_ns, __ATOMIC_ACQUIRE);
	uint32_t pid = target_owner(t, queue);
	uint64_t now_ns = target_clock_ns();

	if (!beat || (now_ns > beat && now_ns - beat > t->state.config.stall_ns))
		return 0;
	if (sink_owner_gone(&t->rows[queue]))
		return 0;
	msg_error(
		"queue %u of %s already feeds process %u: end it (kill %u) or take another --queue",
		queue, t->ifname, pid, pid);
	return -EBUSY;
}

int target_publish(struct target *t, uint32_t queue, int xsk_fd, uint32_t flags)
{
	struct xsk_heartbeat *row = &t->rows[queue];

	/* What a dead owner left must not speak for this socket. */
	target_beat(t, queue, 0);
	sink_owner_set(row);
	__atomic_store_n(&row->flags, flags, __ATOMIC_RELEASE);
	return bpf_map_update_elem(t->xsks_fd, &queue, &xsk_fd, BPF_ANY) ? -errno : 0;
}

void target_retire(struct target *t, uint32_t queue)
{
	target_beat(t, queue, 0);
	/* Gone already if the interface is. */
	bpf_map_delete_elem(t->xsks_fd, &queue);
	__atomic_store_n(&t->rows[queue].flags, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->rows[queue].pid, 0, __ATOMIC_RELAXED);
}

void target_settle(void)
{
	const struct timespec grace = {.tv_nsec = GRACE_NS};

	/* Refused where CPUs run without ticks (nohz_full): then wait longer than a softirq runs. */
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&grace, NULL);
}

bool target_attached(const struct target *t)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	int fd = pins_open(t->ifname, "xsks");
	bool same;

	if (fd < 0)
		return false;
	same = !bpf_obj_get_info_by_fd(fd, &info, &len) && info.id == t->xsks_id;
	close(fd);
	return same;
}
