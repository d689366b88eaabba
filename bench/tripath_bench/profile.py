# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Samples a suite with perf, for a flame graph and the share of copy routines.

The event is cpu-clock, a timer of the kernel: virtual machines seldom have hardware counters. Its samples
come with the timer's interrupt, so what runs with interrupts off is charged to where they are on again.
"""

import contextlib
import glob
import os
import signal
import subprocess
import tempfile

from . import flame
from .look import output
from .say import progress

EVENT = "cpu-clock"
HZ = 499  # no multiple of the kernel's tick, which would sample the tick
TOP = 30
VERSIONED = "/usr/bin/perf_[0-9]*"


class NoPerf(Exception):
    """perf is missing or cannot sample here; the message says why."""


def command():
    """A perf that runs, whatever kernel it was packaged for; NoPerf says what is missing.

    Debian's /usr/bin/perf was a script that looked for one of the running kernel's version.
    """
    found = ["perf", *sorted(glob.glob(VERSIONED), reverse=True)]
    for perf in found:
        if output(perf, "--version"):
            return perf
    raise NoPerf("perf is not installed. Type: sudo apt-get install linux-perf")


def probe(perf):
    """NoPerf, with perf's own words, where it cannot open the event."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [perf, "record", "-e", EVENT, "-a", "-g", "-o", os.path.join(folder, "data"), "--", "true"],
            capture_output=True, text=True, check=False,
        )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
        raise NoPerf(f"perf cannot sample {EVENT} here: {said[:300]}")


@contextlib.contextmanager
def sampling(envelope, graph, folded):
    """Samples the whole system while the block runs, and fills the envelope's `profile`. The flame graph
    goes to the file @graph, its stacks to @folded.
    """
    try:
        perf = command()
        probe(perf)
    except NoPerf as why:
        envelope.document["profile"] = {"outcome": "unsupported", "why": str(why)}
        progress(f"no profile: {why}")
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        recorder = subprocess.Popen(
            [perf, "record", "-e", EVENT, "-F", str(HZ), "-a", "-g", "-o", data],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        try:
            yield
        finally:
            recorder.send_signal(signal.SIGINT)
            try:
                said = recorder.communicate(timeout=60)[1]
            except subprocess.TimeoutExpired:
                recorder.kill()
                said = recorder.communicate()[1]
        read = subprocess.run([perf, "script", "-i", data], capture_output=True, text=True, errors="replace", check=False)
        envelope.document["profile"] = result(read, said, envelope["suite"], graph, folded)


def result(read, said, suite, graph, folded):
    counts, idle = flame.stacks(read.stdout)
    if read.returncode or not counts:
        why = " ".join((read.stderr or said or "").split())[:300]
        return {"outcome": "unsupported", "why": f"perf recorded no samples that can be read: {why or 'it says nothing'}"}
    title = f"Flame graph of suite {suite}: {sum(counts.values())} samples at {HZ} Hz"
    for path, text in ((graph, flame.svg(counts, title)), (folded, flame.folded(counts))):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    return {"outcome": "measured", "event": EVENT, "frequency_hz": HZ, "idle_samples": idle,
            **shares(counts), "flame_graph": os.path.basename(graph)}


def shares(counts):
    """How much of the samples lay in copy routines, and where the others lay."""
    total = sum(counts.values())
    by_function = flame.leaves(counts)
    copies = [(name, n) for name, n in by_function if flame.is_copy(name)]
    listed = lambda rows: [{"symbol": name, "share": round(n / total, 6)} for name, n in rows]
    return {
        "samples": total,
        "copy_share": round(sum(n for _, n in copies) / total, 6),
        "copy_routines": listed(copies),
        "top": listed(by_function[:TOP]),
    }
