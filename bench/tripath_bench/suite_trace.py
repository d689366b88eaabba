# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Suite `trace`: what the probes cost, beside the same questions asked in bpftrace.

ns an event as the kernel counts a program's run time, and what each adds to a spinning 64 B UDP
round trip; for the scheduler's probes, ns an event of a task that is woken again and again.
"""

import contextlib
import json
import os
import signal

from . import host, lab, stats
from .libbpf import Attached, run_time, run_time_counted
from .say import Failure, Unsupported, progress
from .traced import TRACE, Bpftrace, Probe

TITLE = "What the probes cost"
NS_RATIO = 3
SLICE_S, QUICK_SLICE_S = 0.2, 0.1
PING_TURNS, SCHED_TURNS = 8, 3  # for each of --pairs
SOFTIRQ, SCHED = "softirq, UDP ping-pong", "scheduler, a pair of tasks"
PING = "tp-ping"
# Who is watched, by whom: side → (of ours or theirs, arguments).
SCHED_SIDES = {
    "wakeup": (Probe, ("wakeup", "--comm", PING)),
    "runq_latency.bt": (Bpftrace, ("runq_latency.bt", PING)),
    "guardian": (Probe, ("guardian", "--comm", PING)),
    "guardian_sched.bt": (Bpftrace, ("guardian_sched.bt", PING)),
    "guardian, of other tasks": (Probe, ("guardian",)),
    "wakeup again": (Probe, ("wakeup", "--comm", PING)),
    "guardian again": (Probe, ("guardian", "--comm", PING)),
}


class Watchers:
    """Starts what a side attaches."""

    def __init__(self, options):
        self.build = options.build
        self.empty = os.path.join(options.build, "bpf", "softirq_empty.bpf.o")

    def __call__(self, kind, arguments=()):
        if kind is Probe:
            return Probe(self.build, *arguments)
        if kind is Bpftrace:
            return Bpftrace(*arguments)
        return Attached(self.empty)


def ping_pong(pair, options, seconds):
    """64 B over UDP there and back, both ends spinning: histogram in ns."""
    out = lab.run(
        os.path.join(options.build, "bin", "tp-pingpong"),
        "--server-netns",
        pair.server,
        "--client-netns",
        pair.client,
        "--address",
        pair.SERVER,
        "--seconds",
        str(seconds),
        "--server-cpu",
        "0",
        "--client-cpu",
        str(options.cpu),
    )
    result = json.loads(out)
    if result["lost"] > result["messages"] // 100:
        raise Failure(f"{result['lost']} of {result['messages']} messages were lost")
    return result["histogram_ns"]


def ns_per_event(watcher, load):
    """(ns, events) of the programs of @watcher while @load runs."""
    programs = watcher.programs()
    with run_time_counted():
        before = run_time(programs)
        load()
        after = run_time(programs)
    ns, runs = after[0] - before[0], after[1] - before[1]
    if runs <= 0:
        raise Failure("the programs did not run under the load: are they attached?")
    return ns / runs, runs


@contextlib.contextmanager
def pinging(cpus):
    """Two tasks of one name that wake each other through pipes, from CPU to CPU."""
    there, back = os.pipe(), os.pipe()
    children = []

    def run(read, write, cpu):
        os.sched_setaffinity(0, {cpu})
        with open("/proc/self/comm", "w", encoding="ascii") as f:
            f.write(PING)
        while True:
            os.write(write, os.read(read, 1))

    try:
        for read, write, cpu in ((there[0], back[1], cpus[0]), (back[0], there[1], cpus[1])):
            pid = os.fork()
            if pid == 0:
                try:
                    run(read, write, cpu)
                finally:
                    os._exit(1)
            children.append(pid)
        os.write(there[1], b".")
        yield
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for fd in (*there, *back):
            os.close(fd)


class Sides:
    """Values of every side of a case, turn by turn, in an order that turns too."""

    def __init__(self, case):
        self.case, self.values, self.histograms = case, {}, {}

    def add(self, side, what, value):
        self.values.setdefault((side, what), []).append(value)

    def add_p50(self, side, histogram):
        self.histograms.setdefault(side, []).append(histogram)
        self.add(side, "p50", stats.fine_percentile(histogram, 50) / 1000)

    def of(self, side, what):
        return self.values[side, what]

    def added(self, side):
        """What @side added to the p50, turn by turn, above a run just after it was detached."""
        return stats.less(self.of(side, "p50"), self.of(f"none after {side}", "p50"))

    def keep(self, envelope, units):
        for (side, what), values in self.values.items():
            more = {"what": what}
            if what == "p50":
                more.update(histograms=self.histograms[side], histogram_unit="ns")
            envelope.repetition(self.case, side, units[what], values, **more)


def turned(sides, turn):
    """Beginning with another one each turn."""
    start = turn % len(sides)
    return sides[start:] + sides[:start]


def softirq(envelope, options, pair, turns, seconds):
    watch, sides = Watchers(options), Sides(SOFTIRQ)
    script = ("softirq.bt",)
    probe = ("softirq",)
    kinds = [
        ("probe", Probe, probe),
        ("bpftrace", Bpftrace, script),
        ("probe again", Probe, probe),
        ("empty", Attached, ()),
    ]
    ping_pong(pair, options, seconds)  # the first one finds the neighbours
    for turn in range(turns):
        for side, kind, arguments in turned(kinds, turn):
            with watch(kind, arguments) as watcher:
                ns, events = ns_per_event(watcher, lambda: ping_pong(pair, options, seconds))
                sides.add(side, "ns", ns)
                sides.add(side, "events", events)
                if turn == 0 and not side.endswith("again"):
                    envelope["receipt"]["programs"] += [
                        {**host.program(i), "side": side} for i in watcher.programs()
                    ]
                # Last, so that the run without it follows at once.
                sides.add_p50(side, ping_pong(pair, options, seconds))
            sides.add_p50(f"none after {side}", ping_pong(pair, options, seconds))
        progress(
            f"turn {turn + 1} of {turns}: p50 us: "
            + ", ".join(f"{s} {sides.of(s, 'p50')[-1]:.2f}" for s, _, _ in kinds)
            + "; ns: "
            + ", ".join(f"{s} {sides.of(s, 'ns')[-1]:.0f}" for s in ("probe", "bpftrace", "empty"))
        )
    sides.keep(envelope, {"p50": "us", "ns": "ns CPU an event", "events": "events"})
    return sides


def compared(envelope, name, unit, ours, theirs, noise, at_least=None):
    envelope.comparison(stats.compare(name, unit, ours, theirs, noise, "lower"), at_least=at_least)


def softirq_results(envelope, sides):
    ns = {s: sides.of(s, "ns") for s in ("probe", "probe again", "bpftrace", "empty")}
    compared(
        envelope,
        "softirq probe vs bpftrace ns per event",
        "ns",
        ns["probe"],
        ns["bpftrace"],
        (ns["probe"], ns["probe again"]),
        NS_RATIO,
    )
    net = {s: stats.less(ns[s], ns["empty"]) for s in ("probe", "probe again", "bpftrace")}
    compared(
        envelope,
        "softirq probe vs bpftrace ns per event (above an empty program)",
        "ns",
        net["probe"],
        net["bpftrace"],
        (net["probe"], net["probe again"]),
    )
    added = {s: sides.added(s) for s in ("probe", "probe again", "bpftrace", "empty")}
    # What the probe adds is small enough that noise may take it below zero, where there is no ratio.
    envelope.comparison(
        stats.compare_by_difference(
            "softirq probe vs bpftrace added p50",
            "us",
            added["probe"],
            added["bpftrace"],
            (added["probe"], added["probe again"]),
            "lower",
        )
    )
    for side in ("empty", "probe", "bpftrace"):
        envelope.figure(f"softirq, {side}, per event", "ns", stats.median(ns[side]))
    bare = [value for side in added for value in sides.of(f"none after {side}", "p50")]
    envelope.figure("udp rtt p50, nothing attached", "us", stats.median(bare))
    for side in ("empty", "probe", "bpftrace"):
        envelope.figure(
            f"udp rtt p50, added by {side}",
            "us",
            stats.median(added[side]),
            ci95=stats.median_interval(added[side])[1],
        )


def scheduler(envelope, options, turns, seconds):
    watch, sides = Watchers(options), Sides(SCHED)
    with pinging((0, options.cpu)):
        for turn in range(turns):
            for side in turned(list(SCHED_SIDES), turn):
                with watch(*SCHED_SIDES[side]) as watcher:
                    ns, events = ns_per_event(watcher, lambda: lab.run("sleep", str(seconds)))
                    sides.add(side, "ns", ns)
                    sides.add(side, "events", events)
                    if turn == 0 and not side.endswith("again"):
                        envelope["receipt"]["programs"] += [
                            {**host.program(i), "side": side} for i in watcher.programs()
                        ]
            progress(
                f"turn {turn + 1} of {turns}: ns: "
                + ", ".join(f"{s} {sides.of(s, 'ns')[-1]:.0f}" for s in SCHED_SIDES)
            )
    sides.keep(envelope, {"ns": "ns CPU an event", "events": "events"})
    for ours, theirs in (("wakeup", "runq_latency.bt"), ("guardian", "guardian_sched.bt")):
        compared(
            envelope,
            f"{ours} probe vs bpftrace ns per event",
            "ns",
            sides.of(ours, "ns"),
            sides.of(theirs, "ns"),
            (sides.of(ours, "ns"), sides.of(f"{ours} again", "ns")),
        )
    for side in SCHED_SIDES:
        if not side.endswith("again"):
            envelope.figure(f"{side}, per event", "ns", stats.median(sides.of(side, "ns")))


def notes(envelope):
    for text in (
        "ns per event: run_time_ns / run_cnt of all programs of a side, from the kernel's own "
        "count (the switch of kernel.bpf_stats_enabled), which puts its two clock readings into "
        "every figure: `empty` is what that and the call alone come to.",
        "What a tracepoint costs before a program is entered is not in those ns. It is in the added "
        "p50, taken without the count: bpftrace's programs hang on perf events, the probe's on "
        "the tracepoint itself (tp_btf).",
        "softirq.bt keeps what the probe keeps: raises, raise to entry and entry to exit as log2 "
        "histograms, and the time, all by CPU and vector.",
        "runq_latency.bt and guardian_sched.bt answer less than wakeup and guardian: nothing on "
        "which CPU ran a task, nothing on preempted workers.",
        "p50: interpolated within its bucket of the histogram, whose buckets are 1 % wide. Added p50 "
        "is the p50 with it less that of a run just after it was detached. What the probe adds is "
        "near zero, where a ratio means little: compared is the difference of what both add. The "
        "noise is the probe's, taken twice a turn, each against its own run without it.",
        "Scheduler: two tasks that wake each other through pipes from CPU to CPU. `guardian, of "
        "other tasks` is what switches and wakeups cost that are none of the guardian's.",
    ):
        envelope.note(text)


def run(envelope, options):
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        raise Unsupported(
            "/sys/kernel/btf/vmlinux is missing: the kernel needs CONFIG_DEBUG_INFO_BTF=y"
        )
    if os.cpu_count() < 2:
        raise Unsupported("both ends spin, so two CPUs are needed")
    turns, sched_turns = (
        options.pairs * (1 if options.quick else each) for each in (PING_TURNS, SCHED_TURNS)
    )
    seconds = QUICK_SLICE_S if options.quick else SLICE_S
    bpftrace = host.output("bpftrace", "--version")
    if not bpftrace:
        raise Failure("bpftrace is missing. Type: sudo make deps")
    envelope.workload(
        "a 64 B UDP ping-pong between two namespaces over one veth pair, both ends spinning; two "
        "tasks that wake each other through pipes",
        None,
        payload_bytes=64,
        turns=turns,
        seconds_each=seconds,
    )
    envelope["receipt"]["bpftrace"] = bpftrace
    envelope.ran(
        os.path.join(options.build, "bin", "tp-probe"),
        *(os.path.join(TRACE, s) for s in ("softirq.bt", "runq_latency.bt", "guardian_sched.bt")),
    )
    with lab.joined_pair() as pair:
        envelope["receipt"]["interfaces"] = [
            host.interface(pair.server_if, pair.server),
            host.interface(pair.client_if, pair.client),
        ]
        sides = softirq(envelope, options, pair, turns, seconds)
    softirq_results(envelope, sides)
    scheduler(envelope, options, sched_turns, seconds)
    notes(envelope)
