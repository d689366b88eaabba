/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tasks as the scheduler's tracepoints hand them out: names as words, and the row of a waiting task. */
#ifndef TRIPATH_BPF_TASK_H
#define TRIPATH_BPF_TASK_H

#include "probe.h"

static __always_inline bool comm_is(const struct tp_comm *a, const struct tp_comm *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/* Loads the name straight from the task: two words, no helper. */
static __always_inline struct tp_comm comm_of(const struct task_struct *task)
{
	const struct tp_comm *comm = (const void *)task->comm;

	return *comm;
}

static __always_inline bool has_comm(const struct task_struct *task,
				     const volatile struct tp_comm *b)
{
	const __u64 *word = (const void *)task->comm;

	return word[0] == b->word[0] && word[1] == b->word[1];
}

/* The row that @pid has, or would take from who has it. @mask: rows less one. */
static __always_inline struct probe_task *task_row(void *tasks, __u32 pid, __u32 mask)
{
	__u32 index = pid & mask;

	return bpf_map_lookup_elem(tasks, &index);
}

#endif
