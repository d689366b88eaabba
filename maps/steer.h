/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where packets can be steered to: the AF_XDP socket of each queue with its owner's heartbeat, and
 * the CPUs of the cpumap.
 */
#ifndef TRIPATH_MAPS_STEER_H
#define TRIPATH_MAPS_STEER_H

#include "types.h"

#define TP_XSK_STALL_NS 10000000ULL /* a sink that has not beaten for this long gets no packets */
#define TP_XSK_BEAT_NS  2000000ULL  /* a sink beats at least this often, busy or idle */
#define TP_MAX_CPUS     1024        /* CPU numbers that a policy may name */

#define TP_SINK_FORWARDS (1U << 0) /* the sink forwards frames, so it may be given TCP */

/*
 * Map xsk_heartbeat: mmapable array, key = receive queue.  The owner of the queue's AF_XDP socket
 * stores the time of its latest turn through its loop; CLOCK_MONOTONIC_COARSE, in ns, because that
 * is the clock that BPF reads without touching the time-stamp counter.  0: no owner.
 */
struct xsk_heartbeat {
	__u64 beat_ns;
	__u32 flags; /* TP_SINK_* */
	__u32 pid;   /* of the owner, in the pid namespace of inode pid_ns */
	__u32 pid_ns;
	__u32 pad;
	__u64 clock; /* the classifier's: when it read the clock last for this row; TP_CLOCK() */
	__u64 pad2[4];
} __attribute__((aligned(TP_CACHE_LINE)));

_Static_assert(sizeof(struct xsk_heartbeat) == TP_CACHE_LINE, "rows must not share a line");

/*
 * A reading of the coarse clock and the tick (low bits of jiffies) in which it was taken, in one word, so
 * that no CPU sees the one without the other.  Steps of 2^20 ns, about a millisecond.
 */
#define TP_CLOCK_TICK_BITS  24
#define TP_CLOCK_SHIFT      20
#define TP_CLOCK_TICK(tick) ((__u64)(tick) & ((1U << TP_CLOCK_TICK_BITS) - 1))
#define TP_CLOCK(tick, ns)                                                                         \
	((__u64)(ns) >> TP_CLOCK_SHIFT << TP_CLOCK_TICK_BITS | TP_CLOCK_TICK(tick))
#define TP_CLOCK_NS(clock) ((__u64)(clock) >> TP_CLOCK_TICK_BITS << TP_CLOCK_SHIFT)

/*
 * XDP metadata of a frame that is redirected to an AF_XDP socket, right before its first byte, where
 * tp-load attach --stamp was given.  The reader wipes the magic number: a frame is used again.
 */
struct xsk_stamp {
	__u64 magic;      /* TP_XSK_STAMP_MAGIC */
	__u64 arrival_ns; /* CLOCK_MONOTONIC, when the classifier had decided */
};

#define TP_XSK_STAMP_MAGIC 0x706d617473707401ULL

_Static_assert(sizeof(struct xsk_stamp) % 4 == 0 && sizeof(struct xsk_stamp) <= 32,
	       "what bpf_xdp_adjust_meta takes");

#ifdef __bpf__
/* max_entries is set before load: receive queues for the first two, possible CPUs for cpus. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xsk_heartbeat);
} xsk_heartbeat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");
#endif

#endif
