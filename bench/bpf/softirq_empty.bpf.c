// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The floor of suite `trace`: programs that do nothing, where those of the softirq probe stand. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("tp_btf/softirq_raise")
int BPF_PROG(empty_raise, unsigned int vector)
{
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(empty_entry, unsigned int vector)
{
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(empty_exit, unsigned int vector)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
