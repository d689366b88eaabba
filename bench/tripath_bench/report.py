# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""An envelope as a person wants to read it."""


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def interval(pair):
    return "-" if pair is None else f"{number(pair[0])} to {number(pair[1])}"


def verdict(entry):
    """Of a figure or comparison with a target: "met", "missed", or "inconclusive", where nothing is known."""
    if entry.get("outcome") == "inconclusive" or entry["target"]["met"] is None:
        return "inconclusive"
    return "met" if entry["target"]["met"] else "missed"


def effect(comparison):
    """(value, interval, noise) of a comparison in words: by its ratio, or by its difference."""
    if "difference" not in comparison:
        return tuple(
            [number(comparison["ratio"]), *map(interval, (comparison["ci95"], comparison["noise"]))]
        )
    bound = comparison.get("ratio_at_least")
    return (
        f"{comparison['difference']:+.3g} {comparison['unit']}"
        + ("" if bound is None else f" (>= {number(bound)} x)"),
        interval(comparison["difference_ci95"]),
        interval(comparison["difference_noise"]),
    )


def target(entry):
    goal = entry.get("target")
    if not goal:
        return ""
    limit = (
        f"<= {number(goal['at_most'])}" if "at_most" in goal else f">= {number(goal['at_least'])}"
    )
    of = " (lower end)" if "of" in goal else ""
    word = verdict(entry)
    return f"{limit}{of} {'MISSED' if word == 'missed' else word}"


def table(header, rows):
    """Aligned columns; the first to the left, the others to the right."""
    rows = [header, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def text(doc):
    host, during = doc["host"], doc["host"]["during"]
    git = doc["receipt"]["git"]
    lines = [
        f"{doc['name']}: {doc['outcome']}" + (f", {doc['why']}" if doc.get("why") else ""),
        f"  {host['kernel']}, {host['cpus']} x {host['cpu_model']}, {host['virtualization']}; "
        f"steal {during['steal_share']:.2%}, load {during['load_average_after'][0]:.1f}; "
        f"revision {(git['revision'] or 'none')[:12]}{' and changes' if git['dirty'] else ''}; "
        f"{doc['duration_s']:.0f} s",
    ]
    if doc["quick"]:
        lines.append("  QUICK: short rounds, to try the suite out. This is not a result.")
    if doc["figures"]:
        rows = [[f["name"], number(f["value"]), f["unit"], target(f)] for f in doc["figures"]]
        lines += ["", *table(["figure", "value", "unit", "target"], rows)]
    if doc["comparisons"]:
        rows = [
            [
                c["name"],
                number(c["ours"]),
                number(c["theirs"]),
                c["unit"],
                *effect(c),
                c["outcome"],
                target(c),
            ]
            for c in doc["comparisons"]
        ]
        lines += [
            "",
            *table(
                [
                    "comparison (ratio above 1: ours is better)",
                    "ours",
                    "theirs",
                    "unit",
                    "ratio",
                    "95 %",
                    "noise",
                    "outcome",
                    "target",
                ],
                rows,
            ),
        ]
    if doc["notes"]:
        lines += ["", *(f"  - {note}" for note in doc["notes"])]
    return "\n".join(lines)
