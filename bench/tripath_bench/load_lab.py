# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The bench of suites `classes` and `sweep`: tp-bench at both ends of a veth pair, one path at a time."""

import contextlib
import json
import os
import select
import signal
import subprocess

from . import lab, stats
from .say import Failure

PORT = 7000
INCONCLUSIVE = 4  # tp-bench's exit status where the generator could not keep up
PATHS = ("tcp", "udp", "uring")
READY_S = 10


class Lab:
    """A pair, and how load is offered over it."""

    def __init__(self, pair, options):
        self.pair, self.options = pair, options
        self.bench = os.path.join(options.build, "bin", "tp-bench")
        self.receipts = {}

    def address(self, path):
        """A port for each path: one path's last connections do not stand in another's way."""
        return f"{self.pair.SERVER}:{PORT + PATHS.index(path)}"

    @contextlib.contextmanager
    def server(self, path, wait):
        """The answering end, on CPU 0."""
        server = subprocess.Popen(
            lab.inside(
                self.pair.server,
                *(self.bench, "serve", "--transport", path, "--wait", wait, "--cpu", "0"),
                *("--listen", self.address(path), "--json"),
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if not select.select([server.stdout], [], [], READY_S)[0] or (
                "ready" not in server.stdout.readline()
            ):
                server.kill()
                raise Failure(f"tp-bench serve over {path}: {server.stderr.read().strip()}")
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.communicate()

    def offer(self, path, wait, seconds, *more):
        """What tp-bench says of @seconds of load over @path."""
        command = [
            *(self.bench, "run", "--transport", path, "--to", self.address(path)),
            *("--wait", wait, "--cpu", str(self.options.cpu), "--duration", str(seconds)),
            *("--json", *map(str, more)),
        ]
        with self.server(path, wait):
            done = subprocess.run(
                lab.inside(self.pair.client, *command),
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        if done.returncode not in (0, INCONCLUSIVE):
            raise Failure(f"tp-bench over {path}: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        self.receipts.setdefault(path, result["receipt"])
        return result


def p_us(histogram, q):
    """A percentile in microseconds; None where nothing was counted."""
    return stats.percentile(histogram, q) / 1000 if histogram else None


def cpu_us_per_message(result):
    """CPU time of the whole system by answered requests and their replies."""
    answered = result["counts"]["answered"]
    return 1e6 * result["cpu"]["system"]["busy_s"] / (2 * answered) if answered else None


def cpu_s_per_gb(result):
    moved = result["counts"]["bytes_in"] + result["counts"]["bytes_out"]
    return result["cpu"]["system"]["busy_s"] / (moved / 1e9) if moved else None


class Collected:
    """Values of one case and side, turn by turn, until they become repetitions."""

    def __init__(self):
        self.kept = {}

    def add(self, case, side, what, unit, value, labels, histogram=None):
        if value is None:
            return
        key = (case, side, what, unit, tuple(sorted(labels.items())))
        values, histograms = self.kept.setdefault(key, ([], []))
        values.append(value)
        if histogram is not None:
            histograms.append(histogram)

    def keep(self, envelope):
        for (case, side, what, unit, labels), (values, histograms) in self.kept.items():
            more = {"histograms": histograms, "histogram_unit": "ns"} if histograms else {}
            envelope.repetition(
                case, side, unit, values, what=what, labels=dict(labels), **more
            )

    def of(self, case, side, what):
        for (c, s, w, _, _), (values, _) in self.kept.items():
            if (c, s, w) == (case, side, what):
                return values
        raise KeyError(f"{case}: {what} of {side} was not measured")
