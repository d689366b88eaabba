# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What changed between two envelopes of one suite, beyond noise.

The runs were made at different times, so their values are no pairs: medians are drawn apart. There
are many rows, and by chance alone one in twenty 95 % intervals would miss 1, so each interval is
widened until all of them together hold at 95 % (Bonferroni). A change counts when its whole
interval lies beyond whatever a side differed from itself by in either run, and beyond a tolerance
for what a machine drifts between two runs.
"""

import json
import re

from . import hosts, report, series, stats
from .say import Failure

TOLERANCE = 0.05
LOWER, HIGHER = "lower", "higher"


def check(a, b, across_hosts):
    """Failure where two envelopes are not of the same suite, or not of the same host."""
    if a["suite"] != b["suite"]:
        raise Failure(f"suite {a['suite']} and suite {b['suite']} measure different things")
    if a["quick"] != b["quick"]:
        raise Failure("one of them is of a quick run, which is not a result")
    different = hosts.differing(a, b)
    if different and not across_hosts:
        raise Failure(
            f"different hosts or kernels: {hosts.words(different)}. What changed may be the "
            f"machine; "
            "to look nevertheless: --across-hosts"
        )


def compare(a, b, tolerance=TOLERANCE):
    """Rows: {kind, name, unit, before, after, ratio, interval, noise, verdict, why}, in the order
    of A."""
    count = max(1, len(_repetitions(a).keys() & _repetitions(b).keys()))
    confidence = 100 - (100 - stats.CONFIDENCE) / count
    return [
        *_outcomes(a, b),
        *_compare_comparisons(a, b, tolerance),
        *_compare_repetitions(a, b, tolerance, confidence),
        *_compare_figures(a, b, tolerance),
    ]


def worse(rows):
    return any(row["verdict"] == "worse" for row in rows)


def _row(kind, name, unit, **more):
    empty = dict.fromkeys(("before", "after", "ratio", "interval", "noise", "why"))
    return {"kind": kind, "name": name, "unit": unit, **empty, "verdict": "same", **more}


def _outcomes(a, b):
    """A suite that no longer measures has changed, whatever its figures were."""
    if a["outcome"] == b["outcome"]:
        return []
    order = ("measured", "inconclusive", "unsupported")
    fell = order.index(b["outcome"]) > order.index(a["outcome"])
    why = f"{a['outcome']} before, {b['outcome']} now" + (f": {b['why']}" if b.get("why") else "")
    return [_row("outcome", "the whole suite", "", verdict="worse" if fell else "better", why=why)]


def _only(kind, name, unit, where):
    return _row(kind, name, unit, verdict="only in A" if where == "a" else "only in B")


def _matched(kind, a, b):
    """(rows of what only one has, [(name, entry of a, entry of b)])."""
    left, right = ({e["name"]: e for e in doc[kind + "s"]} for doc in (a, b))
    alone = [_only(kind, n, e["unit"], "a") for n, e in left.items() if n not in right]
    alone += [_only(kind, n, e["unit"], "b") for n, e in right.items() if n not in left]
    return alone, [(n, left[n], right[n]) for n in left if n in right]


def _compare_comparisons(a, b, tolerance):
    """Ratios, which are above 1 where tripath is the better: apart when their intervals are. Where both
    were judged by a difference, that, which is above 0.
    """
    alone, both = _matched("comparison", a, b)
    rows = []
    for name, before, after in both:
        if "difference" in before and "difference" in after:
            rows.append(_goal(_difference(name, before, after), before, after))
            continue
        row = _row("comparison", name, "×", before=before["ratio"], after=after["ratio"])
        if not (before["ci95"] and after["ci95"] and before["ratio"] and after["ratio"]):
            row["why"] = "no ratio in one of them"
            if before["ci95"] and not after["ci95"] and "difference" not in after:
                row.update(verdict="worse", why="there is no ratio any more")
        else:
            row["ratio"] = after["ratio"] / before["ratio"]
            row["interval"] = [
                after["ci95"][0] / before["ci95"][1],
                after["ci95"][1] / before["ci95"][0],
            ]
            noises = [entry["noise"] for entry in (before, after) if entry["noise"]]
            row["noise"] = max(1 + tolerance, *(_reach(n) for n in noises), 1)
            if stats.apart(before["ci95"], after["ci95"]) and beyond(row["interval"], row["noise"]):
                row["verdict"] = "better" if row["ratio"] > 1 else "worse"
        rows.append(_goal(row, before, after))
    return rows + alone


def _difference(name, before, after):
    """The gap between two intervals has to be wider than any noise of either run."""
    row = _row(
        "comparison", name, before["unit"], before=before["difference"], after=after["difference"]
    )
    old, new = before["difference_ci95"], after["difference_ci95"]
    noise = max(abs(end) for entry in (before, after) for end in entry["difference_noise"])
    if max(new[0] - old[1], old[0] - new[1]) > noise:
        row["verdict"] = "better" if row["after"] > row["before"] else "worse"
    return row


def _goal(row, before, after):
    """Says when a target is met no more, or at last; that alone is no change beyond noise."""
    was, now = (report.verdict(e) if "target" in e else None for e in (before, after))
    if {was, now} == {"met", "missed"}:
        row["why"] = "the target is met now" if now == "met" else "the target is no longer met"
    return row


def _repetitions(document):
    return {
        (
            r["case"],
            r["side"],
            r.get("what"),
            r["unit"],
            json.dumps(r.get("labels"), sort_keys=True),
        ): r
        for r in document["repetitions"]
        if r["values"]
    }


def _compare_repetitions(a, b, tolerance, confidence):
    left, right = _repetitions(a), _repetitions(b)
    better = _directions(a, b)
    rows = []
    for key, before in left.items():
        name = _name(before)
        if key not in right:
            rows.append(_only("repetition", name, before["unit"], "a"))
            continue
        noise = _noise(key, (left, right), tolerance)
        rows.append(_values(name, before, right[key], noise, better, confidence))
    rows += [
        _only("repetition", _name(r), r["unit"], "b") for key, r in right.items() if key not in left
    ]
    return rows


def _name(repetition):
    shown = series.titled(
        **{
            k: v
            for k, v in (repetition.get("labels") or {}).items()
            if k in ("size_bytes", "fanout", "outstanding", "offered_per_s", "wait")
        }
    )
    parts = (repetition["case"], repetition["side"], repetition.get("what"), shown)
    return ": ".join(p for p in parts if p)


def _values(name, before, after, noise, better, confidence):
    row = _row(
        "repetition",
        name,
        before["unit"],
        before=stats.median(before["values"]),
        after=stats.median(after["values"]),
        noise=noise,
    )
    few = min(len(before["values"]), len(after["values"]))
    if few < stats.MIN_PAIRS:
        row["why"] = f"{few} values, fewer than {stats.MIN_PAIRS}: nothing can be said"
        return row
    if row["before"] == row["after"] == 0:
        return row
    change = stats.unpaired_ratio_interval(after["values"], before["values"], confidence)
    if change is None:
        row["why"] = "a median is not above zero: there is no ratio"
        return row
    row["ratio"], row["interval"] = change
    if beyond(row["interval"], noise):
        way = better.get(before["unit"]) or direction(before["unit"])
        if way is None:
            row.update(verdict="changed", why="it is not known which way is the better")
        else:
            row["verdict"] = "better" if (row["ratio"] > 1) == (way == HIGHER) else "worse"
    return row


def _compare_figures(a, b, tolerance):
    """A figure has no interval of its own: it is held against the widest noise of either run."""
    noises = [c["noise"] for doc in (a, b) for c in doc["comparisons"] if c["noise"]]
    noise = max([1 + tolerance, *map(_reach, noises)])
    better = _directions(a, b)
    alone, both = _matched("figure", a, b)
    rows = []
    for name, before, after in both:
        row = _row(
            "figure",
            name,
            before["unit"],
            before=before["value"],
            after=after["value"],
            noise=noise,
        )
        if before["value"] > 0 and after["value"] > 0:
            row["ratio"] = after["value"] / before["value"]
            if beyond([row["ratio"]] * 2, noise):
                way = _aim(before) or better.get(before["unit"]) or direction(before["unit"])
                row["verdict"] = (
                    "changed"
                    if way is None
                    else "better"
                    if (row["ratio"] > 1) == (way == HIGHER)
                    else "worse"
                )
        rows.append(_goal(row, before, after))
    return rows + alone


def _aim(figure):
    goal = figure.get("target", {})
    return LOWER if "at_most" in goal else HIGHER if "at_least" in goal else None


def beyond(interval, noise):
    """Whether all of @interval is farther from 1 than the factor @noise."""
    return interval[0] > noise or interval[1] < 1 / noise


def _reach(interval):
    return max(interval[1], 1 / interval[0]) if interval[0] > 0 else float("inf")


def _noise(key, runs, tolerance):
    """The largest factor by which a side of this case and kind differed from itself in either
    run."""
    widest = 1 + tolerance
    case, _, what, unit, _ = key
    for run in runs:
        for (c, side, w, u, labels), again in run.items():
            first = run.get((c, side.removesuffix(series.AGAIN), w, u, labels))
            if (c, w, u) != (case, what, unit) or not side.endswith(series.AGAIN) or first is None:
                continue
            if len(first["values"]) == len(again["values"]):
                found = stats.ratio_interval(again["values"], first["values"])
                widest = max(widest, _reach(found[1])) if found else widest
    return widest


def _directions(*documents):
    """{unit: "lower" or "higher"} as the envelopes' own comparisons say."""
    return {c["unit"]: c["better"] for doc in documents for c in doc["comparisons"]}


