# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How plots look, and how they are kept: SVG for the page, SVG and PNG files beside it."""

import dataclasses
import io
import os
import re

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

# Told apart by colour-blind readers too (after Okabe and Ito); markers say it again.
COLOURS = {
    "tcp": "#0072b2",
    "udp": "#c98200",
    "uring": "#009e73",
    "xsk": "#d55e00",
    "rdma": "#a0518b",
}
MARKERS = {"tcp": "s", "udp": "o", "uring": "^", "xsk": "D", "rdma": "v"}
OTHERS = ("#56606b", "#7b5ea7", "#2f7f86", "#8a6d3b", "#5d8a3b")  # paths without a colour
SIDES = tuple(COLOURS.values())  # of plots in which no path is
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (5, 1, 1, 1)))
INK, MUTED, GRID = "#1f2933", "#616e7c", "#e4e7eb"
GOOD, BAD, UNSURE = "#0b7a5e", "#c2410c", "#9aa5b1"
WIDTH = 9.6  # inches of a whole row; 72 to an inch, as the page shows them

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 8.5,
        "text.color": INK,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": "#9aa5b1",
        "axes.linewidth": 0.8,
        "axes.titlesize": 9,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "lines.linewidth": 1.6,
        "lines.markersize": 4.5,
        "svg.fonttype": "none",
        "figure.dpi": 72,
    }
)


@dataclasses.dataclass
class Plot:
    """A drawn figure: what the page shows, and its words."""

    name: str
    caption: str
    svg: str


def style(path, position=0):
    """Colour and marker of a path; others are told apart by their position."""
    return (
        COLOURS.get(path, OTHERS[position % len(OTHERS)]),
        MARKERS.get(path, "PX*hd"[position % 5]),
    )


def grid(rows, columns, height=2.3, width=WIDTH, **more):
    """(figure, axes by row and column) of small multiples."""
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, rows * height), squeeze=False, constrained_layout=True, **more
    )
    return figure, axes


def legend(figure, axes):
    """One for the whole figure, above it: every line once."""
    handles = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(
            handles.values(), handles, loc="lower left",
            bbox_to_anchor=(0.0, 1.0), ncol=min(len(handles), 6), borderaxespad=0.2,
        )


def keep(figure, name, caption, folder):
    """Saves @figure as SVG and PNG in @folder and returns it as a Plot."""
    base = os.path.join(folder, name)
    text = io.StringIO()
    matplotlib.rcParams["svg.hashsalt"] = name  # the same data give the same file
    figure.savefig(text, format="svg", bbox_inches="tight", pad_inches=0.05, metadata={"Date": None})
    figure.set_layout_engine("none")  # it is laid out
    figure.savefig(base + ".png", dpi=150, bbox_inches="tight", pad_inches=0.1)
    plt.close(figure)
    with open(base + ".svg", "w", encoding="utf-8") as f:
        f.write(text.getvalue())
    return Plot(name, caption, inline(text.getvalue(), name, caption))


def inline(svg, name, caption):
    """@svg as a part of a page: no prologue, no metadata, ids of its own, the page's font."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r"(font: (?:bold )?[\d.]+px) [^;\"]*", r"\1 var(--sans)", svg)
    width = re.search(r'viewBox="\S+ \S+ (\S+) ', svg)[1]
    label = caption.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    head = f'<svg role="img" aria-label="{label}" style="width:{float(width) * 4 / 3:.0f}px"'
    return re.sub(r'<svg((?:\s(?!width|height)[\w:]+="[^"]*")*) ?', head + r"\1 ", drop_size(svg), 1)


def drop_size(svg):
    end = svg.index(">")
    return re.sub(r'\s(width|height|version|xmlns:xlink)="[^"]*"', "", svg[:end]) + svg[end:].replace(
        "xlink:href", "href"
    )
