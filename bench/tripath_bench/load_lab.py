# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The bench of suites `rtt`, `classes` and `sweep`: two namespaces joined by veth pairs, tp-bench at
both ends, one path at a time.

AF_XDP has pairs of its own, on which the classifier is attached; the kernel's paths use one that is
as the kernel makes it, without any XDP program and with every offload. So no side waits for another's
attach, and none pays for what it does not use.

AF_XDP runs in generic mode unless a side says native: on veth, whose driver has no zero-copy, native
mode costs a frame a NAPI turn and a copy into a page of its own. rtt measures both.
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
INCONCLUSIVE = 4  # tp-bench's exit status where the generator could not keep up
READY_S = 10


class Unanswered(Failure):
    """Load of which nothing came back: what a path that loses frames may do, and no fault of a suite."""


class Link:
    """A veth pair. @server_mode, @client_mode: in which mode the classifier is attached there."""

    def __init__(self, number, server_mode=None, client_mode=None):
        self.server_if, self.client_if = f"tps{number}", f"tpc{number}"
        self.server, self.client = (f"10.{77 + number}.0.{end}" for end in (1, 2))
        self.server_mode, self.client_mode = server_mode, client_mode

    def ends(self, pair):
        """(namespace, interface, address, mode) of both."""
        return (
            (pair.server, self.server_if, self.server, self.server_mode),
            (pair.client, self.client_if, self.client, self.client_mode),
        )


# Number 0 is the pair that lab.joined_pair() makes.
LINKS = {
    "xsk": Link(0, "generic", "generic"),
    "plain": Link(1),
    "xsk server": Link(2, "generic"),  # for an ordinary client
    "xsk native": Link(3, "native", "native"),
}


class Lab:
    def __init__(self, pair, options):
        self.pair, self.options = pair, options
        self.bench = os.path.join(options.build, "bin", "tp-bench")
        self.load = os.path.join(options.build, "bin", "tp-load")
        self.receipts = {}

    def others_up(self):
        for link in LINKS.values():
            if link.server_if == self.pair.server_if:
                continue
            lab.run(
                *("ip", "link", "add", link.server_if, "netns", self.pair.server, "type", "veth"),
                *("peer", "name", link.client_if, "netns", self.pair.client),
            )
            for netns, dev, address, _ in link.ends(self.pair):
                lab.run(*lab.inside(netns, "ip", "addr", "add", f"{address}/24", "dev", dev))
                lab.run(*lab.inside(netns, "ip", "link", "set", dev, "up"))

    def _ends(self):
        return [end for link in LINKS.values() for end in link.ends(self.pair)]

    @contextlib.contextmanager
    def attached(self, policy, *more):
        steered = [(netns, dev, mode) for netns, dev, _, mode in self._ends() if mode]
        attach = (self.load, "attach", "--policy", policy, *more)
        try:
            for netns, dev, mode in steered:
                lab.run(*lab.inside(netns, *attach, "--mode", mode, dev))
            yield
        finally:
            for netns, dev, _ in steered:
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
        return [host.interface(dev, netns) for netns, dev, _, _ in self._ends()]

    def address(self, path, link):
        """A port for each path: one path's last connections do not stand in another's way."""
        port = PORT if path == "xsk" else PORT + 1 + PATHS.index(path)
        return f"{LINKS[link].server}:{port}"

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

    def offer(self, path, wait, seconds, *more, client=None, cpu=None, ring=None, link=None):
        """What tp-bench says of @seconds of load over @path. @client: the transport of the asking end
        where that is another; @ring: entries of AF_XDP's rings; @link: which of LINKS, where not the
        path's own.
        """
        client = client or path
        link = link or ("xsk" if path == "xsk" else "plain")
        rings = ("--ring", str(ring)) if ring else ()
        address = self.address(path, link)
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
        name = path if link == "plain" else link
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
