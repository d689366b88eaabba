// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * guardian_sched: how the guardian is woken, waits and runs, and whom it takes the CPU from.
 *
 * In:   the tracepoints of wakeup and switch.
 * Out:  nothing; it only counts.
 * Maps: guardian_rows, probe_tasks.
 * Floor: Linux 5.18 (prev_state of sched_switch).
 * Cost: 169 ns an event of the guardian, 71 ns of any other task; an empty program here
 * counts as 54 (results/trace.json).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "probe_guardian.h"
#include "hist.bpf.h"
#include "task.bpf.h"

const volatile struct guardian_config cfg;

static __always_inline bool is_guardian(const struct task_struct *task)
{
	return cfg.tgid ? (__u32)task->tgid == cfg.tgid : has_comm(task, &cfg.comm);
}

/* Index of the worker's name, or TP_WORKER_NAMES. */
static __always_inline __u32 worker_index(const struct task_struct *task)
{
	__u32 i;

	for (i = 0; i < TP_WORKER_NAMES && i < cfg.workers; i++)
		if (has_comm(task, &cfg.worker[i]))
			return i;
	return TP_WORKER_NAMES;
}

static __always_inline struct guardian_row *own_row(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&guardian_rows, &cpu);
}

static __always_inline void wait_from(struct guardian_row *row, const struct task_struct *task,
				      __u64 now)
{
	struct probe_task *wait = task_row(&probe_tasks, task->pid, cfg.task_mask);

	if (!wait)
		return;
	if (wait->since_ns && wait->pid != (__u32)task->pid)
		row->lost++;
	wait->pid = task->pid;
	wait->since_ns = now;
}

static __always_inline int woken(const struct task_struct *task)
{
	struct guardian_row *row;

	if (!is_guardian(task))
		return 0;
	row = own_row();
	if (!row)
		return 0;
	row->wakeups++;
	wait_from(row, task, bpf_ktime_get_ns());
	return 0;
}

/* sched_waking and not sched_wakeup: it fires where the waker is, before the other CPU was reached. */
SEC("tp_btf/sched_waking")
int BPF_PROG(guardian_waking, struct task_struct *task)
{
	return woken(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(guardian_new, struct task_struct *task)
{
	return woken(task);
}

static __always_inline void leave(struct guardian_row *row, const struct task_struct *task,
				  bool runnable, __u64 now)
{
	if (row->running_ns)
		hist_add(&row->run_hist, &row->run, now - row->running_ns);
	row->running_ns = 0;
	if (!runnable) {
		row->gave_up++;
		return;
	}
	row->was_preempted++;
	wait_from(row, task, now);
}

static __always_inline void arrive(struct guardian_row *row, const struct task_struct *task,
				   __u64 now)
{
	struct probe_task *wait = task_row(&probe_tasks, task->pid, cfg.task_mask);

	row->runs++;
	row->running_ns = now;
	if (!wait || wait->pid != (__u32)task->pid || !wait->since_ns)
		return;
	hist_add(&row->delay_hist, &row->delay, now - wait->since_ns);
	wait->since_ns = 0;
}

/* Between two tasks of the guardian a hold goes on. */
static __always_inline void hold(struct guardian_row *row, const struct task_struct *prev,
				 bool runnable, __u64 now)
{
	__u32 worker;

	if (!runnable)
		return;
	worker = worker_index(prev);
	if (worker >= TP_WORKER_NAMES)
		return;
	row->preempted[worker]++;
	row->held_worker = worker + 1;
	row->hold_ns = now;
}

static __always_inline void release(struct guardian_row *row, __u64 now)
{
	if (row->held_worker)
		hist_add(&row->hold_hist, &row->hold, now - row->hold_ns);
	row->held_worker = 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(guardian_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	bool from = is_guardian(prev), to = is_guardian(next), runnable = preempt || !prev_state;
	struct guardian_row *row;
	__u64 now;

	if (!from && !to)
		return 0;
	row = own_row();
	if (!row)
		return 0;
	now = bpf_ktime_get_ns();
	if (from)
		leave(row, prev, runnable, now);
	if (from && !to)
		release(row, now);
	if (to)
		arrive(row, next, now);
	if (to && !from)
		hold(row, prev, runnable, now);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
