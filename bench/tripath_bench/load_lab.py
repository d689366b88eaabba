# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The bench of suites `rtt`, `classes` and `sweep`: two namespaces joined by three veth pairs, tp-bench
at both ends, one path at a time.

The classifier is attached to one pair, at both ends, and AF_XDP alone is measured over that; to one
at the server's end, for an AF_XDP server with an ordinary UDP client. The third pair is as the
kernel makes it, without any XDP program and with every offload: the kernel's paths use that one. So
no side waits for another's attach, and none pays for what it does not use.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import time

from . import host, lab, stats
from .say import Failure

PATHS = ("tcp", "udp", "uring", "xsk")
POLICY = """\
version: 1
name: load
tenants:
  - {name: default, default: true}
services:
  - {name: door, protocol: udp, port: 7000, class: rpc, path: af_xdp}
  - {name: answers, protocol: udp, port: 7100, class: rpc, path: af_xdp}
"""
PORT, CLIENT_PORT = 7000, 7100
PLAIN_SERVER, PLAIN_CLIENT = "10.78.0.1", "10.78.0.2"
PLAIN_SERVER_IF, PLAIN_CLIENT_IF = "tps1", "tpc1"
HALF_SERVER, HALF_CLIENT = "10.79.0.1", "10.79.0.2"
HALF_SERVER_IF, HALF_CLIENT_IF = "tps2", "tpc2"
INCONCLUSIVE = 4  # tp-bench's exit status where the generator could not keep up
READY_S = 10


class Unanswered(Failure):
    """Load of which nothing came back: what a path that loses frames may do, and no fault of a suite."""


