# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Facts of the machine that a result cannot be read without. No name and no address of it."""

import glob
import json
import os
import platform
import re
import shutil
import subprocess


def read(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return default


def output(*command):
    """What a command prints, or None where it is missing or fails."""
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


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


def busy(times):
    return sum(v for k, v in times.items() if k not in ("idle", "iowait", "steal"))


class Watch:
    """What changes during a run: CPU time by state, steal and load, from start to end."""

    def __init__(self):
        self.before = cpu_times()
        self.load = os.getloadavg()

    def report(self):
        spent = {k: round(v - self.before[k], 2) for k, v in cpu_times().items()}
        total = sum(spent.values()) or 1
        return {
            "cpu_s": spent,
            "steal_share": round(spent["steal"] / total, 5),
            "load_average_before": list(self.load),
            "load_average_after": list(os.getloadavg()),
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


def interface(name, netns=None):
    """Driver and settings of an interface that carried the traffic."""
    enter = ["nsenter", f"--net=/run/netns/{netns}"] if netns else []
    driver = output(*enter, "ethtool", "-i", name) or ""
    features = output(*enter, "ethtool", "-k", name) or ""
    wanted = (
        "tcp-segmentation-offload",
        "generic-segmentation-offload",
        "generic-receive-offload",
        "tx-checksumming",
        "rx-vlan-offload",
    )
    return {
        "name": name,
        "driver": _field(driver, "driver"),
        "driver_version": _field(driver, "version"),
        "firmware": _field(driver, "firmware-version") or None,
        "features": {w: _field(features, w) for w in wanted},
    }


def _field(text, name):
    found = re.search(rf"^\s*{re.escape(name)}:[ \t]*(.*)$", text, re.M)
    return found.group(1).strip() if found else None
