# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Suite `sweep`: each path by message size and fan-out, and by load up to saturation.

Size by fan-out in a closed loop with one step outstanding; load in an open loop of single requests of
512 B, until the generator, the path or the server cannot keep up. Both ends spin on a CPU each.
"""

import os

from .load_lab import PATHS, Collected, Unanswered, opened, p_us, run_of
from .say import Unsupported, progress

TITLE = "Latency by size, fan-out and load"
SIZES = (64, 512, 4096, 16384, 65536)
FANOUTS = (1, 8, 32)
LOADS = (5_000, 20_000, 50_000, 100_000, 200_000)
LOAD_SIZE = 512
SATURATED = 0.95  # of what was offered must be carried, or a higher load is not tried
SEED = 1


def shape(where, collected, seconds, warmup, order, late, quick):
    for size in SIZES[:: 2 if quick else 1]:
        for fanout in FANOUTS[:: 2 if quick else 1]:
            for path in order:
                case = f"{size} B, fan-out {fanout}"
                try:
                    result = where.offer(
                        *(path, "spin", seconds, "--closed", "--size", size, "--fanout", fanout),
                        *("--warmup", warmup, "--class", "A", "--timeout", 300),
                    )
                except Unanswered as why:
                    late.setdefault((case, path), str(why))
                    continue
                labels = {
                    "path": path,
                    "class": "A",
                    "size_bytes": size,
                    "fanout": fanout,
                    "outstanding": 1,
                    "wait": "spin",
                }
                step = result["latency"]["step"]["histogram_ns"]
                collected.add(case, path, "latency step", "us (p50)", p_us(step, 50), labels, step)
                rate = result["achieved_per_s"]
                collected.add(case, path, "rate", "steps/s", rate, labels, run=run_of(result))


def load(where, collected, seconds, warmup, order, late):
    for path in order:
        for rate in LOADS:
            case = f"{LOAD_SIZE} B at {rate}/s"
            try:
                result = where.offer(
                    *(path, "spin", seconds, "--rate", rate, "--size", LOAD_SIZE, "--fanout", 1),
                    *("--warmup", warmup, "--class", "A", "--timeout", 300, "--seed", SEED),
                )
            except Unanswered as why:
                late.setdefault((case, path), str(why))
                break
            labels = {
                "path": path,
                "class": "A",
                "size_bytes": LOAD_SIZE,
                "fanout": 1,
                "offered_per_s": rate,
                "wait": "spin",
            }
            intended = result["latency"]["intended"]["histogram_ns"]
            collected.add(
                case, path, "latency intended", "us (p50)", p_us(intended, 50), labels, intended
            )
            carried = result["achieved_per_s"]
            collected.add(case, path, "rate", "messages/s", carried, labels, run=run_of(result))
            if result["outcome"] != "measured":
                late.setdefault((case, path), result["why"])
            if carried < SATURATED * rate:
                break


def run(envelope, options):
    if os.cpu_count() < 2:
        raise Unsupported("both ends spin, so two CPUs are needed")
    seconds, warmup = (0.15, 0.05) if options.quick else (0.3, 0.05)
    envelope.workload(
        "tp-bench: echoes by size and fan-out, closed loop, one step outstanding; single requests of "
        f"{LOAD_SIZE} B by load, open loop, Poisson; one server, veth, both ends spin",
        SEED,
        seconds=seconds,
        sizes_bytes=SIZES,
        fanouts=FANOUTS,
        offered_per_s=LOADS,
    )
    collected, late = Collected(), {}
    with opened(options, envelope) as where:
        for turn in range(options.pairs):
            order = PATHS[turn % len(PATHS) :] + PATHS[: turn % len(PATHS)]
            shape(where, collected, seconds, warmup, order, late, options.quick)
            load(where, collected, seconds, warmup, order, late)
            progress(f"turn {turn + 1} of {options.pairs}")
    collected.keep(envelope)
    for (case, path), why in late.items():
        envelope.note(f"{case}, {path}: in some turn: {why}")
    envelope.note(
        "Sizes are of whole messages, header of 48 bytes included, request and reply alike. Above a "
        "datagram's size, UDP messages are cut into segments of what the MTU carries. A higher load "
        f"is tried only while {SATURATED:.0%} of the one before was carried."
    )
