# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The report: one HTML page that needs nothing beside itself, and the plots as files."""

import contextlib
import os
import re

from . import hosts, sections, sections_crossover, sections_facts, series
from .look import read
from .markup import Markup, join, table, tag
from .report import verdict

TITLE = "tripath: what was measured"
STEAL = 0.02  # of a run's CPU time: above it, neighbours of a virtual machine are in the figures
# The page says itself that it loads nothing: a browser refuses what would.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

SECTIONS = (
    ("summary", "Suites", sections.summary),
    ("targets", "Targets", sections.targets),
    ("comparisons", "Comparisons", sections.comparisons),
    ("latency-size", "Latency against size", sections.against_size),
    ("latency-load", "Latency against load", sections.against_load),
    ("curves", "Percentile curves", sections.curves),
    ("cpu", "CPU per message and per GB", sections.cpu),
    ("rates", "Rates", sections.rates),
    ("crossover", "Crossover", sections_crossover.crossing),
    ("others", "Other measurements", sections.others),
    ("profile", "Profiles", sections_facts.profiles),
    ("open", "Unsupported and inconclusive", sections_facts.open_ends),
    ("receipts", "Receipts", sections_facts.receipts),
    ("host", "Host", sections_facts.host),
    ("notes", "Notes", sections_facts.notes),
)


def build(sources, folder):
    """Writes index.html and plots/ into @folder and returns (path of the page, plots)."""
    plots = os.path.join(folder, "plots")
    os.makedirs(plots, exist_ok=True)
    forget(folder, plots)
    context = sections.Context(sources, series.points(sources), plots)
    bodies = [(ident, title, section(context)) for ident, title, section in SECTIONS]
    path = os.path.join(folder, "index.html")
    write(path, document(context, bodies))
    return path, context.drawn


def forget(folder, plots):
    """Removes the plots of an earlier report, which this one replaces, and nothing else."""
    before = read(os.path.join(folder, "index.html"), "")
    for name in re.findall(r'<figure id="plot-([a-z0-9-]+)"', before):
        for kind in ("svg", "png"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(plots, f"{name}.{kind}"))


def entrance(groups, folder):
    """Writes the page that leads to those of several hosts, {mark: sources}; returns its path."""
    rows = []
    for mark, sources in groups.items():
        facts = sources[0]["host"]
        cpu = f"{facts['cpus']} × {facts['cpu_model']}"
        link = tag("a", tag("code", mark), href=f"{mark}/index.html")
        suites = ", ".join(s.name for s in sources)
        rows.append([link, facts["kernel"], cpu, facts["virtualization"], suites])
    text = "Results of different hosts or kernels are never drawn together: each has its own page."
    header = ["host", "kernel", "CPU", "virtualization", "suites"]
    main = tag(
        "main", tag("h1", TITLE), tag("p", text, _class="lead"), table(header, rows, words=5)
    )
    path = os.path.join(folder, "index.html")
    write(path, shell(tag("div", tag("nav"), main, _class="page")))
    return path


def document(context, bodies):
    links = [
        tag("li", tag("a", title, empty(body), href=f"#{ident}")) for ident, title, body in bodies
    ]
    nav = tag("nav", tag("b", "Contents"), tag("ol", *links))
    parts = [tag("section", tag("h2", title), body, id=ident) for ident, title, body in bodies]
    main = tag("main", *top(context), *parts, footer(context))
    return shell(tag("div", nav, main, _class="page"))


def write(path, text):
    """Whole or not at all."""
    with open(path + ".tmp", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".tmp", path)


def shell(body):
    with open(os.path.join(os.path.dirname(__file__), "page.css"), encoding="utf-8") as f:
        css = Markup(f.read())
    head = tag(
        "head",
        Markup(
            '<meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
        ),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        Markup('<link rel="icon" href="data:,">'),
        tag("title", TITLE),
        tag("style", css),
    )
    return f'<!DOCTYPE html>\n<html lang="en">{head}{tag("body", body)}</html>\n'


def empty(body):
    """Marks a section of which nothing was measured."""
    nothing = body.startswith('<p class="missing">')
    return tag("span", "–", _class="mark") if nothing else Markup("")


def top(context):
    facts = context.sources[0]["host"]
    judged = [verdict(entry) for s in context.sources for entry, _, _ in sections.judged(s)]
    timed = [s for s in context.sources if not s.profiled]
    compared = [c["outcome"] for s in timed for c in s["comparisons"]]
    memory = f", {facts['memory_bytes'] / 2**30:.0f} GiB" if facts.get("memory_bytes") else ""
    tiles = [
        ("targets met", sections.met(judged), True),
        (
            "comparisons out of the noise",
            f"{compared.count('measured')} of {len(compared)}" if compared else "–",
            True,
        ),
        ("suites", str(len({s["suite"] for s in context.sources})), True),
        ("kernel", f"{facts['kernel']} ({facts['architecture']})", False),
        ("CPU", f"{facts['cpus']} × {facts['cpu_model']}{memory}", False),
        ("virtualization", facts["virtualization"], False),
    ]
    lead = (
        "Every number here comes from a result envelope, and every one from the same host "
        "and kernel. "
        "Medians over repetitions; intervals are 95 % bootstrap intervals."
    )
    return [
        tag("h1", TITLE),
        tag("p", lead, _class="lead"),
        tag(
            "div",
            *(
                tag("div", tag("div", k, _class="k"), tag("div", v, _class="v big" if big else "v"))
                for k, v, big in tiles
            ),
            _class="facts",
        ),
        *(tag("p", warning, _class="banner") for warning in warnings(context.sources)),
    ]


def warnings(sources):
    """What a reader must know before the first number."""
    quick = [s.path for s in sources if s["quick"]]
    if quick:
        rest = "beside results" if len(quick) < len(sources) else "and no results"
        yield join(
            [
                tag("b", "Quick runs, "),
                f"{rest}: {', '.join(quick)}. Their rounds were short, "
                "to try a suite out; nothing may be concluded from them.",
            ]
        )
    revisions = {s["receipt"]["git"]["revision"] for s in sources}
    if len(revisions) > 1:
        yield f"These envelopes are of {len(revisions)} revisions of the tree; see the suites."
    dirty = [s.name for s in sources if s["receipt"]["git"]["dirty"]]
    if dirty:
        yield f"The tree had uncommitted changes when this was measured: {', '.join(dirty)}."
    stolen = [s.name for s in sources if s["host"]["during"]["steal_share"] > STEAL]
    if stolen:
        names = ", ".join(stolen)
        yield f"More than {STEAL:.0%} of the CPU time went to other guests of the machine: {names}."


def footer(context):
    files = join((tag("code", s.path) for s in context.sources), ", ")
    mark = hosts.fingerprint(context.sources[0].document)
    return tag(
        "footer",
        "Made by bench/report from ",
        files,
        f"; host {mark}. Plots also stand in plots/, as SVG and PNG.",
    )
