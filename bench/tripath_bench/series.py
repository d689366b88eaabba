# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Labelled repetitions as points that a plot or a table can be made of."""

import dataclasses
import json

from . import stats

US = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}
PATHS = {"tcp": "TCP", "udp": "UDP", "uring": "io_uring", "xsk": "AF_XDP", "rdma": "RDMA"}
AGAIN = " again"  # a side run twice a turn, for noise: never a line of its own
SATURATED = 0.95  # below this share of what was offered, a path could not keep up


@dataclasses.dataclass(frozen=True)
class Point:
    """One repetition with labels, from one envelope."""

    suite: str
    case: str
    side: str
    what: str
    unit: str
    values: list
    labels: dict
    histograms: list
    scale: float  # from the histogram's unit to microseconds
    saturated: bool  # it carried less than it was offered

    def label(self, key):
        return self.labels.get(key)

    @property
    def path(self):
        return self.labels["path"]

    def percentile(self, q):
        """Of every repetition, in microseconds."""
        return [stats.percentile(h, q) * self.scale for h in self.histograms if counted(h)]


def counted(histogram):
    return any(count for _, count in histogram)


def worth(repetition):
    """Whether a repetition says of which path it is, and is not there for noise alone."""
    labelled = "path" in (repetition.get("labels") or {}) and "what" in repetition
    return labelled and bool(repetition["values"]) and not repetition["side"].endswith(AGAIN)


def points(sources):
    """Of all measured envelopes; a profiled one is left out, since sampling is in its timings."""
    found = []
    for source in sources:
        if source["outcome"] == "unsupported" or source.profiled:
            continue
        labelled = [r for r in source["repetitions"] if worth(r)]
        full = overloaded(labelled)
        for r in labelled:
            histograms = r.get("histograms", [])
            scale = US.get(r.get("histogram_unit"), 0)
            found.append(
                Point(
                    suite=source.name,
                    case=r["case"],
                    side=r["side"],
                    what=r["what"],
                    unit=r["unit"],
                    values=r["values"],
                    labels=r["labels"],
                    histograms=histograms if scale and any(map(counted, histograms)) else [],
                    scale=scale,
                    saturated=identity([r["case"], r["side"], r["labels"]]) in full,
                )
            )
    return found


def latencies(all_points):
    return [p for p in all_points if p.histograms and p.what.split()[0] in ("latency", "rtt")]


def grouped(chosen, *keys):
    """{values of @keys: points}; a key is an attribute of a point or one of its labels."""
    groups = {}
    for p in chosen:
        groups.setdefault(tuple(key_of(p, k) for k in keys), []).append(p)
    return dict(sorted(groups.items(), key=lambda item: tuple(map(rank, item[0]))))


def key_of(point, key):
    return getattr(point, key) if key in ("suite", "what", "unit", "case", "side") else point.label(key)


def rank(value):
    """Sorts what is missing first and numbers by size."""
    if value is None:
        return (0, 0, "")
    return (1, value, "") if isinstance(value, (int, float)) else (2, 0, str(value))


def lines(chosen):
    """{name of a line: points}: a path, or its sides where it has several."""
    sides = {}
    for p in chosen:
        sides.setdefault(p.path, set()).add(side_name(p))
    named = {}
    for p in chosen:
        shown = PATHS.get(p.path, p.path)
        side = side_name(p)
        if len(sides[p.path]) > 1 and side.lower() not in (p.path, shown.lower()):
            shown = side
        named.setdefault(shown, []).append(p)
    order = list(PATHS)
    where = lambda item: (order.index(item[1][0].path) if item[1][0].path in order else 99, item[0])
    return dict(sorted(named.items(), key=where))


def side_name(point):
    return point.side.strip()


def titled(**keys):
    """Words of a panel from its labels."""
    words = {
        "what": lambda v: v,
        "class": lambda v: "all classes at once" if v == "mix" else f"class {v}",
        "wait": lambda v: {"spin": "spinning", "block": "blocking"}.get(v, "same core"),
        "outstanding": lambda v: f"{v} outstanding",
        "fanout": lambda v: f"fan-out {v}",
        "size_bytes": size,
        "offered_per_s": lambda v: f"{amount(v)}/s offered",
        "job": str,
    }
    return ", ".join(words[k](v) for k, v in keys.items() if v is not None)


def size(value):
    """64 B, 4 KiB, 1 MiB."""
    for power, unit in ((20, "MiB"), (10, "KiB")):
        if value >= 1 << power and value % (1 << power) == 0:
            return f"{int(value) >> power} {unit}"
    return f"{value:g} B"


def amount(value):
    """20 k, 1.5 M."""
    for power, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= power:
            return f"{value / power:.3g} {unit}"
    return f"{value:.3g}"


def identity(point_like):
    """What a run is told by: all that it yields, latencies and rates, has these alike."""
    return json.dumps(point_like, sort_keys=True)


def overloaded(repetitions):
    """Runs that carried less than they were offered, where an envelope tells what was carried."""
    found = set()
    for r in repetitions:
        offered = r["labels"].get("offered_per_s")
        achieved = [run["messages_per_s"] for run in r.get("runs", []) if "messages_per_s" in run]
        if not achieved and r["what"] == "rate":
            achieved = r["values"]
        if offered and achieved and stats.median(achieved) < SATURATED * offered:
            found.add(identity([r["case"], r["side"], r["labels"]]))
    return found
