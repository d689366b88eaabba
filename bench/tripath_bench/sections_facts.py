# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The sections of the report that tell what ran, where, and what could not."""

import os

from . import hosts
from .markup import Markup, chip, folded, items, join, missing, table, tag, tree
from .report import effect, number


def profiles(context):
    with_profile = [s for s in context.sources if "profile" in s.document]
    if not with_profile:
        return missing("No envelope here was profiled.", "sudo make bench SUITE=attach PROFILE=1")
    parts = [
        tag(
            "p",
            "Sampled by perf with the software event cpu-clock; the idle loop is left out. "
            "Wider is more CPU time; "
            "the colour says kernel, copying, or user space. Sampling is in these runs' "
            "timings, so no plot above "
            "is drawn from them.",
        )
    ]
    for s in with_profile:
        parts += [tag("h3", f"Suite {s.name}"), profile(s)]
    return join(parts)


def profile(source):
    p = source["profile"]
    if p["outcome"] == "unsupported":
        return tag("p", chip("unsupported", "warn"), " ", p["why"])
    share = f"{p['copy_share']:.1%} of {p['samples']} samples were in copy routines"
    found = ", ".join(f"{c['symbol']} {c['share']:.1%}" for c in p["copy_routines"][:6])
    parts = [tag("p", tag("b", share), f": {found}." if found else ".")]
    graph = os.path.join(os.path.dirname(source.path), p.get("flame_graph", ""))
    if p.get("flame_graph") and os.path.isfile(graph):
        with open(graph, encoding="utf-8") as f:
            svg = f.read()
        parts.append(
            tag(
                "figure",
                Markup(svg[svg.index("<svg") :]),
                _class="flame",
                id=f"flame-{source['suite']}",
            )
        )
    elif p.get("flame_graph"):
        parts.append(missing(f"Its flame graph, {graph}, is not there."))
    rows = [[t["symbol"], f"{t['share']:.1%}"] for t in p["top"]]
    parts.append(folded("Where the samples lay", table(["function", "share"], rows)))
    return join(parts)


def receipts(context):
    text = tag("p", "What really ran, which is not always what was asked for.")
    return text + join(folded(f"Suite {s.name}: {gist(s)}", receipt(s)) for s in context.sources)


def gist(source):
    r = source["receipt"]
    words = [f"XDP mode {r['xdp_mode']}"] if r.get("xdp_mode") else []
    words += [f"{i['name']} ({i['driver']})" for i in r["interfaces"]]
    programs = len(r["programs"])
    words += [f"{programs} BPF program{'s' * (programs > 1)}"] if programs else []
    return ", ".join(words) or "nothing ran"


def receipt(source):
    r = source["receipt"]
    parts = []
    if r.get("paths"):
        parts += [tag("h3", "Paths, as obtained"), tree(r["paths"])]
    if r["interfaces"]:
        parts += [tag("h3", "Interfaces"), tree(r["interfaces"])]
    if r["programs"]:
        rows = [
            [p["name"], p["tag"], "yes" if p["jited"] else "no", str(p.get("jited_bytes", "–"))]
            for p in r["programs"]
        ]
        parts += [
            tag("h3", "BPF programs"),
            table(["program", "tag", "compiled", "bytes"], rows, words=3),
        ]
    if r["files"]:
        rows = [[f["path"], tag("code", f["sha256"][:16])] for f in r["files"]]
        parts += [tag("h3", "Files"), table(["file", "SHA-256 begins"], rows, words=2)]
    shown = ("paths", "interfaces", "programs", "files")
    parts += [tag("h3", "The rest"), tree({k: v for k, v in r.items() if k not in shown})]
    return join(
        [
            *parts,
            tag("h3", "Asked for"),
            tree(source["asked"]),
            tag("h3", "Workload"),
            tree(source["workload"]),
        ]
    )


