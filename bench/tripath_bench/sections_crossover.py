# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The section of the report that says which path wins where, and where AF_XDP loses."""

from . import canvas, crossover, series
from .markup import Markup, folded, items, join, missing, tag
from .report import interval, number

LISTED = 8  # losses that stand open


def crossing(context):
    tables = crossover.tables(context.points)
    if not tables:
        return missing(
            "No envelope here has two paths under the same conditions.",
            'sudo make bench SUITE="rtt sweep"',
        )
    parts = [
        tag(
            "p",
            "The best path of each size and fan-out against the next best, with the 95 % "
            "interval of their ratio. "
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
            lost.append(
                f"{t.metric}, {where}: {cell.winner} {amount(cell.value)} {t.unit} against {rest}"
            )
    head = tag(
        "p",
        f"Beaten by another path, beyond the interval, in {len(lost)} of the {len(beside)} "
        f"cells that have it.",
    )
    shown, rest = lost[:LISTED], lost[LISTED:]
    return head + items(shown) + (folded(f"{len(rest)} more", items(rest)) if rest else Markup(""))
