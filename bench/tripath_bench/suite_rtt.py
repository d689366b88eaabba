# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Suite `rtt`: is path B really faster than path A, for small messages?

The same requests and replies by tp-bench over AF_XDP, TCP, UDP and io_uring, in turn: round trips
one at a time, spinning, blocking and on one core; 32 outstanding; and the CPU time of a message.
"""

import collections
import json
import os
import time

from . import load_lab, stats
from .say import Failure, Unsupported, progress

TITLE = "Round trips: AF_XDP against the kernel's paths"
SMALL = (64, 128, 256, 512)
LARGER = (1024, 4096)
AGAIN = " again"
MIXED, NATIVE = "xsk server", "xsk native"
RING = 256  # entries, AF_XDP's: few frames in turn stay in the caches and the TLB
RATE = 20_000  # messages a second
# Turns of a case for each of --pairs: many short ones, so that neighbours in time are compared.
# CPU time comes in ticks of 10 ms and needs longer runs.
SHORT, LONG = 4, 2
RUN_S, CPU_S = 0.1, 0.35
TARGETS = {("udp", 50): 1.8, ("tcp", 50): 2.1, ("udp", 99): 1.7}
TARGET_MIXED, TARGET_RATE = 1.3, 2.2
TRIES, PAUSE_S = 4, 0.5  # of one run


class Lossy(Failure):
    """A run that lost too many messages to be a measurement."""


class Case:
    """One set of conditions, and what each side measured under it, turn by turn."""

    def __init__(self, name, size, outstanding, wait, sides, seconds, turns, **more):
        self.name, self.size, self.outstanding, self.wait = name, size, outstanding, wait
        self.sides, self.seconds, self.turns = sides, seconds, turns
        self.same_core = more.get("same_core", False)
        self.rate = more.get("rate")
        self.values = {side: [] for side in sides}  # of (result, idle share)
        self.left_out = {}
        self.again = collections.Counter()  # side: runs that were taken again

    def _options(self):
        if self.rate:
            # How late a sleeping generator wakes is not what is asked here.
            return ("--rate", str(self.rate), "--arrivals", "uniform", "--max-lag", "1000000")
        return ("--closed", "--outstanding", str(self.outstanding))

    def turn(self, where, number):
        idle = load_lab.idle(self.seconds) if self.counts_cpu() else 0
        first = number % len(self.sides)
        for side in self.sides[first:] + self.sides[:first]:
            if side in self.left_out:
                continue
            path = side.removesuffix(AGAIN)
            try:
                result = self._patiently(where, side, path)
            except Failure as why:
                if path in ("xsk", "udp", "tcp", MIXED, NATIVE):
                    raise Failure(
                        f"{self.name}, turn {number + 1}: {why}. {TRIES} times running: is something else "
                        "using the CPUs, or the host withholding them?"
                    ) from None
                self.left_out[side] = str(why)
                continue
            self.values[side].append((result, idle))

    def _patiently(self, where, side, path):
        """A run that lost few messages: one that lost many, or all, met a host that held a CPU for longer
        than the rings last, and is taken again.
        """
        for left in reversed(range(TRIES)):
            try:
                result = self._run(where, path)
                few_lost(path, result)
                return result
            except (load_lab.Unanswered, Lossy):
                if not left:
                    raise
            self.again[side] += 1
            time.sleep(PAUSE_S)

    def _run(self, where, path):
        special = path in (MIXED, NATIVE)
        return where.offer(
            "xsk" if special else path,
            self.wait,
            self.seconds,
            *("--size", self.size, "--fanout", 1, "--reads", "echo", "--warmup", 0.05),
            *self._options(),
            client="udp" if path == MIXED else None,
            link=path if special else None,
            ring=RING,
            cpu=0 if self.same_core else None,
        )

    def counts_cpu(self):
        return self.rate is not None or self.wait == "block" and self.outstanding > 1

    def label(self):
        return "same-core" if self.same_core else self.wait

    def quantiles(self, side, q):
        return [
            stats.percentile(r["latency"]["service"]["histogram_ns"], q) / 1000
            for r, _ in self.values[side]
        ]

    def rates(self, side):
        return [r["answered_per_s"] for r, _ in self.values[side]]

    def cpu(self, side):
        """us of the whole system for a request and its reply, above the idle share."""
        return [
            (r["cpu"]["system"]["busy_s"] - idle * r["duration_s"]) / r["counts"]["answered"] * 1e6
            for r, idle in self.values[side]
        ]

    def keep(self, envelope):
        for side, values in self.values.items():
            if not values:
                continue
            labels = {
                "path": side.removesuffix(AGAIN).replace(" ", "-"),
                "size_bytes": self.size,
                "outstanding": self.outstanding,
                "wait": self.label(),
                "fanout": 1,
            }
            if self.rate:
                labels["offered_per_s"] = self.rate
            envelope.repetition(
                self.name,
                side,
                "us",
                self.quantiles(side, 50),
                what="latency service",
                labels=labels,
                histograms=[r["latency"]["service"]["histogram_ns"] for r, _ in values],
                histogram_unit="ns",
                runs=[load_lab.run_of(r) for r, _ in values],
            )
            if not self.rate:
                envelope.repetition(
                    self.name, side, "1/s", self.rates(side), what="rate", labels=labels
                )
            if self.counts_cpu():
                envelope.repetition(
                    self.name, side, "us", self.cpu(side), what="cpu per message", labels=labels
                )
        for side, times in self.again.items():
            envelope.note(
                f"{self.name}: {side}: {times} of {len(self.values[side])} runs lost more than 1 % of "
                "their messages, or all, and were taken again"
            )
        for side, why in self.left_out.items():
            envelope.note(f"{self.name}: {side} was not measured: {why}")

    def compare(self, envelope, name, unit, values, theirs, better, ours="xsk", **goal):
        """@values: of a side, turn by turn; @goal: as Envelope.comparison() takes it."""
        noise = (values("xsk"), values("xsk" + AGAIN))
        entry = stats.compare(name, unit, values(ours), values(theirs), noise, better)
        envelope.comparison(entry, **goal)


def cases(options):
    quick = options.quick
    sizes, larger = ((64,), (1024,)) if quick else (SMALL, LARGER)
    many, few = (options.pairs * (1 if quick else each) for each in (SHORT, LONG))
    pair = ["xsk", "udp", "xsk" + AGAIN]
    every = [*pair, "tcp", "uring"]
    for size in sizes:
        sides = [*every, MIXED, NATIVE] if size == 64 else [*pair, "tcp"]
        yield "spin", Case(f"spinning, {size} B", size, 1, "spin", sides, RUN_S, many)
    sides = [*every, NATIVE]
    yield "x32", Case("spinning, 64 B, 32 outstanding", 64, 32, "spin", sides, RUN_S, many)
    for size in sizes:
        sides = [*pair, "tcp"] if size == 64 else pair
        yield "cpu", Case(
            f"blocking, {size} B, {RATE} a second", size, 1, "block", sides, CPU_S, few, rate=RATE
        )
    yield "full", Case("blocking, 64 B, 32 outstanding", 64, 32, "block", every, CPU_S, few)
    for size in larger:
        yield "more", Case(f"spinning, {size} B", size, 1, "spin", every, RUN_S, few)
    yield "more", Case("blocking, 64 B", 64, 1, "block", every, RUN_S, few)
    yield "more", Case(
        "one core, blocking, 64 B", 64, 1, "block", every, RUN_S, few, same_core=True
    )


def latency(envelope, case):
    size = f"{case.size}B"
    for theirs in ("udp", "tcp"):
        for q in (50, 99):
            case.compare(
                envelope,
                f"xsk vs {theirs} p{q} {size}",
                "us",
                lambda side, q=q: case.quantiles(side, q),
                theirs,
                "lower",
                at_least=TARGETS.get((theirs, q)),
            )
    if NATIVE in case.values:
        case.compare(
            envelope,
            f"xsk generic vs native p50 {size}",
            "us",
            lambda side: case.quantiles(side, 50),
            NATIVE,
            "lower",
        )
    if MIXED in case.values:
        for q in (50, 99):
            case.compare(
                envelope,
                f"xsk server vs udp server p{q} {size}",
                "us",
                lambda side, q=q: case.quantiles(side, q),
                "udp",
                "lower",
                ours=MIXED,
                at_least=TARGET_MIXED if q == 50 else None,
            )


def rates(envelope, case):
    for theirs in ("udp", "tcp"):
        # The goal is set for the lower end of the interval, not for the ratio.
        goal = {"at_least": TARGET_RATE, "of": "ci95 low"} if theirs == "udp" else {}
        case.compare(
            envelope,
            f"xsk vs {theirs} rate {case.size}B x{case.outstanding}",
            "1/s",
            case.rates,
            theirs,
            "higher",
            **goal,
        )
    name = f"xsk generic vs native rate {case.size}B x{case.outstanding}"
    case.compare(envelope, name, "1/s", case.rates, NATIVE, "higher")


def cpu(envelope, case, suffix=""):
    for theirs in ("udp", "tcp"):
        if theirs in case.values:
            case.compare(
                envelope,
                f"xsk vs {theirs} cpu {case.size}B{suffix}",
                "us",
                case.cpu,
                theirs,
                "lower",
            )


def others(envelope, case):
    where = {"block": "blocking", "same-core": "one core", "spin": "spinning"}[case.label()]
    name = f"p50 {case.size}B" + ("" if where == "spinning" else f" {where}")
    for theirs in ("udp", "tcp"):
        case.compare(
            envelope,
            f"xsk vs {theirs} {name}",
            "us",
            lambda side: case.quantiles(side, 50),
            theirs,
            "lower",
        )


JUDGES = {
    "spin": latency,
    "x32": rates,
    "cpu": cpu,
    "full": lambda envelope, case: cpu(envelope, case, " saturated"),
    "more": others,
}


def figures(envelope, case):
    for side in case.sides:
        if side.endswith(AGAIN) or not case.values[side]:
            continue
        for q in (50, 99):
            envelope.figure(
                f"{case.name}: {side}, p{q}", "us", stats.median(case.quantiles(side, q))
            )
        if case.outstanding > 1:
            envelope.figure(f"{case.name}: {side}, rate", "1/s", stats.median(case.rates(side)))
        if case.counts_cpu():
            envelope.figure(f"{case.name}: {side}, CPU", "us", stats.median(case.cpu(side)))


def notes(envelope):
    for text in (
        "veth between two namespaces, AF_XDP in copy mode: the kernel has no zero-copy there, so "
        "every frame is copied into a socket buffer and out again. `xsk` and `xsk server` have the "
        "classifier in generic mode, which on veth is the faster one; `xsk native` has it in the driver, "
        "with a NAPI turn and a page from veth's pool for each frame.",
        "The opponents run over a pair of their own that has no XDP program and every offload; "
        "AF_XDP runs over one with the classifier attached at both ends, which steers it; an AF_XDP "
        "server with an ordinary UDP client over one where only the server's end has it.",
        "With many small messages outstanding TCP wins: it coalesces them, and one segment and one "
        "system call carry dozens. UDP and AF_XDP send a frame a message.",
        "CPU is that of the whole system, softirq included, less what it took idle in the same "
        "turn, for a request and its reply. Per side it would mean nothing here: veth's NAPI runs "
        "on the sender's CPU. Busy is what was not idle, and so holds what a wakeup costs the guest. "
        "When both ends spin it is only two over the rate, and is not reported.",
        "Blocking across idle cores times the wakeup of the CPU, some 50 us whatever the path.",
        "The target of `xsk vs udp " "rate 64B x32` is for the lower end of its interval.",
        "A turn of a case has one run of each of its sides, one right after the other; cases with a "
        "wakeup in each message, of CPU time or of larger messages have half as many turns.",
        "The noise of every comparison is AF_XDP against itself, run twice in each turn.",
    ):
        envelope.note(text)


def few_lost(path, result):
    counts = result["counts"]
    if counts["lost"] * 100 > counts["sent"]:
        raise Lossy(
            f"{counts['lost']} of {counts['sent']} messages over {path} were lost: "
            f"not a measurement ({json.dumps(result['receipt'].get('counters', {}))})"
        )


def run(envelope, options):
    if (os.cpu_count() or 1) < 2:
        raise Unsupported("both ends spin, so two CPUs are needed")
    with load_lab.opened(options, envelope) as where:
        envelope.workload(
            "requests and replies of one size, 48 bytes of them tp-bench's header, between two "
            "namespaces over veth",
            1,
            sizes_bytes=[*SMALL, *LARGER],
            fixed_rate_per_s=RATE,
        )
        todo = list(cases(options))
        rounds = max(case.turns for _, case in todo)
        for number in range(rounds):
            for _, case in todo:
                # Spread over all of the suite, whose end may find another machine than its beginning.
                if number * case.turns // rounds < (number + 1) * case.turns // rounds:
                    case.turn(where, number * case.turns // rounds)
            progress(f"turn {number + 1} of {rounds}")
    for kind, case in todo:
        case.keep(envelope)
        figures(envelope, case)
        JUDGES[kind](envelope, case)
    notes(envelope)
