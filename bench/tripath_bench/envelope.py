# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The result envelope: one JSON file a run, valid against results/schema.json."""

import datetime
import hashlib
import json
import os
import re
import subprocess
import time

import jsonschema

from . import host, stats

VERSION = 1
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMA = os.path.join(ROOT, "results", "schema.json")


def schema():
    with open(SCHEMA, encoding="utf-8") as f:
        return json.load(f)


def light(document):
    """@document with every histogram that is what the schema asks for left empty: buckets are most
    of an envelope, and a schema takes seconds to look at a million of them one by one.
    """

    def number(value):
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    def good(histogram):
        return isinstance(histogram, list) and all(
            isinstance(b, list) and len(b) == 2 and number(b[0]) and number(b[1]) for b in histogram
        )

    def emptied(repetition):
        found = repetition.get("histograms") if isinstance(repetition, dict) else None
        if not isinstance(found, list):
            return repetition
        return {**repetition, "histograms": [[] if good(h) else h for h in found]}

    repetitions = document.get("repetitions") if isinstance(document, dict) else None
    if not isinstance(repetitions, list):
        return document
    return {**document, "repetitions": [emptied(r) for r in repetitions]}


def validate(document):
    """Raises jsonschema.ValidationError, whose message says where and what."""
    jsonschema.Draft7Validator(schema()).validate(light(document))


def git_state():
    """Revision and whether the tree differs from it; a result of a dirty tree says so."""

    def git(*args):
        done = subprocess.run(
            ["git", "-C", ROOT, *args], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    # results/ is what a run writes: a second run is not of another tree because the first left its
    # result.
    status = git("status", "--porcelain", "--", ".", ":!results")
    return {"revision": git("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}


def version():
    """Of the programs, as they say it themselves."""
    found = re.search(
        r'TP_VERSION "(.+)"', host.read(os.path.join(ROOT, "loaders", "lib", "version.h"), "") or ""
    )
    return found[1] if found else None


def file_receipt(path):
    """Name, size and hash of a file that ran."""
    with open(path, "rb") as f:
        data = f.read()
    shown = os.path.relpath(path, ROOT) if os.path.abspath(path).startswith(ROOT + os.sep) else path
    return {"path": shown, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def relative(value):
    """@value with every path below the tree as it is named from there: where a tree lies is no result."""
    if isinstance(value, dict):
        return {key: relative(v) for key, v in value.items()}
    if isinstance(value, list):
        return [relative(v) for v in value]
    return value.replace(ROOT + os.sep, "") if isinstance(value, str) else value


class Envelope:
    """Filled by a suite while it runs, closed by finish()."""

    def __init__(self, suite, title, options):
        self.watch = host.Watch()
        self.start = time.monotonic()
        self.document = {
            "schema": VERSION,
            "suite": suite,
            "name": title,
            "outcome": "measured",
            "quick": bool(options.get("quick")),
            "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "duration_s": 0,
            "asked": options,
            "receipt": {
                "git": git_state(),
                "version": version(),
                "files": [],
                "programs": [],
                "interfaces": [],
            },
            "host": host.facts(),
            "workload": {"description": "", "seed": None, "parameters": {}},
            "repetitions": [],
            "figures": [],
            "comparisons": [],
            "notes": [],
        }

    def __getitem__(self, key):
        return self.document[key]

    def workload(self, description, seed, **parameters):
        self.document["workload"] = {
            "description": description,
            "seed": seed,
            "parameters": parameters,
        }

    def note(self, text):
        self.document["notes"].append(text)

    def ran(self, *paths):
        """Files that took part, by hash."""
        self["receipt"]["files"] += [file_receipt(p) for p in paths]

    def repetition(self, case, side, unit, values, **more):
        """Raw values in the order in which they were taken; value i of every side of a case is one
        turn. Percentiles are taken from the histograms where there are some.
        """
        if "histograms" in more and "percentiles" not in more:
            more["percentiles"] = [stats.percentiles(h) for h in more["histograms"]]
        self["repetitions"].append(
            {"case": case, "side": side, "unit": unit, "values": list(values), **more}
        )

    def values(self, case, side, unit=None):
        for r in self["repetitions"]:
            if r["case"] == case and r["side"] == side and unit in (None, r["unit"]):
                return r["values"]
        raise KeyError(f"{case}: {side} was not measured")

    def figure(self, name, unit, value, at_most=None, at_least=None, **more):
        """A figure, beside its target where the project has set one."""
        figure = {"name": name, "unit": unit, "value": value, **more}
        if at_most is not None:
            # A cost below nothing is a failed measurement and not a good one.
            figure["target"] = {"at_most": at_most, "met": 0 < value <= at_most}
        elif at_least is not None:
            figure["target"] = {"at_least": at_least, "met": value >= at_least}
        self["figures"].append(figure)

    def comparison(self, entry, at_least=None, of=None):
        """A comparison, beside its target; @of: "ci95 low" where the interval's lower end is held against
        it and not the ratio. Whether an inconclusive one meets a target is not known: `met` is None.
        """
        if at_least is not None:
            met = None
            if entry["outcome"] == "measured":
                held = entry["ratio"] if of is None else entry["ci95"][0]
                met = held is not None and held >= at_least
            entry["target"] = {"at_least": at_least, **({"of": of} if of else {}), "met": met}
        self["comparisons"].append(entry)

    def adopt(self, document):
        """Makes this the envelope of a run of the same suite on another machine, whose facts are
        the ones that count; what was asked, and when, stays.
        """
        kept = {key: self[key] for key in ("asked", "started")}
        self.document = {**document, **kept}

    def unsupported(self, why):
        self.document.update(outcome="unsupported", why=why)

    def finish(self):
        """Closes and checks the document, and returns it."""
        doc = self.document
        doc["duration_s"] = round(time.monotonic() - self.start, 1)
        doc["host"].setdefault("during", self.watch.report())
        open_ends = [c["name"] for c in doc["comparisons"] if c["outcome"] == "inconclusive"]
        if doc["outcome"] == "measured" and open_ends and len(open_ends) == len(doc["comparisons"]):
            few = all(c["pairs"] < stats.MIN_PAIRS for c in doc["comparisons"])
            why = f"fewer than {stats.MIN_PAIRS} pairs" if few else "no comparison stands out of the noise"
            doc.update(outcome="inconclusive", why=why)
        for key in ("asked", "receipt", "workload", "notes"):
            doc[key] = relative(doc[key])
        validate(doc)
        return doc


def text(document):
    """Indented, with each list of plain values, and each histogram, on one line."""

    def joined(match):
        return "[" + re.sub(r",\n\s+", ", ", match[1]) + "]"

    spread = json.dumps(document, indent=1, allow_nan=False)
    flat = re.sub(r"\[\s+([^][{}]*?)\s+\]", joined, spread)
    return re.sub(r"\[\s+((?:\[[^][{}\n]*\],?\s+)+)\]", lambda m: joined((0, m[1].rstrip())), flat)


def write(document, path):
    """Whole or not at all: a reader never meets half a result."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    temporary = path + ".tmp"
    with open(temporary, "w", encoding="utf-8") as f:
        f.write(text(document) + "\n")
    os.replace(temporary, path)
