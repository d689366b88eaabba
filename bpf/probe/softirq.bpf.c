// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * softirq: how long softirqs wait and run, by CPU and vector.
 *
 * In:   the tracepoints of raise, entry and exit.
 * Out:  nothing; it only counts.
 * Maps: softirq_rows.
 * Floor: Linux 5.5 (tp_btf).
 * Cost: 95 ns an event, three events a softirq; an empty program here counts as 54
 * (results/trace.json).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "probe_softirq.h"
#include "hist.bpf.h"

const volatile struct softirq_config cfg;

static __always_inline bool wanted(void)
{
	return !cfg.tgid || bpf_get_current_pid_tgid() >> 32 == cfg.tgid;
}

static __always_inline struct softirq_row *row_of(unsigned int vector)
{
	__u32 index = bpf_get_smp_processor_id() * TP_SOFTIRQS + vector;

	if (vector >= TP_SOFTIRQS || !wanted())
		return NULL;
	return bpf_map_lookup_elem(&softirq_rows, &index);
}

/* What is pending already keeps its time, so a raise that changes nothing does not read the clock. */
SEC("tp_btf/softirq_raise")
int BPF_PROG(softirq_raise, unsigned int vector)
{
	struct softirq_row *row = row_of(vector);

	if (!row)
		return 0;
	row->raised++;
	if (!row->raised_ns)
		row->raised_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_entry, unsigned int vector)
{
	struct softirq_row *row = row_of(vector);
	__u64 now;

	if (!row)
		return 0;
	now = bpf_ktime_get_ns();
	row->entered_ns = now;
	if (!row->raised_ns)
		return 0;
	hist_add(&row->wait_ns, &row->wait, now - row->raised_ns);
	row->raised_ns = 0;
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_exit, unsigned int vector)
{
	struct softirq_row *row = row_of(vector);

	/* One that was entered before the probe came has no beginning. */
	if (row && row->entered_ns)
		hist_add(&row->run_ns, &row->run, bpf_ktime_get_ns() - row->entered_ns);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
