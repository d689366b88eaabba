# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The sections of the report that judge and draw; each says what is missing where nothing is
there."""

import collections
import dataclasses

from . import plots, plots_other, series
from .markup import Markup, chip, figure, folded, items, join, missing, table, tag
from .report import effect, number, verdict

OPEN = 4  # plots of a section that stand open


@dataclasses.dataclass
class Context:
    """What every section may look at."""

    sources: list
    points: list
    folder: str  # of the plots
    drawn: list = dataclasses.field(default_factory=list)

    def figures(self, made):
        """The first few stand open; a reader of the others opens them."""
        made = [p for p in made if p]
        self.drawn += made
        first, rest = made[:OPEN], made[OPEN:]
        more = folded(f"{len(rest)} more", *map(figure, rest)) if rest else Markup("")
        return join(map(figure, first)) + more


def outcome(word):
    return chip(word, {"measured": "good", "unsupported": "warn"}.get(word, "unsure"))


def judged(source):
    """[(entry, value in words, goal in words)] of everything with a target, but of runs in whose
    timings a profiler is.
    """
    found = []
    if source.profiled:
        return found
    for f in source["figures"]:
        if "target" in f:
            found.append((f, f"{number(f['value'])} {f['unit']}", goal(f)))
    for c in source["comparisons"]:
        if "target" in c:
            shown, ends, _ = effect(c)
            by_ratio = "difference" not in c
            value = f"{shown} ×" if by_ratio else shown
            value += f" [{ends}]" if ends != "-" else ""
            of = ", lower end" if "of" in c["target"] else ""
            found.append((c, value, goal(c) + " ×" + of))
    return found


def goal(entry):
    target = entry["target"]
    if "at_most" in target:
        return f"≤ {number(target['at_most'])}"
    return f"≥ {number(target['at_least'])}"


def met(verdicts):
    """How many of these targets were met, and of how many nothing is known."""
    if not verdicts:
        return "–"
    unknown = verdicts.count("inconclusive")
    return f"{verdicts.count('met')} of {len(verdicts)}" + (
        f", {unknown} inconclusive" if unknown else ""
    )


def summary(context):
    rows = []
    for s in context.sources:
        targets = [verdict(entry) for entry, _, _ in judged(s)]
        kinds = collections.Counter(c["outcome"] for c in s["comparisons"] if not s.profiled)
        git = s["receipt"]["git"]
        marks = [outcome(s["outcome"])]
        marks += [chip("quick: not a result", "warn")] if s["quick"] else []
        marks += [chip("profiled", "warn")] if s.profiled else []
        rows.append(
            [
                tag("b", s["suite"]),
                join([s["name"], " ", join(marks, " ")]),
                met(targets),
                f"{kinds['measured']} of {sum(kinds.values())}" if kinds else "–",
                f"{s['host']['during']['steal_share']:.1%}",
                f"{s['duration_s']:.0f} s",
                s["started"][:16].replace("T", " "),
                (git["revision"] or "none")[:10] + (" and changes" if git["dirty"] else ""),
            ]
        )
    head = [
        "suite",
        "question",
        "targets met",
        "conclusive",
        "steal",
        "took",
        "started (UTC)",
        "revision",
    ]
    return table(head, rows, words=2)


def targets(context):
    rows = []
    for s in context.sources:
        for entry, value, aim in judged(s):
            word = verdict(entry)
            mark = chip(word, {"met": "good", "missed": "bad"}.get(word, "unsure"))
            rows.append((word, [s.name, entry["name"], value, aim, mark]))
    if not rows:
        return missing("None of these envelopes has a figure or a comparison with a target.")
    text = tag(
        "p",
        "What the project set itself as a goal, missed ones first, then those of which an "
        "inconclusive comparison says nothing. A figure is a median; a "
        "comparison is a "
        "ratio with its 95 % interval, above 1 where tripath is the better.",
    )
    order = ("missed", "inconclusive", "met")
    ordered = [row for word, row in sorted(rows, key=lambda r: order.index(r[0]))]
    return text + table(["suite", "what", "measured", "goal", ""], ordered, words=2)


def comparisons(context):
    parts = []
    for s in context.sources:
        if not s["comparisons"] or s.profiled:
            continue
        parts.append(context.figures([plots_other.forest(s, context.folder)]))
        rows = [
            [
                c["name"],
                number(c["ours"]),
                number(c["theirs"]),
                c["unit"],
                *effect(c),
                str(c["pairs"]),
                outcome(c["outcome"]),
            ]
            for c in s["comparisons"]
        ]
        head = ["comparison", "ours", "theirs", "unit", "ratio", "95 %", "noise", "pairs", ""]
        parts.append(folded(f"The numbers of suite {s.name}", table(head, rows)))
    if not parts:
        return missing("None of these envelopes compares two sides.", "sudo make bench")
    text = (
        "Two sides in turn; the median of the pairs' ratios, or of their differences where a floor was "
        "taken off (above 0: tripath is the better). A gain inside the noise is inconclusive."
    )
    return join([tag("p", text), *parts])


def drawn(text, need, suites):
    """A section of plots of labelled points; @need says what is missing where there are none."""

    def section(draw):
        def made(context):
            figures = context.figures(draw(context))
            if not figures:
                return missing(need, f"sudo make bench SUITE={suites}")
            return tag("p", text) + figures

        return made

    return section


@drawn(
    "Median over the repetitions of each percentile, with its 95 % interval as a band.",
    "No envelope here has latencies of one path at two sizes or more.",
    "rtt",
)
def against_size(context):
    return plots.against_size(series.latencies(context.points), context.folder)


@drawn(
    "Open loop: latency from the moment at which a message was due, so waiting behind a "
    "slow one counts.",
    "No envelope here has latencies of one path at two offered loads or more.",
    "sweep",
)
def against_load(context):
    return plots.against_load(series.latencies(context.points), context.folder)


@drawn(
    "All repetitions merged. Each further nine takes as much room as the one before; a "
    "line ends where its "
    "count does.",
    "No envelope here has latency histograms.",
    "rtt",
)
def curves(context):
    labelled = plots.curves(series.latencies(context.points), context.folder)
    plain = [
        plot
        for s in context.sources
        if not s.profiled
        for plot in plots_other.curves(s, context.folder)
    ]
    return labelled + plain


@drawn(
    "CPU time of the whole system where an envelope does not say otherwise. With both ends "
    "spinning, CPU per "
    "message is only CPUs over rate: compare blocking ends at a fixed rate, or saturation.",
    "No envelope here has CPU per message or per GB of a path.",
    "rtt",
)
def cpu(context):
    chosen = [p for p in context.points if p.what.startswith("cpu per")]
    return plots.bars(chosen, context.folder, "cpu")


@drawn(
    "What each path carried at most.",
    "No envelope here has rates of a path.",
    "pps",
)
def rates(context):
    chosen = [p for p in context.points if p.what.startswith(("rate", "throughput"))]
    return plots.bars(chosen, context.folder, "rate")


def others(context):
    drawn_above = ("latency", "rtt", "cpu", "rate", "throughput")
    rest = [p for p in context.points if p.what.split()[0] not in drawn_above]
    parts = [context.figures(plots.bars(rest, context.folder, "other"))] if rest else []
    for s in context.sources:
        if s["outcome"] != "unsupported" and not s.profiled:
            made = context.figures(plots_other.unlabelled(s, context.folder))
            if made:
                parts += [tag("h3", f"Suite {s.name}: {s['name']}"), workload(s), made, readings(s)]
    return (
        join(parts) if parts else missing("Every repetition here is of a path, and stands above.")
    )


def workload(source):
    return tag("p", source["workload"]["description"], _class="small")


def readings(source):
    rows = [[f["name"], number(f["value"]), f["unit"]] for f in source["figures"]]
    return (
        folded(f"Figures of suite {source.name}", table(["figure", "value", "unit"], rows))
        if rows
        else Markup("")
    )
