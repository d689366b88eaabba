# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tp-probe and bpftrace, run around a load: both attached when the constructor returns, both ended
by stop(), which returns what they counted.
"""

import json
import os
import signal
import subprocess
import tempfile
import time

from . import lab, libbpf
from .say import Failure

TRACE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "trace"
)
ATTACH_S = 30
END_S = 30

# bpftrace looks for tracefs; a mount of this namespace's own leaves none on the machine.
WITH_TRACEFS = (
    "[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing || exit; "
    'exec "$@"'
)


class Watcher:
    """A child process that must not outlive the measurement."""

    def __init__(self, command):
        # To a file: a child that dies of a full pipe would be a riddle.
        self.said = tempfile.TemporaryFile("w+")
        self.child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.said, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.child.stdout.close()
        self.said.close()

    def failure(self, what):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.said.seek(0)
        words = self.said.read().strip()
        return Failure(f"{what}: {words or f'exit {self.child.returncode}, no word'}", words)

    def end(self):
        """What is left of the output of a child that was told to end."""
        try:
            out, _ = self.child.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            raise self.failure("it did not end") from None
        if self.child.returncode:
            raise self.failure("it failed")
        return out


class Probe(Watcher):
    """tp-probe; @ready is its first line."""

    def __init__(self, build, kind, *arguments, netns=None):
        command = [os.path.join(build, "bin", "tp-probe"), kind, "--json", *arguments]
        super().__init__(lab.inside(netns, *command) if netns else command)
        line = self.child.stdout.readline()
        if not line:
            raise self.failure(f"tp-probe {kind} did not start")
        self.ready = json.loads(line)
        self.lines = []

    def programs(self):
        return [p["id"] for p in self.ready["programs"]]

    def stop(self):
        """The totals; @lines holds every line after the first."""
        self.child.send_signal(signal.SIGINT)
        self.lines = [json.loads(line) for line in self.end().splitlines()]
        return self.lines[-1]


class Bpftrace(Watcher):
    """A script of trace/, or another."""

    def __init__(self, script, *arguments):
        self.folder = tempfile.TemporaryDirectory()
        fifo = os.path.join(self.folder.name, "end")
        os.mkfifo(fifo)
        # Its child is let go once everything is attached, and opens the fifo; when the fifo is
        # closed the child ends, and bpftrace after it.
        command = ["bpftrace", "-f", "json", "-c", f"/usr/bin/cat {fifo}"]
        path = script if os.path.isabs(script) else os.path.join(TRACE, script)
        super().__init__(
            ["unshare", "--mount", "sh", "-c", WITH_TRACEFS, "sh", *command, path, *arguments]
        )
        self.fifo = self.attached(fifo, script)

    def attached(self, fifo, script):
        end = time.monotonic() + ATTACH_S
        while time.monotonic() < end and self.child.poll() is None:
            try:
                return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads yet
                time.sleep(0.01)
        raise self.failure(f"bpftrace did not attach {script}")

    def __exit__(self, *exception):
        if self.fifo is not None:
            os.close(self.fifo)
        super().__exit__(*exception)
        self.folder.cleanup()

    def programs(self):
        return libbpf.programs_of(self.child.pid)

    def stop(self):
        """{map: value or {key: value}}; a histogram is [{min, max, count}, ...]."""
        os.close(self.fifo)
        self.fifo = None
        maps = {}
        for line in self.end().splitlines():
            if line.strip():
                said = json.loads(line)
                if said["type"] in ("map", "hist"):
                    maps.update(said["data"])
        return maps
