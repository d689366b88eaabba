# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Facts of the machine that a result cannot be read without. No name and no address of it."""

import glob
import json
import os
import platform
import re
import time

from . import nic
from .look import output, read
from .nic import interface  # noqa: F401 pylint: disable=unused-import # as suites call it


def virtualization():
    if "hypervisor" not in (read("/proc/cpuinfo", "") or ""):
        return "none"
    return (
        output("systemd-detect-virt", "--vm")
        or cpu_field("Hypervisor vendor")
        or "unknown hypervisor"
    )


def cpu_field(name):
    found = re.search(rf"^{name}:\s*(.+)$", output("lscpu") or "", re.M)
    return found.group(1) if found else None


def cpu_model():
    found = re.search(r"^model name\s*:\s*(.+)$", read("/proc/cpuinfo", "") or "", re.M)
    return found.group(1) if found else platform.processor() or platform.machine()


def governors():
    files = glob.glob("/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
    return sorted({read(f, "?") for f in files}) or None


def mitigations():
    folder = "/sys/devices/system/cpu/vulnerabilities"
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return {name: read(os.path.join(folder, name), "?") for name in names}


def facts():
    """What stays as it is during a run."""
    memory = re.search(r"^MemTotal:\s+(\d+)", read("/proc/meminfo", "") or "", re.M)
    cmdline = re.search(r"\bmitigations=\S+", read("/proc/cmdline", "") or "")
    jit = "/proc/sys/net/core/bpf_jit_"
    return {
        "kernel": platform.release(),
        "kernel_build": platform.version(),
        "architecture": platform.machine(),
        "cpu_model": cpu_model(),
        "cpus": os.cpu_count(),
        "l2_cache": cpu_field("L2 cache"),
        "l3_cache": cpu_field("L3 cache"),
        "governors": governors(),
        "clocksource": read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "virtualization": virtualization(),
        "mitigations": mitigations(),
        "mitigations_option": cmdline.group(0) if cmdline else None,
        "memory_bytes": int(memory.group(1)) * 1024 if memory else None,
        "bpf_jit_enable": read(jit + "enable"),
        "bpf_jit_harden": read(jit + "harden"),
        "distribution": distribution(),
        "placement": placement(),
        "network": network(),
        "nics": nic.hardware(),
    }


def placement():
    """What decides which CPU does what, and how deep it sleeps."""
    cpu = "/sys/devices/system/cpu"
    nodes = glob.glob("/sys/devices/system/node/node[0-9]*")
    return {
        "smt_active": read(f"{cpu}/smt/active"),
        "numa_nodes": len(nodes) or None,
        "isolated_cpus": read(f"{cpu}/isolated") or None,
        "nohz_full_cpus": (read(f"{cpu}/nohz_full") or "").strip("(null) ") or None,
        "idle_driver": read(f"{cpu}/cpuidle/current_driver"),
        "idle_states": [read(f) for f in sorted(glob.glob(f"{cpu}/cpu0/cpuidle/state*/name"))],
        "default_irq_affinity": read("/proc/irq/default_smp_affinity"),
        "irqbalance": bool(output("pgrep", "-x", "irqbalance")),
    }


def network():
    """The kernel's own settings that every path through the stack depends on."""
    core, ipv4 = "/proc/sys/net/core/", "/proc/sys/net/ipv4/"
    return {
        "congestion_control": read(ipv4 + "tcp_congestion_control"),
        "default_qdisc": read(core + "default_qdisc"),
        "busy_poll_us": read(core + "busy_poll"),
        "busy_read_us": read(core + "busy_read"),
        "netdev_budget": read(core + "netdev_budget"),
        "netdev_budget_us": read(core + "netdev_budget_usecs"),
        "rps_sock_flow_entries": read(core + "rps_sock_flow_entries"),
    }


def distribution():
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', read("/etc/os-release", "") or "", re.M)
    return found.group(1) if found else None


def cpu_times():
    """Seconds since boot over all CPUs, by state, from /proc/stat."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    ticks = os.sysconf("SC_CLK_TCK")
    values = (read("/proc/stat") or "").splitlines()[0].split()[1:]
    return {name: int(value) / ticks for name, value in zip(names, values)}


def busy_now():
    """CPU seconds, from some point in time on, that were neither idle nor stolen. The kernel measures idle
    time; busy time by state, as cpu_times() has it, it samples by a timer tick, which load with a steady
    beat meets at the same point of its round again and again.
    """
    cpus, times, now = os.sysconf("SC_NPROCESSORS_ONLN"), cpu_times(), time.monotonic()
    return cpus * now - sum(times[state] for state in ("idle", "iowait", "steal"))


def softirqs():
    """{kind: [count of each CPU]} of /proc/softirqs."""
    lines = (read("/proc/softirqs") or "").splitlines()[1:]
    rows = (line.split() for line in lines)
    return {row[0].rstrip(":"): [int(n) for n in row[1:]] for row in rows if row}


def less(after, before):
    """What grew, CPU by CPU; what is new or has fewer CPUs than before is left out."""
    spent = {
        key: [a - b for a, b in zip(counts, before.get(key, ()))] for key, counts in after.items()
    }
    return {key: counts for key, counts in spent.items() if any(counts)}


class Watch:
    """What changes during a run: CPU time by state, steal, load, softirqs and interrupts by CPU,
    from start to end.
    """

    def __init__(self):
        self.before = cpu_times()
        self.softirqs, self.interrupts = softirqs(), self.by_name()
        self.load = os.getloadavg()

    @staticmethod
    def by_name():
        return {f"{irq} {name}": counts for irq, (name, counts) in nic.table().items()}

    def report(self):
        spent = {k: round(v - self.before[k], 2) for k, v in cpu_times().items()}
        total = sum(spent.values()) or 1
        return {
            "cpu_s": spent,
            "steal_share": round(spent["steal"] / total, 5),
            "load_average_before": list(self.load),
            "load_average_after": list(os.getloadavg()),
            "softirqs_by_cpu": less(softirqs(), self.softirqs),
            "interrupts_by_cpu": less(self.by_name(), self.interrupts),
        }


def shown_program(ident):
    """What bpftool knows of a loaded BPF program."""
    return json.loads(output("bpftool", "-j", "prog", "show", "id", str(ident)) or "{}")


def program(ident):
    """Name, tag and whether it is compiled, of a loaded BPF program."""
    shown = shown_program(ident)
    return {
        "name": shown.get("name", "unknown"),
        "id": ident,
        "tag": shown.get("tag", "0" * 16),
        "jited": bool(shown.get("jited")),
        "jited_bytes": shown.get("bytes_jited", 0),
        "xlated_bytes": shown.get("bytes_xlated", 0),
    }
