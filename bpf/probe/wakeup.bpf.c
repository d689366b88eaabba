// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * wakeup: how long a woken task waits for a CPU, by its name, and whether it runs where it was woken
 * and where its queue is polled.
 *
 * In:   the tracepoints of wakeup and switch; of NAPI polls where an interface is configured.
 * Out:  nothing; it only counts.
 * Maps: wakeup_rows, wakeup_cpus, wakeup_polls, wakeup_names, probe_tasks.
 * Floor: Linux 5.18 (prev_state of sched_switch).
 * Cost: 129 ns an event of a task that is counted, 54 of which an empty program counts as too
 * (results/trace.json).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "probe_wakeup.h"
#include "hist.bpf.h"
#include "task.bpf.h"

const volatile struct wakeup_config cfg;

__u32 names_used = 1; /* slot 0 has no name */
__u32 last_polled = TP_NO_CPU;

static __always_inline struct wakeup_row *row_of(__u32 cpu, __u32 slot)
{
	__u32 index = cpu * TP_WAKEUP_NAMES + slot;

	return bpf_map_lookup_elem(&wakeup_rows, &index);
}

/* The slot of a name that was never met, as long as there are any. */
static __noinline __u32 slot_of(struct tp_comm *comm)
{
	__u32 *slot, new;

	if (!comm)
		return TP_WAKEUP_OTHERS;
	slot = bpf_map_lookup_elem(&wakeup_names, comm);
	if (slot)
		return *slot;
	if (cfg.listed)
		return TP_WAKEUP_IGNORED;
	if (names_used >= TP_WAKEUP_NAMES)
		return TP_WAKEUP_OTHERS;
	new = __sync_fetch_and_add(&names_used, 1);
	if (new >= TP_WAKEUP_NAMES)
		return TP_WAKEUP_OTHERS;
	if (bpf_map_update_elem(&wakeup_names, comm, &new, BPF_NOEXIST)) {
		/* Another CPU met the name at the same time; the slot that was drawn stays empty. */
		slot = bpf_map_lookup_elem(&wakeup_names, comm);
		return slot ? *slot : TP_WAKEUP_OTHERS;
	}
	return new;
}

/* Rare: the first wakeup of a task, of one that changed its name, or of one whose row was taken. */
static __always_inline void learn(struct probe_task *row, const struct task_struct *task, __u32 cpu)
{
	struct tp_comm comm = comm_of(task);
	struct wakeup_row *own;

	if (row->since_ns && row->pid != (__u32)task->pid && row->slot < TP_WAKEUP_NAMES) {
		own = row_of(cpu, row->slot);
		if (own)
			own->lost++;
	}
	row->since_ns = 0;
	row->pid = task->pid;
	row->comm = comm;
	row->slot = cfg.tgid && cfg.tgid != (__u32)task->tgid ? TP_WAKEUP_IGNORED : slot_of(&comm);
}

static __always_inline __u16 queue_cpu(__u32 cpu)
{
	struct wakeup_polls *polls = bpf_map_lookup_elem(&wakeup_polls, &cpu);

	if (polls && polls->last_jiffies &&
	    bpf_jiffies64() - polls->last_jiffies <= TP_QUEUE_JIFFIES)
		return cpu;
	return last_polled;
}

static __always_inline int woken(const struct task_struct *task)
{
	struct probe_task *row = task_row(&probe_tasks, task->pid, cfg.task_mask);
	__u32 cpu = bpf_get_smp_processor_id();
	struct wakeup_row *own;

	if (!row)
		return 0;
	if (row->pid != (__u32)task->pid || !has_comm(task, &row->comm))
		learn(row, task, cpu);
	if (row->slot >= TP_WAKEUP_NAMES)
		return 0;
	own = row_of(cpu, row->slot);
	if (!own)
		return 0;
	own->wakes++;
	row->waker_cpu = cpu;
	row->queue_cpu = cfg.ifindex ? queue_cpu(cpu) : TP_NO_CPU;
	row->since_ns = bpf_ktime_get_ns();
	return 0;
}

/* sched_waking and not sched_wakeup: it fires where the waker is, before the other CPU was reached. */
SEC("tp_btf/sched_waking")
int BPF_PROG(wakeup_waking, struct task_struct *task)
{
	return woken(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(wakeup_new, struct task_struct *task)
{
	return woken(task);
}

/* A task that is woken before it sleeps goes on running; what it waits for later is no wakeup's. */
static __always_inline void forget(const struct task_struct *task)
{
	struct probe_task *row = task_row(&probe_tasks, task->pid, cfg.task_mask);

	if (row && row->since_ns && row->pid == (__u32)task->pid)
		row->since_ns = 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(wakeup_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	__u32 cpu = bpf_get_smp_processor_id(), cell;
	struct probe_task *row;
	struct wakeup_row *own;
	__u64 *ran;

	if ((preempt || !prev_state) && prev->pid)
		forget(prev);
	if (!next->pid)
		return 0;
	row = task_row(&probe_tasks, next->pid, cfg.task_mask);
	if (!row || !row->since_ns || row->pid != (__u32)next->pid)
		return 0;
	cell = cpu * cfg.cpus + row->waker_cpu;
	own = row_of(cpu, row->slot);
	ran = bpf_map_lookup_elem(&wakeup_cpus, &cell);
	if (!own || !ran)
		return 0;
	hist_add(&own->wait_ns, &own->wait, bpf_ktime_get_ns() - row->since_ns);
	row->since_ns = 0;
	++*ran;
	if (row->waker_cpu == cpu)
		own->on_waker_cpu++;
	if (!cfg.ifindex || row->queue_cpu == TP_NO_CPU)
		return 0;
	if (row->queue_cpu == cpu)
		own->on_queue_cpu++;
	else
		own->off_queue_cpu++;
	return 0;
}

SEC("tp_btf/napi_poll")
int BPF_PROG(wakeup_poll, struct napi_struct *napi, int work, int budget)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct net_device *dev = napi->dev;
	struct wakeup_polls *polls;

	if (work <= 0 || !dev || (__u32)dev->ifindex != cfg.ifindex ||
	    dev->nd_net.net->ns.inum != cfg.netns)
		return 0;
	polls = bpf_map_lookup_elem(&wakeup_polls, &cpu);
	if (!polls)
		return 0;
	polls->polls++;
	polls->packets += work;
	polls->last_jiffies = bpf_jiffies64();
	if (last_polled != cpu) /* read by every CPU, so written only when it changes */
		last_polled = cpu;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