class Lab:
    def __init__(self, pair, options):
        self.pair, self.options = pair, options
        self.bench = os.path.join(options.build, "bin", "tp-bench")
        self.load = os.path.join(options.build, "bin", "tp-load")
        self.receipts = {}

    def others_up(self):
        for server_if, client_if, server, client in (
            (PLAIN_SERVER_IF, PLAIN_CLIENT_IF, PLAIN_SERVER, PLAIN_CLIENT),
            (HALF_SERVER_IF, HALF_CLIENT_IF, HALF_SERVER, HALF_CLIENT),
        ):
            lab.run(
                *("ip", "link", "add", server_if, "netns", self.pair.server, "type", "veth"),
                *("peer", "name", client_if, "netns", self.pair.client),
            )
            for netns, dev, address in (
                (self.pair.server, server_if, server),
                (self.pair.client, client_if, client),
            ):
                lab.run(*lab.inside(netns, "ip", "addr", "add", f"{address}/24", "dev", dev))
                lab.run(*lab.inside(netns, "ip", "link", "set", dev, "up"))

    @contextlib.contextmanager
    def attached(self, policy, *more):
        ends = (
            (self.pair.server, self.pair.server_if),
            (self.pair.client, self.pair.client_if),
            (self.pair.server, HALF_SERVER_IF),
        )
        try:
            for netns, dev in ends:
                lab.run(*lab.inside(netns, self.load, "attach", dev, "--policy", policy, *more))
            yield
        finally:
            for netns, dev in ends:
                subprocess.run(
                    lab.inside(netns, self.load, "detach", dev), capture_output=True, check=False
                )

    def receipt(self, receipt):
        """What is attached, in tp-load's words after traffic, and what each path really was."""
        tell = ("status", self.pair.server_if, "--json", "--interval", "0.1")
        status = json.loads(lab.run(*lab.inside(self.pair.server, self.load, *tell)))
        receipt["status"] = status
        receipt["programs"] = [host.program(i["program_id"]) for i in status["interfaces"]]
        receipt["xdp_mode"] = status["interfaces"][0]["mode"]
        receipt["paths"] = [{"path": path, **said} for path, said in self.receipts.items()]

    def interfaces(self):
        return [
            host.interface(self.pair.server_if, self.pair.server),
            host.interface(self.pair.client_if, self.pair.client),
            host.interface(PLAIN_SERVER_IF, self.pair.server),
            host.interface(PLAIN_CLIENT_IF, self.pair.client),
            host.interface(HALF_SERVER_IF, self.pair.server),
            host.interface(HALF_CLIENT_IF, self.pair.client),
        ]

    def address(self, path, client):
        """A port for each path: one path's last connections do not stand in another's way."""
        if path == "xsk":
            return f"{self.pair.SERVER if client == path else HALF_SERVER}:{PORT}"
        return f"{PLAIN_SERVER}:{PORT + 1 + PATHS.index(path)}"

    @contextlib.contextmanager
    def server(self, path, wait, address, *more):
        """The answering end, on CPU 0."""
        server = subprocess.Popen(
            lab.inside(
                self.pair.server,
                *(self.bench, "serve", "--transport", path, "--wait", wait, "--cpu", "0"),
                *("--listen", address, "--json", *more),
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if not select.select([server.stdout], [], [], READY_S)[0] or (
                "ready" not in server.stdout.readline()
            ):
                server.kill()
                raise Failure(f"tp-bench serve over {path}: {server.stderr.read().strip()}")
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.communicate()

    def offer(self, path, wait, seconds, *more, client=None, cpu=None, ring=None):
        """What tp-bench says of @seconds of load over @path. @client: the transport of the asking end
        where that is another; @ring: entries of AF_XDP's rings.
        """
        client = client or path
        rings = ("--ring", str(ring)) if ring else ()
        address = self.address(path, client)
        command = [
            *(self.bench, "run", "--transport", client, "--to", address),
            *("--wait", wait, "--cpu", str(self.options.cpu if cpu is None else cpu)),
            *("--duration", str(seconds), "--json", *map(str, more)),
        ]
        if client == "xsk":
            command += ["--local-port", str(CLIENT_PORT), *rings]
        with self.server(path, wait, address, *(rings if path == "xsk" else ())):
            done = subprocess.run(
                lab.inside(self.pair.client, *command),
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        if done.returncode not in (0, INCONCLUSIVE):
            said = done.stderr.strip()
            kind = Unanswered if "nothing was answered" in said else Failure
            raise kind(f"tp-bench over {path}: {said}")
        result = json.loads(done.stdout)
        name = path if client == path else f"{path}, {client} client"
        self.receipts.setdefault(name, result["receipt"])
        return result


@contextlib.contextmanager
def opened(options, envelope):
    """The lab, set up; the policy and the programs are in the envelope's receipt."""
    scratch = os.path.join(options.build, "bench")
    os.makedirs(scratch, exist_ok=True)
    policy = os.path.join(scratch, "load.yaml")
    with open(policy, "w", encoding="utf-8") as f:
        f.write(POLICY)
    with lab.joined_pair() as pair:
        where = Lab(pair, options)
        for program in (where.bench, where.load):
            if not os.path.exists(program):
                raise Failure(f"{program} is missing. Type: make all")
        envelope.ran(where.bench, where.load, policy)
        where.others_up()
        with where.attached(policy):
            envelope["receipt"]["interfaces"] = where.interfaces()
            yield where
            where.receipt(envelope["receipt"])


def idle(seconds):
    """CPU seconds a second that the machine takes without any of this."""
    before, start = host.busy_now(), time.monotonic()
    time.sleep(seconds)
    return (host.busy_now() - before) / (time.monotonic() - start)


def p_us(histogram, q):
    """A percentile in microseconds; None where nothing was counted."""
    return stats.percentile(histogram, q) / 1000 if histogram else None


def cpu_us_per_message(result):
    """CPU time of the whole system by answered requests and their replies."""
    answered = result["counts"]["answered"]
    return 1e6 * result["cpu"]["system"]["busy_s"] / (2 * answered) if answered else None


def cpu_s_per_gb(result):
    moved = result["counts"]["bytes_in"] + result["counts"]["bytes_out"]
    return result["cpu"]["system"]["busy_s"] / (moved / 1e9) if moved else None


def run_of(result, part=None):
    """What a run moved, took and lost, as an envelope keeps it. @part: one of its classes, whose share
    of the CPU time nobody knows.
    """
    counts = (part or result)["counts"]
    moved = counts["bytes_in"] + counts["bytes_out"]
    run = {
        "seconds": result["duration_s"],
        "messages": counts["answered"],
        "bytes": moved,
        "bytes_per_s": moved / result["duration_s"],
        "drops": counts["lost"],
        "errors": counts["corrupt"] + counts["not_sent"],
    }
    lag = (part or result).get("schedule_lag", {})
    if lag.get("count"):
        run["schedule_lag_ns"] = stats.percentiles(lag["histogram_ns"])
    if part is None:
        cpu = result["cpu"]
        run["cpu_s"] = {
            "client": cpu["client"]["total_s"],
            "system": cpu["system"]["busy_s"],
            "softirq": cpu["system"]["softirq_s"],
        }
        if "total_s" in cpu["server"]:
            run["cpu_s"]["server"] = cpu["server"]["total_s"]
    return run


class Collected:
    """Values of one case and side, turn by turn, until they become repetitions."""

    def __init__(self):
        self.kept = {}

    def add(self, case, side, what, unit, value, labels, histogram=None, run=None):
        if value is None:
            return
        key = (case, side, what, unit, tuple(sorted(labels.items())))
        values, histograms, runs = self.kept.setdefault(key, ([], [], []))
        values.append(value)
        if histogram is not None:
            histograms.append(histogram)
        if run is not None:
            runs.append(run)

    def keep(self, envelope):
        for (case, side, what, unit, labels), (values, histograms, runs) in self.kept.items():
            more = {"histograms": histograms, "histogram_unit": "ns"} if histograms else {}
            if runs:
                more["runs"] = runs
            envelope.repetition(
                case, side, unit, values, what=what, labels=dict(labels), **more
            )

    def of(self, case, side, what):
        """The values of all turns; fewer than turns, or none, where nothing was answered."""
        for (c, s, w, _, _), (values, _, _) in self.kept.items():
            if (c, s, w) == (case, side, what):
                return values
        return []