def host(context):
    facts = context.sources[0]["host"]
    steady = {k: v for k, v in facts.items() if k not in ("during", "nics", "mitigations")}
    rows = []
    for s in context.sources:
        during = s["host"]["during"]
        spent = during["cpu_s"]
        busy = sum(v for k, v in spent.items() if k not in ("idle", "iowait", "steal"))
        rows.append(
            [
                s.name,
                f"{busy:.0f} s",
                f"{spent.get('softirq', 0):.1f} s",
                f"{during['steal_share']:.2%}",
                f"{during['load_average_before'][0]:.2f} to {during['load_average_after'][0]:.2f}",
                by_cpu(during.get("softirqs_by_cpu", {}).get("NET_RX")),
            ]
        )
    head = [
        "suite",
        "CPU busy",
        "of it softirq",
        "stolen",
        "load, before to after",
        "NET_RX by CPU",
    ]
    mark = hosts.fingerprint(context.sources[0].document)
    parts = [
        tag("p", f"Host {mark}: everything on this page was measured on it, under one kernel."),
        table(head, rows),
        folded("Kernel, CPU and settings", tree(steady)),
        folded("Mitigations", tree(facts["mitigations"])),
    ]
    if facts.get("nics"):
        parts.append(
            folded(
                "Network interfaces of the host: queues, RSS, XPS, interrupts", tree(facts["nics"])
            )
        )
    return join(parts)


def by_cpu(counts):
    return " / ".join(f"{n:,}" for n in counts) if counts else "–"


def open_ends(context):
    """What was unsupported or inconclusive, and why."""
    rows = []
    for s in context.sources:
        if s["outcome"] != "measured":
            rows.append([s.name, "the whole suite", chip(s["outcome"], "warn"), s["why"]])
        for c in s["comparisons"]:
            if c["outcome"] == "inconclusive" and not s.profiled:
                value, ends, noise = effect(c)
                unit = "" if "difference" in c else " ×"
                how = f" ({value}{unit} [{ends}], noise {noise})" if ends != "-" else ""
                rows.append([s.name, c["name"], chip("inconclusive", "unsure"), c["why"] + how])
        for r in s["repetitions"]:
            if r.get("outcome") in ("unsupported", "inconclusive"):
                rows.append(
                    [
                        s.name,
                        f"{r['case']}: {r['side']}",
                        chip(r["outcome"], "unsure"),
                        r.get("why", ""),
                    ]
                )
    lost = losses(context)
    if not rows:
        text = "Nothing: every suite ran, and every comparison stands out of its noise."
        return tag("p", text) + lost
    return table(["suite", "what", "outcome", "why"], rows, words=4) + lost


def losses(context):
    """Runs that dropped or failed messages, and how late the generator sent, where that is told."""
    rows = []
    for s in context.sources:
        for r in s["repetitions"]:
            runs = r.get("runs", [])
            dropped, failed = (sum(run.get(k, 0) for run in runs) for k in ("drops", "errors"))
            lags = [run["schedule_lag_ns"] for run in runs if "schedule_lag_ns" in run]
            late = max((lag.get("p99", lag["max"]) / 1000 for lag in lags), default=None)
            if dropped or failed or late is not None:
                moved = sum(run.get("messages", 0) for run in runs)
                name = f"{r['case']}: {r['side']}"
                lag = "–" if late is None else f"{number(late)} us"
                rows.append([s.name, name, f"{moved:,}", f"{dropped:,}", f"{failed:,}", lag])
    if not rows:
        return Markup("")
    header = ["suite", "runs", "messages", "dropped", "failed", "worst p99 of the schedule's lag"]
    rows = [
        list(row) for row in dict.fromkeys(map(tuple, rows))
    ]  # one a run, not one a figure of it
    return tag("h3", "Losses, and lag of the generator") + table(header, rows, words=2)


def notes(context):
    parts = []
    for s in context.sources:
        if s["notes"]:
            parts += [tag("h3", f"Suite {s.name}"), items(s["notes"])]
    return join(parts) if parts else missing("No envelope here has notes.")
