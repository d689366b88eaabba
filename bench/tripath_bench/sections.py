# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The sections of the report that judge and draw; each says what is missing where nothing is there."""

import collections
import dataclasses

from . import canvas, crossover, plots, plots_other, series
from .markup import Markup, chip, figure, folded, items, join, missing, table, tag
from .report import interval, number

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
    """[(entry, value in words, goal in words)] of everything with a target."""
    found = []
    for f in source["figures"]:
        if "target" in f:
            found.append((f, f"{number(f['value'])} {f['unit']}", goal(f)))
    for c in source["comparisons"]:
        if "target" in c:
            value = f"{number(c['ratio'])} ×" + (f" [{interval(c['ci95'])}]" if c["ci95"] else "")
            found.append((c, value, goal(c) + " ×"))
    return found


def goal(entry):
    target = entry["target"]
    if "at_most" in target:
        return f"≤ {number(target['at_most'])}"
    return f"≥ {number(target['at_least'])}"


def summary(context):
    rows = []
    for s in context.sources:
        targets = [entry["target"]["met"] for entry, _, _ in judged(s)]
        kinds = collections.Counter(c["outcome"] for c in s["comparisons"])
        git = s["receipt"]["git"]
        marks = [outcome(s["outcome"])]
        marks += [chip("quick: not a result", "warn")] if s["quick"] else []
        marks += [chip("profiled", "warn")] if s.profiled else []
        rows.append(
            [
                tag("b", s["suite"]),
                join([s["name"], " ", join(marks, " ")]),
                f"{sum(targets)} of {len(targets)}" if targets else "–",
                f"{kinds['measured']} of {sum(kinds.values())}" if kinds else "–",
                f"{s['host']['during']['steal_share']:.1%}",
                f"{s['duration_s']:.0f} s",
                s["started"][:16].replace("T", " "),
                (git["revision"] or "none")[:10] + (" and changes" if git["dirty"] else ""),
            ]
        )
    head = ["suite", "question", "targets met", "conclusive", "steal", "took", "started (UTC)", "revision"]
    return table(head, rows, words=2)


def targets(context):
    rows = []
    for s in context.sources:
        for entry, value, aim in judged(s):
            met = entry["target"]["met"]
            verdict = chip("met", "good") if met else chip("missed", "bad")
            if entry.get("outcome") == "inconclusive":
                verdict = join([verdict, chip("inconclusive", "unsure")], " ")
            rows.append((met, [s.name, entry["name"], value, aim, verdict]))
    if not rows:
        return missing("None of these envelopes has a figure or a comparison with a target.")
    text = tag(
        "p",
        "What the project set itself as a goal, missed ones first. A figure is a median; a comparison is a "
        "ratio with its 95 % interval, above 1 where tripath is the better.",
    )
    ordered = [row for met, row in sorted(rows, key=lambda r: r[0])]
    return text + table(["suite", "what", "measured", "goal", ""], ordered, words=2)


def comparisons(context):
    parts = []
    for s in context.sources:
        if not s["comparisons"]:
            continue
        parts.append(context.figures([plots_other.forest(s, context.folder)]))
        rows = [
            [
                c["name"], number(c["ours"]), number(c["theirs"]), c["unit"], number(c["ratio"]),
                interval(c["ci95"]), interval(c["noise"]), str(c["pairs"]), outcome(c["outcome"]),
            ]
            for c in s["comparisons"]
        ]
        head = ["comparison", "ours", "theirs", "unit", "ratio", "95 %", "noise", "pairs", ""]
        parts.append(folded(f"The numbers of suite {s.name}", table(head, rows)))
    if not parts:
        return missing("None of these envelopes compares two sides.", "sudo make bench")
    return join([tag("p", "Two sides in turn. A gain inside the noise is inconclusive."), *parts])


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
    "Median over the repetitions of each percentile, with its 95 % interval as a band; closed loop.",
    "No envelope here has latencies of one path at two sizes or more.",
    "rtt",
)
def against_size(context):
    return plots.against_size(series.latencies(context.points), context.folder)


@drawn(
    "Open loop: latency from the moment at which a message was due, so waiting behind a slow one counts.",
    "No envelope here has latencies of one path at two offered loads or more.",
    "classes",
)
def against_load(context):
    return plots.against_load(series.latencies(context.points), context.folder)


