# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Facts of a network interface: driver, queues, RSS and XPS, coalescing, and where its interrupts
go. No address of it.
"""

import collections
import glob
import os
import re
import subprocess

from .look import field, output, read

FEATURES = (
    "tcp-segmentation-offload",
    "generic-segmentation-offload",
    "generic-receive-offload",
    "tx-checksumming",
    "rx-checksumming",
    "rx-vlan-offload",
    "receive-hashing",
    "large-receive-offload",
    "rx-gro-hw",
    "ntuple-filters",
)
PLAIN = ("mtu", "tx_queue_len", "speed", "gro_flush_timeout", "napi_defer_hard_irqs", "threaded")


def interface(name, netns=None):
    """Driver and settings of an interface that carried the traffic."""
    enter = ["nsenter", f"--net=/run/netns/{netns}"] if netns else []
    driver = output(*enter, "ethtool", "-i", name) or ""
    features = output(*enter, "ethtool", "-k", name) or ""
    found = {
        "name": name,
        "driver": field(driver, "driver"),
        "driver_version": field(driver, "version"),
        "firmware": field(driver, "firmware-version") or None,
        "features": {f: field(features, f) for f in FEATURES if field(features, f)},
        "channels": numbers(output(*enter, "ethtool", "-l", name), "Current hardware settings"),
        "rings": numbers(output(*enter, "ethtool", "-g", name), "Current hardware settings"),
        "coalesce": numbers(output(*enter, "ethtool", "-c", name)),
        "rss": rss(output(*enter, "ethtool", "-x", name)),
        **sysfs(name, netns),
    }
    if not netns:
        found["irqs"] = interrupts(name)
    return found


def hardware():
    """Interfaces of this network namespace that a device stands behind."""
    names = sorted(os.path.basename(os.path.dirname(d)) for d in glob.glob("/sys/class/net/*/device"))
    return [interface(name) for name in names]


def numbers(text, section=None):
    """{"rx": 256, ...} of ethtool's `RX: 256` lines, those of @section where one is named; None
    where the driver does not tell.
    """
    if text is None:
        return None
    if section:
        text = text.partition(section)[2]
    lines = re.findall(r"^([\w -]+):\s*(\d+)\b", text, re.M)
    return {re.sub(r"\W+", "_", k.strip().lower()): int(v) for k, v in lines} or None


def rss(text):
    """The hash function, and over how many entries each queue is spread."""
    if text is None:
        return None
    function = re.search(r"^\s+(\w+): on$", text, re.M)
    rows = re.findall(r"^\s*\d+:((?:\s+\d+)+)\s*$", text, re.M)
    table = collections.Counter(int(q) for row in rows for q in row.split())
    return {
        "function": function.group(1) if function else None,
        "entries_by_queue": {str(q): n for q, n in sorted(table.items())} or None,
    }


def sysfs(name, netns):
    """MTU, NAPI's settings, and RPS and XPS of each queue.

    /sys shows the namespace that it was mounted in, so another one's is mounted aside, in a mount
    namespace that ends with the command.
    """
    base = f"/sys/class/net/{name}"
    look = ["grep", "-rs", "", f"{base}/queues", *(f"{base}/{p}" for p in PLAIN)]
    if netns:
        script = 'mount -t sysfs sysfs /sys && exec "$@"'
        look = ["nsenter", f"--net=/run/netns/{netns}", "unshare", "--mount", "sh", "-c", script, "sh", *look]
    done = subprocess.run(look, capture_output=True, text=True, check=False)
    files = dict(
        line[len(base) + 1 :].split(":", 1) for line in done.stdout.splitlines() if ":" in line
    )
    queues = {"rx": [], "tx": []}
    for path, value in files.items():
        parts = re.fullmatch(r"queues/(rx|tx)-(\d+)/(rps_cpus|rps_flow_cnt|xps_cpus|xps_rxqs)", path)
        if not parts:
            continue
        way, number, key = parts[1], int(parts[2]), parts[3]
        queues[way] += [{} for _ in range(number + 1 - len(queues[way]))]
        queues[way][number][key] = value
    plain = {p: int(files[p]) for p in PLAIN if re.fullmatch(r"-?\d+", files.get(p, ""))}
    if "speed" in plain:
        plain["speed_mbps"] = plain.pop("speed")
    return {**plain, "queues": queues}


def interrupts(name):
    """The interrupts of the device behind an interface: which CPUs may take each, and which does."""
    device = os.path.realpath(f"/sys/class/net/{name}/device")
    # A virtio device has none of its own: they are of the PCI device that it sits on.
    for folder in (device, os.path.dirname(device)):
        numbers_ = sorted(glob.glob(f"{folder}/msi_irqs/*"), key=lambda p: int(os.path.basename(p)))
        if numbers_:
            break
    named = table()
    owner = os.path.basename(device)
    found = []
    for path in numbers_:
        irq = os.path.basename(path)
        label = named.get(irq, ("", []))[0]
        if label and not label.endswith("-config"):
            found.append({"irq": int(irq), "name": label, **placement(irq)})
    return {"device": owner, "lines": found}


def placement(irq):
    return {
        "affinity": read(f"/proc/irq/{irq}/smp_affinity_list"),
        "effective": read(f"/proc/irq/{irq}/effective_affinity_list"),
    }


def table():
    """{number: (name, [count of each CPU])} of /proc/interrupts, devices only."""
    lines = (read("/proc/interrupts") or "").splitlines()
    cpus = len(lines[0].split()) if lines else 0
    found = {}
    for line in lines[1:]:
        irq, _, rest = line.strip().partition(":")
        words = rest.split()
        if irq.isdigit() and len(words) > cpus:
            found[irq] = (words[-1], [int(n) for n in words[:cpus]])
    return found
