# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Which path wins for which size and fan-out, and by how much."""

import dataclasses

from . import series, stats

# Of several latencies of one run, the one that a caller waits for.
PREFERRED = ("latency step", "latency intended")
CONDITIONS = ("suite", "class", "wait", "job")
ROWS, COLUMNS = ("size_bytes", "offered_per_s"), ("fanout", "outstanding")


@dataclasses.dataclass
class Cell:
    """The best line of one size and fan-out against the next best."""

    winner: str
    path: str
    value: float
    runner_up: str
    ratio: float
    ci95: list
    clear: bool
    values: dict  # line: median
    paths: set

    def has(self, path):
        return path in self.paths

    def loses(self, path):
        """Whether a path is beaten by another one beyond the interval."""
        return self.clear and self.path != path


@dataclasses.dataclass
class Table:
    """Cells by (ROWS, COLUMNS) under the same conditions."""

    metric: str
    unit: str
    conditions: dict
    cells: dict


def metrics(points):
    """(name, unit, "lower" or "higher", [(point, values)]) of what paths can be ranked by."""
    latency = series.latencies(points)
    for q in (50, 99):
        pick = [p for p in latency if preferred(p, latency)]
        yield f"p{q}", "us", "lower", [(p, p.percentile(q)) for p in pick]
    for what, better in (("rate", "higher"), ("cpu per message", "lower"), ("cpu per GB", "lower")):
        for (unit,), members in series.grouped(
            [p for p in points if p.what == what and not offered(p, what)], "unit"
        ).items():
            yield what, unit, better, [(p, p.values) for p in members]


def offered(point, what):
    """Whether a rate is only what was asked for: open loop."""
    return what == "rate" and point.label("offered_per_s") is not None


def preferred(point, others):
    """Whether no better kind of latency was taken in the same suite and class."""
    kinds = {
        p.what for p in others if (p.suite, p.label("class")) == (point.suite, point.label("class"))
    }
    best = next((k for k in PREFERRED if k in kinds), point.what)
    return point.what == best


def tables(points):
    found = []
    for metric, unit, better, chosen in metrics(points):
        by_point = {id(p): values for p, values in chosen}
        for conditions, members in series.grouped([p for p, _ in chosen], *CONDITIONS).items():
            cells = {}
            for place, inside in series.grouped(members, *ROWS, *COLUMNS).items():
                lines = {n: line[0] for n, line in series.lines(inside).items()}
                if len({p.path for p in lines.values()}) > 1:
                    cells[place[:2], place[2:]] = cell(lines, by_point, better)
            cells = {place: c for place, c in cells.items() if c}
            if cells:
                found.append(Table(metric, unit, dict(zip(CONDITIONS, conditions)), cells))
    return found


def cell(lines, values, better):
    """The winner of a cell; None where a median is not above zero and a ratio means nothing."""
    ranked = sorted(
        ((stats.median(values[id(p)]), name, p) for name, p in lines.items()),
        key=lambda item: item[0],
        reverse=better == "higher",
    )
    (best, winner, ours), (_, second, theirs) = ranked[:2]
    pair = (values[id(ours)], values[id(theirs)])
    if better == "lower":
        pair = pair[::-1]
    # Value i of two sides of one case is one turn.
    together = (
        ours.case == theirs.case and ours.suite == theirs.suite and len(pair[0]) == len(pair[1])
    )
    gain = (stats.ratio_interval if together else stats.unpaired_ratio_interval)(*pair)
    if gain is None:
        return None
    ratio, interval = gain
    enough = min(len(pair[0]), len(pair[1])) >= stats.MIN_PAIRS
    return Cell(
        winner,
        ours.path,
        best,
        second,
        ratio,
        interval,
        enough and interval[0] > 1,
        {name: value for value, name, _ in ranked},
        {p.path for _, _, p in ranked},
    )
