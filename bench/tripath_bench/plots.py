# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Plots of labelled repetitions: latency against size and load, percentile curves, bars."""

import re

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from . import canvas, series, stats

QS = (50, 99, 99.9)
SHOWN = 6  # percentile curves a figure
DRAWS = 2000
NINES = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)


def slug(*parts):
    words = "-".join(str(p) for p in parts if p is not None)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def against_size(points, folder):
    """Latency against message size where nothing was offered by a schedule."""
    chosen = [p for p in points if p.label("size_bytes") and not p.label("offered_per_s")]
    keys = ("suite", "what", "class", "fanout", "wait", "job")
    return _against(chosen, "size_bytes", keys, "outstanding", folder, "size")


def against_load(points, folder):
    """Latency against offered load, up to where a path no longer keeps up."""
    chosen = [p for p in points if p.label("offered_per_s")]
    keys = ("suite", "class", "size_bytes", "fanout", "wait", "job")
    return _against(chosen, "offered_per_s", keys, "what", folder, "load")


def _against(points, x, keys, row_key, folder, word):
    plots = []
    for group, members in series.grouped(points, *keys).items():
        rows = {}
        for (row,), of_row in series.grouped(members, row_key).items():
            lines = series.lines(of_row)
            if any(len({p.label(x) for p in line}) > 1 for line in lines.values()):
                rows[row] = lines
        if not rows:
            continue
        named = dict(zip(keys, group))
        suite = named.pop("suite")
        figure, axes = canvas.grid(len(rows), len(QS), sharex=True, sharey="row")
        for axis_row, (row, lines) in zip(axes, rows.items()):
            for axis, q in zip(axis_row, QS):
                for i, (name, line) in enumerate(lines.items()):
                    _line(axis, line, name, x, q, i)
                title = f"p{q:g}"
                panel = series.titled(**{row_key: row})
                axis.set_title(f"{title} · {panel}" if panel else title)
                _log_y(axis)
                (_size_x if x == "size_bytes" else _load_x)(axis, members)
            axis_row[0].set_ylabel("microseconds")
        label = "message size" if x == "size_bytes" else "messages offered a second"
        for axis in axes[-1]:
            axis.set_xlabel(label)
        canvas.legend(figure, axes)
        caption = _caption(suite, f"latency against {label}", named)
        if x == "offered_per_s":
            caption += ". Hollow: less than 95 % of what was offered was carried"
        plots.append(canvas.keep(figure, slug("latency", word, suite, *group[1:]), caption, folder))
    return plots


def _line(axis, line, name, x, q, position):
    line = sorted(line, key=lambda p: p.label(x))
    colour, marker = canvas.style(line[0].path, position)
    middle, low, high = [], [], []
    for p in line:
        m, (lo, hi) = stats.median_interval(p.percentile(q), draws=DRAWS)
        middle.append(m)
        low.append(lo)
        high.append(hi)
    xs = [p.label(x) for p in line]
    dash = canvas.DASHES[0] if name == series.PATHS.get(line[0].path) else canvas.DASHES[position % 4]
    axis.plot(xs, middle, color=colour, linestyle=dash, marker=marker, label=name, zorder=3)
    axis.fill_between(xs, low, high, color=colour, alpha=0.16, linewidth=0)
    full = [i for i, p in enumerate(line) if p.saturated]
    axis.plot(
        [xs[i] for i in full], [middle[i] for i in full], linestyle="none", marker=marker,
        color=colour, markerfacecolor="white", zorder=4,
    )


def _log_y(axis):
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    axis.yaxis.set_major_locator(LogLocator(subs=steps(high / low)))
    axis.yaxis.set_major_formatter(FuncFormatter(_plain))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.grid(False, axis="x")


def steps(span):
    """Where to put ticks within each power of ten, so that a few fall into an axis of this span."""
    if span > 300:
        return (1,)
    return (1, 2, 5) if span > 8 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8) if span > 1.6 else np.arange(1, 10, 0.25)


def _plain(value, _=None):
    return f"{value:,.0f}" if value >= 100 else f"{value:g}"


def _size_x(axis, points):
    sizes = sorted({p.label("size_bytes") for p in points})
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(FixedLocator(sizes))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda v, _: series.size(v).replace(" B", "")))
    if len(sizes) > 7:
        axis.tick_params(axis="x", rotation=45)


def _load_x(axis, points):
    loads = [p.label("offered_per_s") for p in points]
    if max(loads) > 8 * min(loads):
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda v, _: series.amount(v)))


