# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The envelopes of a report: read, checked, of one host, and each with a name to show."""

import collections
import dataclasses
import glob
import os

from . import envelope, hosts, validate
from .say import Failure


@dataclasses.dataclass(frozen=True)
class Source:
    """An envelope and the file that it came from."""

    path: str
    document: dict
    name: str  # of the suite; with the file and `quick` where that matters

    def __getitem__(self, key):
        return self.document[key]

    @property
    def profiled(self):
        return self.document.get("profile", {}).get("outcome") == "measured"


def default_files():
    """What stands in results/."""
    folder = os.path.dirname(envelope.SCHEMA)
    found = sorted(glob.glob(os.path.join(folder, "*.json")))
    return [os.path.relpath(f) for f in found if not os.path.samefile(f, envelope.SCHEMA)]


def read(paths):
    """{path: document}, each once; Failure names file, place and fault."""
    files = {}
    for path in paths:
        if os.path.realpath(path) not in map(os.path.realpath, files):
            files[path] = validate.read(path)
    if not files:
        raise Failure("there is no envelope to report on. Type: sudo make bench")
    return files


def load(paths, host=None):
    """Sources of one host in the order of @paths."""
    return of(hosts.one_host(read(paths), host))


def load_each(paths):
    """{fingerprint of a host: its sources}."""
    return {mark: of(files) for mark, files in hosts.by_host(read(paths)).items()}


def of(files):
    times = collections.Counter((d["suite"], d["quick"]) for d in files.values())
    return [Source(path, d, shown(path, d, times)) for path, d in files.items()]


def shown(path, document, times):
    name = document["suite"]
    if times[name, document["quick"]] > 1:
        name += f" [{os.path.splitext(os.path.basename(path))[0]}]"
    return name + (" (quick, not a result)" if document["quick"] else "")
