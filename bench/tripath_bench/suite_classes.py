# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Suite `classes`: agent-shaped load over each path, open loop, both ends blocking.

Class A (steps of fanned-out RPC), B (bursty retrieval), C (verified bulk) and all three at once, at
the rates that tp-bench has built in. The paths run in turn; TCP twice in each turn, for the noise.
"""

from . import stats
from .load_lab import PATHS, Collected, Unanswered, cpu_s_per_gb, cpu_us_per_message, opened, p_us, run_of
from .say import progress

TITLE = "Agent-shaped load over each path"
CLASSES = ("A", "B", "C", "mix")
BASE = "tcp"
SEED = 1


def record(collected, case, side, path, result):
    """All that one run says, under the labels that the report draws by."""
    parts = result.get("classes") or {case: result}
    offered = {c["class"]: c["rate_per_s"] for c in result["workload"]["classes"]}
    for name, part in parts.items():
        labels = {"path": path, "class": "mix" if case == "mix" else name, "wait": "block"}
        if case == "mix":
            labels["part"] = name
        labels["offered_per_s"] = offered[name]
        where = case if case == name else f"{case}, its class {name}"
        for kind in ("step", "intended", "service"):
            histogram = part["latency"][kind]["histogram_ns"]
            collected.add(
                where, side, f"latency {kind}", "us (p99)", p_us(histogram, 99), labels, histogram
            )
        run = run_of(result, None if part is result else part)
        collected.add(where, side, "rate", "steps/s", part["achieved_per_s"], labels, run=run)
    labels = {"path": path, "class": case, "wait": "block"}
    cpu = cpu_us_per_message(result)
    collected.add(case, side, "cpu per message", "us", cpu, labels, run=run_of(result))
    collected.add(case, side, "cpu per GB", "s/GB", cpu_s_per_gb(result), labels)
    collected.add(case, side, "lost requests", "count", result["counts"]["lost"], labels)
    collected.add(case, side, "softirq share", "share", result["cpu"]["softirq_share"], labels)


def compare(envelope, collected, case, path):
    sides = (path, BASE, f"{BASE} again")
    where = "mix, its class A" if case == "mix" else case
    for name, what, unit, at in (
        (f"{path} vs {BASE} class {case} step p99", "latency step", "us", where),
        (f"{path} vs {BASE} class {case} cpu per message", "cpu per message", "us", case),
    ):
        ours, theirs, again = (collected.of(at, side, what) for side in sides)
        if len(ours) != len(theirs):
            envelope.note(f"{name}: not compared, in {len(theirs) - len(ours)} turns none was answered")
            continue
        envelope.comparison(stats.compare(name, unit, ours, theirs, (theirs, again), "lower"))


def run(envelope, options):
    seconds, warmup = (0.3, 0.1) if options.quick else (1.2, 0.2)
    envelope.workload(
        "tp-bench's classes A, B, C and mix at their built-in rates, Poisson and on/off arrivals, "
        "over veth; both ends block",
        SEED,
        seconds=seconds,
    )
    collected, late = Collected(), {}
    with opened(options, envelope) as where:
        for turn in range(options.pairs):
            order = [*PATHS, f"{BASE} again"]
            order = order[turn % len(order) :] + order[: turn % len(order)]
            for case in CLASSES:
                for side in order:
                    path = side.split()[0]
                    more = ("--class", case, "--seed", SEED + turn, "--warmup", warmup)
                    try:
                        result = where.offer(path, "block", seconds, *more)
                    except Unanswered as why:
                        late.setdefault((case, side), str(why))
                        continue
                    record(collected, case, side, path, result)
                    if result["outcome"] != "measured":
                        late.setdefault((case, side), result["why"])
            progress(f"turn {turn + 1} of {options.pairs}")
    collected.keep(envelope)
    for case in CLASSES:
        for path in PATHS:
            what = "mix, its class A" if case == "mix" else case
            for name, unit, values in (
                ("step p99", "us", collected.of(what, path, "latency step")),
                ("cpu per message", "us", collected.of(case, path, "cpu per message")),
                ("lost requests in all turns", "count", [sum(collected.of(case, path, "lost requests"))]),
            ):
                if values:
                    envelope.figure(f"class {case} {name}, {path}", unit, stats.median(values))
            if path != BASE:
                compare(envelope, collected, case, path)
    for (case, side), why in late.items():
        envelope.note(f"{case}, {side}: in some turn: {why}")
    envelope.note(
        "Latency is from when a step was to start (open loop); of mix, class A's steps are compared. "
        "CPU is that of the whole system, by requests and replies alike: veth's NAPI runs on the "
        "sender's CPU, so no split by side is meant."
    )
