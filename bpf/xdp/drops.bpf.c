// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * drops: the frames that a redirect of ours lost, which no counter of the kernel tells apart by
 * queue.
 *
 * In:   the tracepoints of failed redirects and of cpumap queues, filtered by the ids of our maps.
 * Out:  nothing; it only counts.
 * Maps: redirect_drops.
 * Floor: Linux 5.5 (tp_btf).
 * Cost: drop_redirect fires on losses only; the two cpumap programs fire once per batch of a
 * cpumap.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "drops.h"

#define ENOMEM  12
#define ENOBUFS 105

const volatile struct drops_config cfg;

static __always_inline struct redirect_drops *row_of(__u32 index)
{
	if (index >= cfg.rows)
		index = cfg.rows - 1;
	return bpf_map_lookup_elem(&redirect_drops, &index);
}

SEC("tp_btf/xdp_redirect_err")
int BPF_PROG(drop_redirect, const struct net_device *dev, const struct bpf_prog *xdp,
	     const void *target, int err, enum bpf_map_type map_type, __u32 map_id, __u32 index)
{
	struct redirect_drops *row;

	if (map_id != cfg.xsks_id && map_id != cfg.cpus_id)
		return 0;
	row = row_of(index);
	if (!row)
		return 0;
	row->last_error = err;
	if (map_id == cfg.cpus_id)
		__sync_fetch_and_add(&row->cpumap_other, 1);
	else if (err == -ENOBUFS || err == -ENOMEM)
		__sync_fetch_and_add(&row->xsk_ring_full, 1);
	else
		__sync_fetch_and_add(&row->xsk_other, 1);
	return 0;
}

SEC("tp_btf/xdp_cpumap_enqueue")
int BPF_PROG(drop_cpu_queue, int map_id, unsigned int processed, unsigned int drops, int to_cpu)
{
	struct redirect_drops *row;

	if (!drops || (__u32)map_id != cfg.cpus_id)
		return 0;
	row = row_of((__u32)to_cpu);
	if (row)
		__sync_fetch_and_add(&row->cpumap_full, drops);
	return 0;
}

/* Frames that reached the other CPU and then found no memory for their skb. */
SEC("tp_btf/xdp_cpumap_kthread")
int BPF_PROG(drop_cpu_alloc, int map_id, unsigned int processed, unsigned int drops)
{
	struct redirect_drops *row;

	if (!drops || (__u32)map_id != cfg.cpus_id)
		return 0;
	row = row_of(bpf_get_smp_processor_id());
	if (row)
		__sync_fetch_and_add(&row->cpumap_other, drops);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