def direction(unit):
    """Which way is the better of a unit that no comparison speaks of; None where it cannot be
    told."""
    if re.search(r"(pps|/s)$", unit):
        return HIGHER
    if re.match(r"(ns|us|ms|s|CPU|softirq|lost|drops|errors)\b", unit):
        return LOWER
    return None


def text(rows, everything=False, colour=False):
    """A line a row that changed, or all of them; and a count."""
    tint = {"worse": "31", "better": "32", "changed": "33"} if colour else {}
    counts = {}
    lines = []
    for row in rows:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
        if (
            row["verdict"] == "same"
            and not everything
            and not (row["why"] and "target" in row["why"])
        ):
            continue
        line = f"  {row['verdict']:<9} {row['kind']:<10}  {row['name']}"
        if row["after"] is not None and row["before"] is not None:
            line += f": {row['before']:.4g} -> {row['after']:.4g} {row['unit']}"
        if row["ratio"] is not None:
            line += f", {row['ratio']:.3g} x"
        if row["interval"]:
            line += f" [{row['interval'][0]:.3g} to {row['interval'][1]:.3g}]"
        if row["noise"]:
            line += f", noise {row['noise']:.3g} x"
        line += f" ({row['why']})" if row["why"] else ""
        code = tint.get(row["verdict"])
        lines.append(f"\033[{code}m{line}\033[0m" if code else line)
    total = (
        ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items())) or "nothing to compare"
    )
    return "\n".join([*lines, total])
