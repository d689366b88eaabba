# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is wrong with an envelope, place by place: the schema, and what a schema cannot say."""

import json

import jsonschema

from . import envelope, stats
from .say import Failure

SHOWN = 120


class Unreadable(Failure):
    """No envelope could be read from the file at all."""


def load(path):
    """The document in a file; Unreadable, naming file and place, where there is none."""

    def refuse(word):
        raise ValueError(f"{word} is no JSON number")

    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f, parse_constant=refuse)
    except OSError as why:
        raise Unreadable(f"{path}: {why.strerror}") from None
    except json.JSONDecodeError as why:
        raise Unreadable(f"{path}:{why.lineno}:{why.colno}: not JSON: {why.msg}") from None
    except ValueError as why:
        raise Unreadable(f"{path}: not JSON: {why}") from None


def place(parts):
    """repetitions[3].values[2] of ("repetitions", 3, "values", 2)."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text or "the document"


def problems(document):
    """[(place, what is wrong), ...]; empty for a valid envelope."""
    found = []
    for error in jsonschema.Draft7Validator(envelope.schema()).iter_errors(
        envelope.light(document)
    ):
        found += [(place(e.absolute_path), brief(e.message)) for e in causes(error)]
    return sorted(found) or beyond_schema(document)


def causes(error):
    """The failures inside an if/then or anyOf, which alone say what to mend."""
    return [leaf for inner in error.context for leaf in causes(inner)] if error.context else [error]


def brief(message):
    """A message quotes the value that it refuses, which may be half a file."""
    return (
        message if len(message) <= SHOWN else f"{message[:SHOWN // 2]} ... {message[-SHOWN // 2:]}"
    )


def beyond_schema(document):
    found = []
    for i, repetition in enumerate(document["repetitions"]):
        at = f"repetitions[{i}]"
        found += lengths(at, repetition)
        for j, histogram in enumerate(repetition.get("histograms", ())):
            bounds = [bound for bound, _ in histogram]
            if any(a >= b for a, b in zip(bounds, bounds[1:])):
                found.append((f"{at}.histograms[{j}]", "bounds do not ascend"))
            if any(count < 0 for _, count in histogram):
                found.append((f"{at}.histograms[{j}]", "a count is below zero"))
    for kind, key in (("figures", "value"), ("comparisons", "ratio")):
        for i, entry in enumerate(document[kind]):
            found += target(f"{kind}[{i}]", entry, entry[key])
    for i, comparison in enumerate(document["comparisons"]):
        for key in ("ci95", "noise", "difference_ci95", "difference_noise"):
            if comparison.get(key) and comparison[key][0] > comparison[key][1]:
                found.append((f"comparisons[{i}].{key}", "the lower end is above the upper one"))
        found += conclusion(f"comparisons[{i}]", comparison)
    return found


def conclusion(at, comparison):
    """What the numbers of a comparison by ratio say of its outcome."""
    ratio, ci95, noise = (comparison[key] for key in ("ratio", "ci95", "noise"))
    if ratio is None or not ci95:
        return []
    if not ci95[0] <= ratio <= ci95[1]:
        return [(f"{at}.ratio", f"{ratio} is outside of its interval")]
    if comparison["outcome"] == "measured" and noise and not stats.stands_out(ci95, noise):
        return [(f"{at}.outcome", "measured, but the interval meets the noise")]
    return []


def lengths(at, repetition):
    count = len(repetition["values"])
    return [
        (f"{at}.{key}", f"{len(repetition[key])} for {count} values: there must be one a value")
        for key in ("histograms", "percentiles", "runs")
        if key in repetition and len(repetition[key]) != count
    ]


def target(at, entry, value):
    """The word `met` must follow from the numbers beside it."""
    goal = entry.get("target")
    if not goal:
        return []
    # An envelope from before estimators were named says `met` of what is inconclusive too.
    if entry.get("outcome") == "inconclusive" and ("estimator" in entry or goal["met"] is None):
        if goal["met"] is None:
            return []
        return [(f"{at}.target.met", f"{goal['met']}, but the comparison is inconclusive")]
    if goal.get("of") == "ci95 low":
        value = entry.get("ci95") and entry["ci95"][0]
    if value is None:
        met = False
    elif "at_least" in goal:
        met = value >= goal["at_least"]
    elif "at_most" in goal:
        met = 0 < value <= goal["at_most"]
    else:
        return [(f"{at}.target", "neither at_least nor at_most")]
    if met == goal["met"]:
        return []
    return [(f"{at}.target.met", f"{goal['met']}, but {value} against the goal says {met}")]


def read(path):
    """A valid envelope; Failure, naming file, place and fault, for anything else."""
    document = load(path)
    found = problems(document)
    if found:
        more = f" (and {len(found) - 1} more: bench/validate {path})" if len(found) > 1 else ""
        raise Failure(f"{path}: at {found[0][0]}: {found[0][1]}{more}")
    return document
