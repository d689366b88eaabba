# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Envelopes whose answers are known, as inputs of tests. Nothing was measured: each is marked quick, so a
page that is made of them says that it is no result, and they never leave a test's own folder.
"""

import copy
import math
import statistics

from tripath_bench import envelope, stats

TURNS = 5
NORMAL = statistics.NormalDist()
# Microseconds at p50 for an empty message; cost of a KiB; messages a second at most.
PATHS = {"xsk": (3.4, 0.9, 800e3), "udp": (6.7, 0.5, 250e3), "tcp": (8.1, 0.4, 3000e3)}


def histogram(median_ns, spread=0.15, count=20000):
    """A log-normal one with this median: the same every time."""
    counts = {}
    for i in range(400):
        value = median_ns * math.exp(spread * NORMAL.inv_cdf((i + 0.5) / 400))
        bound = round(value / 20) * 20 + 20
        counts[bound] = counts.get(bound, 0) + count // 400
    tail = max(counts)
    for k in range(1, 6):  # a tail that no normal law has
        counts[round(tail * (1 + k * k / 3))] = max(1, count // 10 ** (3 + k // 2))
    return [[b, counts[b]] for b in sorted(counts)]


def turn(value, i):
    """The same value but for a drift that all sides of a turn share."""
    return value * (1 + 0.01 * ((i * 3) % TURNS - 2))


def latency(made, case, path, what, median_us, side=None, spread=0.15, **labels):
    histograms = [histogram(turn(median_us * 1000, i), spread) for i in range(TURNS)]
    made.repetition(
        case, side or path, "us", [turn(median_us, i) for i in range(TURNS)], what=what,
        labels={"path": path, **labels}, histograms=histograms, histogram_unit="ns",
    )


def values(made, case, path, what, unit, value, **labels):
    series = [turn(value, i) for i in range(TURNS)]
    made.repetition(case, path, unit, series, what=what, labels={"path": path, **labels})


def rtt():
    """AF_XDP wins at small sizes with one outstanding and loses the rate at 32 to TCP, and large sizes."""
    made = envelope.Envelope("rtt", "Round trips, as a test has them", {"quick": True})
    made.workload("nothing was sent: known answers for a test", 1)
    for size in (64, 256, 1024, 4096):
        for wait, extra in (("spin", 0), ("block", 45)):
            case = f"{size} B, {wait}"
            labels = {"size_bytes": size, "wait": wait, "fanout": 1}
            for path, (base, per_kib, most) in PATHS.items():
                median = base + extra + per_kib * size / 1024 * (4 if path == "xsk" else 1)
                for out in (1, 32):
                    latency(made, case, path, "latency service", median * (1 + out / 8), outstanding=out, **labels)
                values(made, case, path, "rate", "msg/s", most / (1 + size / 2048), outstanding=32, **labels)
                values(made, case, path, "cpu per message", "us", median / 4, outstanding=1, **labels)
                values(made, case, path, "cpu per GB", "s", median * 1024 / size, outstanding=1, **labels)
            latency(made, case, "xsk", "latency service", 4.7 + extra, side="xsk server, udp client", outstanding=1, **labels)
    made["receipt"]["paths"] = [
        {"path": "xsk", "xdp_mode": "native", "zero_copy": False, "busy_poll": None, "queues": [0], "cpus": {"server": 0}},
        {"path": "uring", "io_uring": {"opcodes": ["RECV", "SEND"], "fallbacks": ["RECV_ZC: EOPNOTSUPP"]}},
        {"path": "tcp", "congestion_control": "cubic"},
        {"path": "rdma", "qp_type": None, "device": None},
    ]
    fast, slow = [turn(3.4, i) for i in range(TURNS)], [turn(6.7, i) for i in range(TURNS)]
    made.comparison(stats.compare("xsk vs udp p50 64B", "us", fast, slow, (fast, fast), "lower"), at_least=1.8)
    made.comparison(stats.compare("xsk vs tcp rate 64B x32", "us", fast, fast, (fast, slow), "lower"))
    made.figure("lag of the schedule, p99", "us", 12.5, at_most=10)
    made.note("These values are inputs of a test.")
    return made.finish()


def classes():
    """Latency grows with load until a path saturates; a step of many requests takes longer."""
    made = envelope.Envelope("classes", "Classes, as a test has them", {"quick": True})
    made.workload("nothing was sent: known answers for a test", 1)
    for fanout in (1, 32):
        for offered in (5e3, 20e3, 80e3):
            for path, (base, _, most) in PATHS.items():
                room = max(0.08, 1 - offered * fanout / most)
                labels = {"class": "A", "size_bytes": 256, "fanout": fanout, "offered_per_s": offered, "wait": "block"}
                case = f"A x{fanout}, {offered:.0f}/s"
                for what, factor in (("latency step", 1 + math.log(fanout)), ("latency intended", 1), ("latency service", room)):
                    latency(made, case, path, what, (base + 20) / room * factor, spread=0.3, **labels)
                carried = min(offered, 0.9 * most / fanout)
                made["repetitions"][-1]["runs"] = [
                    {"seconds": 2, "messages": int(carried * 2), "messages_per_s": carried, "drops": 0, "errors": 0,
                     "cpu_s": {"client": 0.4, "server": 0.5, "system": 1.1, "softirq": 0.2}}
                ] * TURNS
    return made.finish()


def unsupported():
    made = envelope.Envelope("pps", "Rates, as a test has them", {"quick": True})
    made.workload("none", None)
    made.unsupported("no hugetlbfs <here> & nothing to run")
    return made.finish()


def on_another_host(document, **facts):
    other = copy.deepcopy(document)
    other["host"].update(facts)
    return other
