# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Which envelopes were measured on the same host and kernel, and may therefore stand side by side."""

import hashlib
import json

from .say import Failure

# What makes two hosts different to a measurement. A host has no name here: an envelope keeps none.
FIELDS = (
    "kernel",
    "kernel_build",
    "architecture",
    "cpu_model",
    "cpus",
    "virtualization",
    "governors",
    "clocksource",
    "mitigations_option",
    "mitigations",
)


def identity(document):
    return {field: document["host"].get(field) for field in FIELDS}


def fingerprint(document):
    """Eight digits that stand for a host on a command line."""
    words = json.dumps(identity(document), sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def differing(a, b):
    """[(field, value of a, value of b), ...]; a field that is a table is split into its rows."""
    found = []
    for field, left in identity(a).items():
        right = identity(b)[field]
        if isinstance(left, dict) and isinstance(right, dict):
            rows = sorted(set(left) | set(right))
            found += [
                (f"{field}.{r}", left.get(r), right.get(r)) for r in rows if left.get(r) != right.get(r)
            ]
        elif left != right:
            found.append((field, left, right))
    return found


def words(differences):
    return "; ".join(f"{field}: {a!r} and {b!r}" for field, a, b in differences)


def by_host(files):
    """{fingerprint: {path: document}} of {path: document}."""
    groups = {}
    for path, document in files.items():
        groups.setdefault(fingerprint(document), {})[path] = document
    return groups


def one_host(files, wanted=None):
    """Those of {path: document} that are of one host; Failure where they are of several and none is
    @wanted, a fingerprint or the start of one.
    """
    groups = by_host(files)
    if wanted is not None:
        chosen = [group for mark, group in groups.items() if mark.startswith(wanted)]
        if len(chosen) != 1:
            raise Failure(
                f"--host {wanted} names {len(chosen)} hosts; there are: {listed(groups)}"
            )
        return chosen[0]
    if len(groups) > 1:
        first = next(iter(groups.values()))
        sample = next(iter(first.values()))
        lines = [
            f"  host {mark}: {', '.join(group)}"
            + ("" if group is first else "\n    differs in " + words(differing(sample, next(iter(group.values())))))
            for mark, group in groups.items()
        ]
        raise Failure(
            f"these are results of {len(groups)} hosts or kernels, which are never drawn together:\n"
            + "\n".join(lines)
            + f"\n  Pick one: --host {fingerprint(sample)}; or make a page of each: --each-host"
        )
    return files


def listed(groups):
    return "; ".join(f"{mark}: {', '.join(group)}" for mark, group in groups.items())
