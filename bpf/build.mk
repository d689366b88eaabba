# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
BPF += bpf/xdp/classifier
BPF += bpf/xdp/drops
BPF += bpf/xdp/nothing
BPF += bpf/probe/softirq bpf/probe/wakeup bpf/probe/guardian_sched