def curves(points, folder):
    """Percentile curves as HdrHistogram draws them: each nine takes as much room as the last."""
    keys = ("suite", "what", "class", "wait", "outstanding", "fanout", "job")
    plots = []
    for group, members in series.grouped(points, *keys).items():
        panels = series.grouped(members, "size_bytes", "offered_per_s")
        names = list(panels)
        if len(names) > SHOWN:
            names = [names[i] for i in np.linspace(0, len(names) - 1, SHOWN).round().astype(int)]
        columns = min(3, len(names))
        rows = -(-len(names) // columns)
        figure, axes = canvas.grid(rows, columns, width=canvas.WIDTH * max(columns, 2) / 3, sharey=True)
        for axis, panel in zip(axes.flat, names):
            lines = series.lines(panels[panel])
            for i, (name, line) in enumerate(lines.items()):
                _curve(axis, line, name, i)
            axis.set_title(series.titled(size_bytes=panel[0], offered_per_s=panel[1]) or "all")
            nines(axis)
        for axis in axes.flat[len(names) :]:
            axis.set_visible(False)
        for axis in axes[:, 0]:
            axis.set_ylabel("microseconds")
        canvas.legend(figure, axes)
        named = dict(zip(keys, group))
        suite = named.pop("suite")
        caption = _caption(suite, "percentile curves", named)
        if len(names) < len(panels):
            caption += f". {len(names)} of {len(panels)} sizes or loads are drawn"
        plots.append(canvas.keep(figure, slug("curves", suite, *group[1:]), caption, folder))
    return plots


def _curve(axis, line, name, position):
    colour, _ = canvas.style(line[0].path, position)
    dash = canvas.DASHES[0] if name == series.PATHS.get(line[0].path) else canvas.DASHES[position % 4]
    merged = stats.merge([[[b * p.scale, c] for b, c in h] for p in line for h in p.histograms])
    draw_curve(axis, merged, color=colour, linestyle=dash, label=name)


def draw_curve(axis, histogram, **look):
    """One line over a histogram in microseconds."""
    total = sum(count for _, count in histogram)
    shares, bounds = zip(*stats.curve(histogram))
    # The last sample would lie at infinitely many nines; it is drawn at the count's own limit.
    xs = [np.log10(min(1 / max(1 - share, 1e-12), total)) for share in shares]
    axis.plot([0, *xs], [bounds[0], *bounds], linewidth=1.4, **look)


def nines(axis):
    _log_y(axis)
    right = axis.get_xlim()[1]
    shown = [n for n in NINES if -np.log10(1 - n) <= right]
    axis.set_xlim(left=0)
    axis.xaxis.set_major_locator(FixedLocator([-np.log10(1 - n) for n in shown]))
    axis.xaxis.set_major_formatter(
        FuncFormatter(lambda v, _: f"{round(100 * (1 - 10 ** -v), 6):g}%" if v < 4.5 else f"{v:.0f} nines")
    )
    axis.tick_params(axis="x", labelsize=6.8)
    axis.xaxis.set_minor_locator(NullLocator())
    axis.grid(True, axis="x")


def bars(points, folder, word):
    """Medians with intervals, a group of bars a size (or load, fan-out, whatever varies most)."""
    plots = []
    labels = ("size_bytes", "offered_per_s", "fanout", "outstanding", "wait", "class", "job")
    for (suite, what, unit), members in series.grouped(points, "suite", "what", "unit").items():
        many = {k: len({p.label(k) for p in members}) for k in labels}
        x = max(labels, key=lambda k: many[k])
        rest = [k for k in labels if k != x and many[k] > 1]
        fixed = {k: members[0].label(k) for k in labels if k != x and many[k] == 1}
        panels = series.grouped(members, *rest) if rest else {(): members}
        columns = min(2, len(panels))
        rows = -(-len(panels) // columns)
        figure, axes = canvas.grid(rows, columns, width=canvas.WIDTH * (1 if columns > 1 else 0.7))
        for axis, (panel, inside) in zip(axes.flat, panels.items()):
            _grouped_bars(axis, inside, x)
            axis.set_title(series.titled(**dict(zip(rest, panel))))
        for axis in axes.flat[len(panels) :]:
            axis.set_visible(False)
        for axis in axes[:, 0]:
            axis.set_ylabel(unit)
        canvas.legend(figure, axes)
        caption = _caption(suite, what, fixed) + "; medians, with their 95 % intervals"
        plots.append(canvas.keep(figure, slug(word, suite, what, unit), caption, folder))
    return plots


def _grouped_bars(axis, points, x):
    lines = series.lines(points)
    groups = sorted({p.label(x) for p in points}, key=series.rank)
    width = 0.8 / len(lines)
    for i, (name, line) in enumerate(lines.items()):
        colour, _ = canvas.style(line[0].path, i)
        at = [groups.index(p.label(x)) + (i - (len(lines) - 1) / 2) * width for p in line]
        found = [stats.median_interval(p.values, draws=DRAWS) for p in line]
        middle = [m for m, _ in found]
        reach = [[m - lo for m, (lo, _) in found], [hi - m for m, (_, hi) in found]]
        axis.bar(at, middle, width * 0.9, color=colour, label=name, alpha=0.85)
        axis.errorbar(at, middle, reach, fmt="none", ecolor=canvas.INK, elinewidth=0.9, capsize=1.5)
    axis.set_xticks(range(len(groups)), [series.titled(**{x: g}) or "-" for g in groups])
    axis.grid(False, axis="x")
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda v, _: series.amount(v)))


def _caption(suite, what, named):
    words = series.titled(**named)
    return f"Suite {suite}: {what}" + (f", {words}" if words else "")
