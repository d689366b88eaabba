# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""DPDK's testpmd, Debian's build, unpacked into the build folder: nothing is installed or bound."""

import os
import re
import subprocess
import time

from . import lab
from .say import Failure, Unsupported

NAME = "dpdk-testpmd"
# It is linked to what it could drive, whether or not that is here.
LINKED = (
    "bitratestats bpf bus-auxiliary bus-dpaa bus-pci bus-vdev cmdline common-dpaax common-iavf "
    "common-mlx5- crypto-scheduler cryptodev dmadev eal ethdev eventdev gro gso hash ip-frag kvargs "
    "latencystats mbuf mempool mempool-dpaa mempool-ring meter metrics net net-bnxt net-bond "
    "net-dpaa net-i40e net-ice net-ixgbe net-mlx5- pci pcapng pdump rcu reorder ring sched security "
    "stack telemetry timer vhost net-af-xdp net-af-packet"
)
PACKAGES = [
    "dpdk-dev",
    *(f"librte-{name}23" for name in LINKED.split()),
    *"libnuma1 libfdt1 libpcap0.8 libibverbs1 ibverbs-providers".split(),
    *"libnl-3-200 libnl-route-3-200 libdbus-1-3".split(),
]
DRIVERS = ("bus_vdev", "mempool_ring", "net_af_xdp", "net_af_packet")
START_S = 15


def find(build):
    """(command, environment), or Unsupported with the reason."""
    try:
        command, environment = lab.tool(NAME, PACKAGES, os.path.abspath(build))
    except Failure as why:
        raise Unsupported(f"DPDK's testpmd, the opponent, cannot be had: {why}") from why
    folder = os.path.join(os.path.dirname(os.path.dirname(command[0])), "lib")
    drivers = []
    for found, _, files in os.walk(folder):
        for name in DRIVERS:
            if f"librte_{name}.so.23" in files:
                drivers += ["-d", os.path.join(found, f"librte_{name}.so.23")]
    done = subprocess.run(
        [*command, "--version"], env=environment, capture_output=True, text=True, check=False
    )
    if "not found" in done.stderr or "error while loading" in done.stderr:
        raise Unsupported(f"DPDK's testpmd does not start here: {done.stderr.strip()}")
    return [*command, *drivers], environment


class Testpmd:
    """A running testpmd, asked through its own command line."""

    def __init__(self, found, netns, devices, arguments, cpu, control_cpu):
        command, environment = found
        # Memory of its own and no hugepages: docs/benchmarks.md says what else was tried.
        eal = ["--no-pci", "--no-telemetry", "--no-huge", "-m", "512"]
        eal += [f"--file-prefix=tripath-{os.getpid()}", "-l", f"{control_cpu},{cpu}"]
        eal += ["--main-lcore", str(control_cpu), *(f"--vdev={d}" for d in devices)]
        # Its lines would wait in a buffer until the end.
        self.command = ["stdbuf", "-oL", *command, *eal, "--", "--interactive", "--auto-start", *arguments]
        self.process = subprocess.Popen(
            lab.inside(netns, *self.command),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = ""
        self._until(r"testpmd> $", START_S)

    def _until(self, pattern, seconds):
        """What it says until @pattern stands at the end of it."""
        end, said = time.monotonic() + seconds, ""
        while time.monotonic() < end:
            said += (self.process.stdout.read() or b"").decode(errors="replace")
            if re.search(pattern, said):
                self.said += said
                return said
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        self.stop()
        # Its last words name the reason; those about dispatchers come from libxdp's way round them.
        last = "; ".join((self.said + said).strip().splitlines()[-4:])
        raise Failure(f"testpmd did not start or answer: {last}")

    def counters(self):
        """Frames received, lost before it, and sent, of each port."""
        self.process.stdin.write(b"show port stats all\n")
        self.process.stdin.flush()
        said = self._until(r"(?s)NIC statistics.*testpmd> $", START_S)
        return [
            {"received": int(r), "lost": int(lost), "sent": int(t)}
            for r, lost, t in re.findall(
                r"(?s)RX-packets: (\d+)\s+RX-missed: (\d+).*?TX-packets: (\d+)", said
            )
        ]

    def stop(self):
        try:
            self.process.communicate(b"quit\n", timeout=5)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            self.process.kill()
            self.process.wait()
