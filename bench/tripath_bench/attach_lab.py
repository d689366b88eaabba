# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The bench of the attach suites: iperf3 and tp-pingpong between two ends, tp-load at one."""

import contextlib
import json
import os
import subprocess
import threading

from . import envelope as envelopes
from . import host, lab, stats
from .say import Failure

POLICY = os.path.join(envelopes.ROOT, "docs", "examples", "observe.yaml")
GB = 1e9


class Ends:
    """The tools and the settings of one run; a subclass says where they run and what is between."""

    WHOSE, OFFLOAD = "", None  # what offload() switches, in words

    def __init__(self, at, options, iperf, bulk_s, rtt_s):
        self.at, self.options = at, options  # the interface that is attached to
        self.bulk_s, self.rtt_s = bulk_s, rtt_s  # seconds of a run
        self.iperf, self.iperf_environment = iperf
        self.load = os.path.join(options.build, "bin", "tp-load")
        self.pingpong = os.path.join(options.build, "bin", "tp-pingpong")
        self.congestion = congestion_control()

    @contextlib.contextmanager
    def attached(self, mode):
        """The classifier at the receiving end; Failure with tp-load's words where it refuses."""
        try:
            lab.run(*self._load("attach", self.at, "--policy", POLICY, "--mode", mode))
            yield
        finally:
            # Also after an attach that a signal cut short: detach clears what that left.
            subprocess.run(self._load("detach", self.at), capture_output=True, check=False)

    def receipt(self, receipt):
        """What is attached, in tp-load's words after traffic."""
        tell = ("status", self.at, "--json", "--interval", "0.1")
        status = json.loads(lab.run(*self._load(*tell)))
        receipt["status"] = status
        receipt["programs"] = [host.program(i["program_id"]) for i in status["interfaces"]]
        receipt["xdp_mode"] = status["interfaces"][0]["mode"]

    def bulk(self):
        """Bulk TCP to the end that is attached to: (Gbit/s, CPU seconds per GB, softirq seconds per
        GB), of the whole system.
        """
        before, busy = host.cpu_times(), host.busy_now()
        command = self._iperf("-t", str(self.bulk_s), "-l", "1M", "-C", self.congestion, "-J")
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=self.iperf_environment,
            check=False,
            timeout=60,
        )
        busy, after = host.busy_now() - busy, host.cpu_times()
        result = json.loads(done.stdout or "{}")
        if done.returncode or "error" in result:
            raise Failure(f"iperf3 failed: {result.get('error') or done.stderr.strip()}")
        received = result["end"]["sum_received"]
        gigabytes = received["bytes"] / GB
        return (
            received["bits_per_second"] / 1e9,
            busy / gigabytes,
            (after["softirq"] - before["softirq"]) / gigabytes,
        )

    def ping_pong(self):
        """64 B over UDP there and back, both ends spinning: (p50 in us, histogram in ns)."""
        more = ("--seconds", str(self.rtt_s), "--client-cpu", str(self.options.cpu))
        out = lab.run(self.pingpong, *self._ends(), *more)
        result = json.loads(out)
        if result["lost"] > result["messages"] // 100:
            raise Failure(
                f"{result['lost']} of {result['messages']} messages were lost: not a measurement"
            )
        return stats.percentile(result["histogram_ns"], 50) / 1000, result["histogram_ns"]


class Lab(Ends):
    """Two namespaces of one machine, joined by a veth pair."""

    WHOSE, OFFLOAD = "sender's ", "segmentation offload"

    def __init__(self, pair, options, iperf):
        # A connection keeps near the rate that it happened to begin with: rather many short ones.
        super().__init__(pair.server_if, options, iperf, bulk_s=1, rtt_s=0.3)
        self.pair = pair

    def _load(self, *arguments):
        return lab.inside(self.pair.server, self.load, *arguments)

    def _iperf(self, *arguments):
        cpu = str(self.options.cpu)
        to = ("-c", self.pair.SERVER)
        return lab.inside(self.pair.client, "taskset", "-c", cpu, *self.iperf, *to, *arguments)

    def _ends(self):
        ends = ("--server-netns", self.pair.server, "--client-netns", self.pair.client)
        return (*ends, "--address", self.pair.SERVER, "--server-cpu", "0")

    def receipt(self, receipt):
        """And what it did to the sender."""
        super().receipt(receipt)
        receipt["sender_while_attached"] = host.interface(self.pair.client_if, self.pair.client)

    def offload(self, on):
        """Software segmentation of the sender, as an attached XDP program at its peer switches it
        off.
        """
        state = "on" if on else "off"
        change = ("ethtool", "-K", self.pair.client_if, "tso", state, "gso", state)
        lab.run(*lab.inside(self.pair.client, *change))


def congestion_control():
    """cubic, which does not pace, where it is there; a module that is not loaded yet would not be
    listed.
    """
    known = (host.read("/proc/sys/net/ipv4/tcp_available_congestion_control") or "").split()
    return "cubic" if "cubic" in known else known[0]


@contextlib.contextmanager
def iperf_server(netns, iperf):
    command, environment = iperf
    server = subprocess.Popen(
        lab.inside(netns, "taskset", "-c", "0", *command, "-s", "--forceflush"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    try:
        for line in server.stdout:
            if "listening" in line:
                break
        else:
            raise Failure("iperf3 -s ended before it listened")
        # It goes on printing a report a connection; a full pipe would stop it.
        drain = threading.Thread(target=server.stdout.read, daemon=True)
        drain.start()
        yield
    finally:
        server.terminate()
        server.wait()
