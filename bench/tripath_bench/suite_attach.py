# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Suite `attach`: what it costs a host that the classifier is attached and steers nothing.

A veth pair between two namespaces; the classifier is attached at the receiving end of bulk TCP and
of a UDP ping-pong. Both are run with it and without, in turn.
"""

import os

from . import host, lab, stats
from .attach_lab import POLICY, Lab, iperf_server
from .say import Failure, Unsupported, progress

TITLE = "What attaching costs"
TURNS = 3  # for each of --pairs
JUMBO = 9000
PLAIN = 1500


class Sides:
    """Collects what each side of a case measured, turn by turn."""

    UNITS = {"tcp": "Gbit/s", "cpu": "CPU s/GB", "softirq": "softirq s/GB", "rtt": "us"}

    def __init__(self, case):
        self.case, self.values, self.histograms = case, {}, {}

    def measure(self, name, where, rtt=True):
        bulk = where.bulk()
        values = dict(zip(("tcp", "cpu", "softirq"), bulk))
        if rtt:
            values["rtt"], histogram = where.ping_pong()
            self.histograms.setdefault(name, []).append(histogram)
        for what, value in values.items():
            self.values.setdefault((name, what), []).append(value)
        progress(
            f"{self.case}: {name}: "
            + ", ".join(f"{v:.3g} {self.UNITS[k]}" for k, v in values.items())
        )

    def of(self, name, what):
        return self.values[name, what]

    def keep_raw(self, envelope):
        for (name, what), values in self.values.items():
            more = {}
            if what == "rtt":
                more["histograms"] = self.histograms[name]
                more["histogram_unit"] = "ns"
            envelope.repetition(self.case, name, self.UNITS[what], values, what=what, **more)


def compared(envelope, sides, ours, suffix, noise):
    """The three comparisons of a case: @ours against nothing attached."""
    for name, what, better in (
        ("attach: tcp bulk", "tcp", "higher"),
        ("attach: udp rtt p50", "rtt", "lower"),
        ("attach: cpu per GB", "cpu", "lower"),
    ):
        pair = (noise.of("nothing", what), noise.of("nothing again", what))
        envelope.comparison(
            stats.compare(
                name + suffix,
                Sides.UNITS[what],
                sides.of(ours, what),
                sides.of("nothing", what),
                pair,
                better,
            )
        )


def turns(envelope, where, case, suffix, rounds):
    """Nothing, attached, nothing again: the third is what noise is taken from.  And nothing without
    the offload that being attached takes away.
    """
    sides = Sides(case)
    without = f"nothing, {where.WHOSE}{where.OFFLOAD} off"
    for turn in range(rounds):
        sides.measure("nothing", where)
        with where.attached("native"):
            sides.measure("attached", where)
            if turn == 0:
                where.receipt(envelope["receipt"])
        sides.measure("nothing again", where)
        where.offload(False)
        sides.measure(without, where, rtt=False)
        where.offload(True)
    sides.keep_raw(envelope)
    compared(envelope, sides, "attached", suffix, sides)
    envelope.comparison(
        stats.compare(
            f"{where.OFFLOAD} off, nothing attached: tcp bulk{suffix}",
            "Gbit/s",
            sides.of(without, "tcp"),
            sides.of("nothing", "tcp"),
            (sides.of("nothing", "tcp"), sides.of("nothing again", "tcp")),
            "higher",
        )
    )
    figures(envelope, sides)
    return sides


def figures(envelope, sides):
    """What no comparison is made of."""
    for name in ("nothing", "attached"):
        envelope.figure(f"softirq, {name}", "s/GB", stats.median(sides.of(name, "softirq")))
        for q in (50, 99, 99.9):
            values = [stats.percentile(h, q) / 1000 for h in sides.histograms[name]]
            envelope.figure(f"udp rtt p{q:g}, {name}", "us", stats.median(values))


def variant(envelope, where, case, suffix, mode, rounds, noise):
    """Another way of attaching, against nothing under the same conditions."""
    sides = Sides(case)
    for _ in range(rounds):
        sides.measure("nothing", where)
        try:
            with where.attached(mode):
                sides.measure("attached", where)
        except Failure as why:
            envelope.note(f"{case}: not measured: {why.said}")
            return
    sides.keep_raw(envelope)
    compared(envelope, sides, "attached", suffix, noise)


def notes(envelope):
    envelope.note(
        "While an XDP program is attached to a veth, the kernel takes software segmentation (TSO "
        "and its kin) from its peer: XDP sees single frames, so a bulk sender's 64 KiB buffers "
        "are cut into MTU-sized frames before they cross, and the receiver handles each. The side "
        "`nothing, sender's segmentation offload off` shows how much of the cost that alone is. A "
        "hardware NIC segments behind the driver and has no such loss; a virtio-net guest loses "
        "LRO/GRO_HW on receive instead."
    )
    envelope.note(
        "The noise of every comparison is nothing against nothing again, at MTU 1500, in the same "
        "turns."
    )
    envelope.note(
        "Bulk: iperf3, one stream, 1 MiB writes. Round trips: 64 B over UDP, both ends spinning "
        "on a CPU each; blocking ends would time the scheduler. CPU is that of the whole system: "
        "veth's NAPI runs on the sender's CPU, so no split by side is meant."
    )


def run(envelope, options):
    load = os.path.join(options.build, "bin", "tp-load")
    if not os.path.exists(load):
        raise Failure(f"{load} is missing. Type: make all")
    if os.cpu_count() < 2:
        raise Unsupported("both ends spin, so two CPUs are needed")
    iperf = lab.tool("iperf3", ["iperf3", "libiperf0", "libsctp1"], options.build)
    with lab.joined_pair() as pair, iperf_server(pair.server, iperf):
        where = Lab(pair, options, iperf)
        envelope.workload(
            "bulk TCP and a UDP ping-pong between two namespaces over one veth pair; observe.yaml "
            "at the receiving end",
            None,
            bulk_seconds=where.bulk_s,
            congestion_control=where.congestion,
            payload_bytes=64,
        )
        envelope["receipt"]["interfaces"] = [
            host.interface(pair.server_if, pair.server),
            host.interface(pair.client_if, pair.client),
        ]
        envelope.ran(load, os.path.join(options.build, "bpf", "classifier.bpf.o"), POLICY)
        rounds = options.pairs * (1 if options.quick else TURNS)
        noise = turns(envelope, where, "native, MTU 1500", "", rounds)
        variant(envelope, where, "generic, MTU 1500", " (generic)", "generic", rounds, noise)
        pair.mtu(JUMBO)
        variant(
            envelope,
            where,
            f"native with fragments, MTU {JUMBO}",
            f" (MTU {JUMBO})",
            "native",
            rounds,
            noise,
        )
        pair.mtu(PLAIN)
    notes(envelope)