@drawn(
    "All repetitions merged. Each further nine takes as much room as the one before; a line ends where its "
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
    "CPU time of the whole system where an envelope does not say otherwise. With both ends spinning, CPU per "
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


def crossing(context):
    tables = crossover.tables(context.points)
    if not tables:
        return missing(
            "No envelope here has two paths under the same conditions.", 'sudo make bench SUITE="rtt classes"'
        )
    parts = [
        tag(
            "p",
            "The best path of each size and fan-out against the next best, with the 95 % interval of their ratio. "
            "Grey: the interval reaches 1, or there are fewer than five turns, so neither wins.",
        ),
        tag("h3", "Where AF_XDP loses"),
        losses(tables),
    ]
    for t in tables:
        parts += [tag("h3", heading(t)), crossing_table(t)]
    return join(parts)


def heading(t):
    conditions = dict(t.conditions)
    suite = conditions.pop("suite")
    words = series.titled(**conditions)
    return f"{t.metric} ({t.unit}), suite {suite}" + (f": {words}" if words else "")


def crossing_table(t):
    rows = sorted({row for row, _ in t.cells}, key=lambda r: tuple(map(series.rank, r)))
    columns = sorted({column for _, column in t.cells}, key=lambda c: tuple(map(series.rank, c)))
    head = ["", *(series.titled(**dict(zip(crossover.COLUMNS, c))) or "winner" for c in columns)]
    body = [
        tag(
            "tr",
            tag("th", series.titled(**dict(zip(crossover.ROWS, row))) or "any size"),
            *(crossing_cell(t.cells.get((row, column))) for column in columns),
        )
        for row in rows
    ]
    top_ = tag("thead", tag("tr", *(tag("th", h) for h in head)))
    return tag("div", tag("table", top_, tag("tbody", *body), _class="cross"), _class="scroll")


def crossing_cell(cell):
    if cell is None:
        return tag("td", tag("span", "not compared", _class="small"))
    colour = canvas.COLOURS.get(cell.path, canvas.OTHERS[0])
    name = cell.winner if cell.clear else f"{cell.winner} or {cell.runner_up}"
    ratios = f"{number(cell.ratio)} × [{interval(cell.ci95)}] over {cell.runner_up}"
    return tag(
        "td",
        tag("span", name, _class="win"),
        tag("span", ratios, _class="gain"),
        tag("span", ", ".join(f"{n} {amount(v)}" for n, v in cell.values.items()), _class="small"),
        style=f"--c:{colour};background:{colour}16" if cell.clear else None,
    )


def amount(value):
    return series.amount(value) if value >= 10000 else number(value)


def losses(tables):
    path = "xsk"
    beside = [(t, c, cell) for t in tables for c, cell in t.cells.items() if cell.has(path)]
    if not beside:
        return missing("AF_XDP was not measured beside another path.", "sudo make bench SUITE=rtt")
    lost = []
    for t, (row, column), cell in beside:
        if cell.loses(path):
            where = series.titled(
                **dict(zip(crossover.ROWS, row)),
                **dict(zip(crossover.COLUMNS, column)),
                **{k: v for k, v in t.conditions.items() if k != "suite"},
            )
            rest = ", ".join(f"{n} {amount(v)}" for n, v in cell.values.items() if n != cell.winner)
            lost.append(f"{t.metric}, {where}: {cell.winner} {amount(cell.value)} {t.unit} against {rest}")
    head = tag("p", f"Beaten by another path, beyond the interval, in {len(lost)} of the {len(beside)} cells that have it.")
    shown, rest = lost[:OPEN * 2], lost[OPEN * 2 :]
    return head + items(shown) + (folded(f"{len(rest)} more", items(rest)) if rest else Markup(""))


def others(context):
    parts = []
    for s in context.sources:
        if s["outcome"] != "unsupported" and not s.profiled:
            made = context.figures(plots_other.unlabelled(s, context.folder))
            if made:
                parts += [tag("h3", f"Suite {s.name}: {s['name']}"), workload(s), made, readings(s)]
    return join(parts) if parts else missing("Every repetition here is of a path, and stands above.")


def workload(source):
    return tag("p", source["workload"]["description"], _class="small")


def readings(source):
    rows = [[f["name"], number(f["value"]), f["unit"]] for f in source["figures"]]
    return folded(f"Figures of suite {source.name}", table(["figure", "value", "unit"], rows)) if rows else Markup("")
