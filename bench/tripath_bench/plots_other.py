# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Plots of comparisons, and of repetitions that carry no labels."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from . import canvas, plots, series, stats

ROW = 0.27  # inches
RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 8, 10, 20, 50, 100)


def forest(source, folder):
    """Every comparison of a suite as an interval: right of 1 tripath is the better."""
    entries = [c for c in source["comparisons"] if c["ratio"] is not None and c["ci95"]]
    if not entries:
        return None
    figure, axes = canvas.grid(1, 1, height=0.9 + ROW * len(entries))
    axis = axes[0, 0]
    for y, entry in enumerate(reversed(entries)):
        _interval(axis, y, entry)
    axis.axvline(1, color=canvas.INK, linewidth=0.9, zorder=1)
    axis.set_yticks(range(len(entries)), [c["name"] for c in reversed(entries)])
    axis.tick_params(axis="y", length=0, labelcolor=canvas.INK)
    axis.set_ylim(-0.7, len(entries) - 0.3)
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.set_xlim(min(low, 0.8), max(high, 1.25))
    low, high = axis.get_xlim()
    axis.xaxis.set_major_locator(
        FixedLocator(RATIOS) if high < 30 * low else LogLocator(subs=(1, 2, 5))
    )
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g} ×"))
    axis.grid(False, axis="y")
    axis.spines["left"].set_visible(False)
    axis.set_xlabel("← the other is better  ·  ratio  ·  tripath is better →")
    figure.legend(
        handles=[
            Line2D([], [], color=canvas.GOOD, marker="o", label="measured, better"),
            Line2D([], [], color=canvas.BAD, marker="o", label="measured, worse"),
            Line2D([], [], color=canvas.UNSURE, marker="o", label="inconclusive"),
            Patch(color=canvas.GRID, label="noise of one side against itself"),
            Line2D(
                [], [], color=canvas.INK, marker="|", markersize=10, linestyle="", label="target"
            ),
        ],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncol=5,
        borderaxespad=0.2,
    )
    caption = f"Suite {source.name}: comparisons, median ratio of the pairs with its 95 % interval"
    return canvas.keep(figure, plots.slug("comparisons", source.name), caption, folder)


def _interval(axis, y, entry):
    if entry["outcome"] == "inconclusive":
        colour = canvas.UNSURE
    else:
        colour = canvas.GOOD if entry["ratio"] > 1 else canvas.BAD
    if entry["noise"]:
        lo, hi = entry["noise"]
        axis.barh(y, hi - lo, 0.62, left=lo, color=canvas.GRID, zorder=1)
    axis.plot(entry["ci95"], [y, y], color=colour, linewidth=2.2, zorder=3, solid_capstyle="butt")
    axis.plot(entry["ratio"], y, marker="o", color=colour, zorder=4)
    goal = entry.get("target", {}).get("at_least")
    if goal:
        axis.plot(
            goal, y, marker="|", color=canvas.INK, markersize=11, markeredgewidth=1.6, zorder=5
        )


def unlabelled(source, folder):
    """One plot a unit: every raw value as a dot, the median and its interval, a row a side."""
    groups = {}
    for r in source["repetitions"]:
        if "path" not in (r.get("labels") or {}) and r["values"]:
            groups.setdefault((r.get("what"), r["unit"]), []).append(r)
    return [_dots(source.name, *key, rows, folder) for key, rows in groups.items()]


def _dots(suite, what, unit, rows, folder):
    cases = list(dict.fromkeys(r["case"] for r in rows))
    lines = [r for case in cases for r in rows if r["case"] == case]
    figure, axes = canvas.grid(1, 1, height=0.8 + 0.21 * (len(lines) + len(cases)))
    axis = axes[0, 0]
    position, ticks, words = 0, [], []
    for case in cases:
        ticks.append(position)
        words.append(case)
        position += 1
        for r in (r for r in lines if r["case"] == case):
            ticks.append(position)
            words.append(r["side"])
            _row(axis, position, r["values"])
            position += 1
    axis.set_ylim(position - 0.4, -0.8)
    axis.set_yticks(ticks, words)
    for label in axis.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() in cases else "normal")
        label.set_color(canvas.INK)
    axis.tick_params(axis="y", length=0)
    axis.grid(False, axis="y")
    axis.spines["left"].set_visible(False)
    values = np.concatenate([r["values"] for r in lines])
    if values.min() > 0 and values.max() > 30 * values.min():
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_minor_locator(NullLocator())
    else:
        axis.set_xlim(left=min(0, values.min()))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda v, _: series.amount(v)))
    axis.set_xlabel(unit)
    shown = f"{what}, {unit}" if what else unit
    caption = f"Suite {suite}: {shown}; each value, the median and its 95 % interval"
    return canvas.keep(figure, plots.slug("values", suite, what, unit), caption, folder)


def curves(source, folder):
    """Percentile curves of repetitions without labels: a panel a case, a line a side."""
    cases = {}
    for r in source["repetitions"]:
        if "path" in (r.get("labels") or {}) or r["side"].endswith(series.AGAIN):
            continue
        if any(map(series.counted, r.get("histograms", ()))) and r["histogram_unit"] in series.US:
            cases.setdefault(r["case"], []).append(r)
    if not cases:
        return []
    columns = min(3, len(cases))
    rows = -(-len(cases) // columns)
    figure, axes = canvas.grid(rows, columns, width=canvas.WIDTH * max(columns, 2) / 3, sharey=True)
    for axis, (case, sides) in zip(axes.flat, cases.items()):
        for i, r in enumerate(sides):
            scale = series.US[r["histogram_unit"]]
            merged = [[b * scale, c] for b, c in stats.merge(r["histograms"])]
            colour = canvas.SIDES[(0, 3, 2, 1, 4)[i % 5]]
            dashes = canvas.DASHES[i // 5 % len(canvas.DASHES)]
            plots.draw_curve(axis, merged, color=colour, linestyle=dashes, label=r["side"])
        axis.set_title(case)
        plots.nines(axis)
    for axis in axes.flat[len(cases) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("microseconds")
    canvas.legend(figure, axes)
    caption = f"Suite {source.name}: percentile curves"
    return [canvas.keep(figure, plots.slug("curves", source.name), caption, folder)]


def _row(axis, y, values):
    middle, (lo, hi) = stats.median_interval(values, draws=plots.DRAWS)
    blue = canvas.COLOURS["tcp"]
    axis.plot(
        [lo, hi], [y, y], color=blue, alpha=0.22, linewidth=7, solid_capstyle="butt", zorder=2
    )
    axis.plot(
        values,
        [y] * len(values),
        "o",
        color=canvas.MUTED,
        markeredgewidth=0,
        alpha=0.7,
        markersize=2.6,
        zorder=3,
    )
    axis.plot(middle, y, "|", color=blue, markersize=11, markeredgewidth=2.2, zorder=4)
