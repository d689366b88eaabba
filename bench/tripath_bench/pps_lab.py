# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The bench of suite `pps`: two veth pairs in a namespace, tp-offer at one end, a receiver at the
other.

    tp-offer -> tpb0 ... tpb1 -> receiver or forwarder -> tpo0 ... tpo1 -> counted and dropped

And the same again, made alike, with the classifier attached all the time: to attach it anew for each
run would take longer than the run.
"""

import contextlib
import json
import os
import signal
import subprocess
import time

from . import host, lab
from .say import Failure
from .testpmd import Testpmd

PLAIN = (("tpb0", "tpb1"), ("tpo0", "tpo1"))  # in, out
STEERED = (("tpb2", "tpb3"), ("tpo2", "tpo3"))  # behind the classifier
PORT = 7000
LOCAL, MAC = "10.77.0.1", "02:00:00:00:00:02"  # of the packets that tp-offer sends
RING, BURST = 2048, 64
WARM_S = 0.2
RUN_S = 0.4
ANSWER_S = 5

POLICY = f"""version: 1
name: pps
tenants:
  - name: default
    default: true
services:
  - name: hot
    protocol: udp
    port: {PORT}
    class: rpc
    path: af_xdp
"""


@contextlib.contextmanager
def network():
    """The namespace with all pairs."""
    with lab.namespace("pps") as netns:
        for near, far in (*PLAIN, *STEERED):
            lab.run(
                *lab.inside(netns, "ip", "link", "add", near, "type", "veth", "peer", "name", far)
            )
            for end in (near, far):
                lab.run(*lab.inside(netns, "ethtool", "-K", end, "gro", "off"))
                lab.run(*lab.inside(netns, "ip", "link", "set", end, "up"))
        entry = PLAIN[0][1]
        for end in (entry, STEERED[0][1]):
            lab.run(*lab.inside(netns, "ip", "link", "set", end, "address", MAC))
        # The flows come from where no route leads; the stack should take them all the same.
        off = [f"net.ipv4.conf.{where}.rp_filter=0" for where in ("all", entry)]
        lab.run(*lab.inside(netns, "sysctl", "-qw", *off))
        lab.run(*lab.inside(netns, "ip", "addr", "add", f"{LOCAL}/24", "dev", entry))
        lab.run(*lab.inside(netns, "ip", "route", "add", "default", "dev", entry))
        yield netns


class Xsk:
    """tp-xsk behind the classifier; to drop, or to forward as a wire between two interfaces.
    @bare: behind a program that only redirects, as testpmd's does.
    """

    way = STEERED

    def __init__(self, bench, job, bare=False):
        self.bench, self.job, self.bare, self.process = bench, job, bare, None
        self.entry, self.exit = self.way[0][1], self.way[1][0]

    def start(self):
        if self.bare:
            self._redirect("--interface", self.entry)
        arguments = [
            "--iface",
            self.entry,
            "--spin",
            "--cpu",
            str(self.bench.cpu),
            "--ring",
            str(RING),
        ]
        arguments += ["--batch", str(BURST), "--json", "--interval", "0.1"]
        wire = ["--mode", "forward", "--out", self.exit]
        arguments += ["--mode", "drop"] if self.job == "rx" else wire
        self.process = self.bench.spawn("tp-xsk", *arguments)
        self._next()

    def _redirect(self, *arguments):
        lab.run(*lab.inside(self.bench.netns, self.bench.program("tp-redirect"), *arguments))

    def _next(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"tp-xsk ended: {self.process.stderr.read().strip()}")
        return json.loads(line)

    def counters(self):
        """Of a report that was made after now."""
        now = self._latest()["elapsed_seconds"]
        while True:
            report = self._next()
            if report["elapsed_seconds"] > now + 0.15:
                break
        worker = report["workers"][0]
        return {
            "received": worker["ports"][0]["counters"]["rx_packets"],
            "lost": worker["lost_by_kernel_packets"] + worker["lost_by_sink_packets"],
        }

    def _latest(self):
        """The newest report that is there, or the next."""
        os.set_blocking(self.process.stdout.fileno(), False)
        latest = None
        while line := self.process.stdout.readline():
            latest = line
        os.set_blocking(self.process.stdout.fileno(), True)
        return json.loads(latest) if latest else self._next()

    def receipt(self):
        if self.bare:
            return {"xdp_mode": "native"}
        status = json.loads(self.bench.load("status", self.entry, "--json", "--interval", "0.1"))[
            "interfaces"
        ][0]
        return {"xdp_mode": status["mode"], "program": host.program(status["program_id"])}

    def stop(self):
        end(self.process)
        if self.bare:
            self._redirect("--interface", self.entry, "--undo")


class Dpdk:
    """testpmd with one of its drivers; rxonly, or io as a wire between two interfaces."""

    way = PLAIN

    def __init__(self, bench, job, driver):
        self.bench, self.job, self.driver, self.process = bench, job, driver, None

    def start(self):
        more = ",start_queue=0,queue_count=1"
        if self.driver == "net_af_packet":
            more = ",qpairs=1,blocksz=65536,framesz=2048,framecnt=8192"
            self.bench.gro(True)
        ends = [PLAIN[0][1]] if self.job == "rx" else [PLAIN[0][1], PLAIN[1][0]]
        mode = "rxonly" if self.job == "rx" else "io"
        self.process = Testpmd(
            self.bench.testpmd,
            self.bench.netns,
            [f"{self.driver}{i},iface={end_}{more}" for i, end_ in enumerate(ends)],
            [
                f"--forward-mode={mode}",
                "--nb-cores=1",
                f"--burst={BURST}",
                f"--rxd={RING}",
                f"--txd={RING}",
                "--total-num-mbufs=16384",
            ],
            self.bench.cpu,
            self.bench.sender_cpu,
        )

    def counters(self):
        return self.process.counters()[0]

    def receipt(self):
        return {"command": self.process.command[1:], "said": self.process.said.splitlines()[-12:]}

    def stop(self):
        if self.process:
            self.process.stop()
        self.bench.gro(False)


class Udp:
    """A UDP socket, recvmmsg in batches, spinning."""

    way = PLAIN

    def __init__(self, bench):
        self.bench, self.process = bench, None

    def start(self):
        self.bench.gro(True)
        self.process = self.bench.spawn("tp-udpsink", "--cpu", str(self.bench.cpu))
        self.process.stderr.readline()

    def counters(self):
        self.process.send_signal(signal.SIGUSR1)
        return {"received": json.loads(self.process.stdout.readline())["received_datagrams"]}

    def receipt(self):
        return {"command": self.process.args[2:]}

    def stop(self):
        end(self.process)
        self.bench.gro(False)


def end(process):
    if not process:
        return
    process.terminate()
    try:
        process.communicate(timeout=ANSWER_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Bench:
    """What all sides share."""

    def __init__(self, netns, options, testpmd, flows):
        self.netns, self.options, self.testpmd, self.flows = netns, options, testpmd, flows
        self.cpu, self.sender_cpu = options.cpu, 0 if options.cpu else 1
        self.policy = os.path.join(options.build, "bench", "pps.yaml")
        os.makedirs(os.path.dirname(self.policy), exist_ok=True)
        with open(self.policy, "w", encoding="utf-8") as f:
            f.write(POLICY)

    def program(self, name):
        return os.path.join(self.options.build, "bin", name)

    def load(self, *arguments):
        return lab.run(*lab.inside(self.netns, self.program("tp-load"), *arguments))

    @contextlib.contextmanager
    def attached(self):
        """The classifier where AF_XDP comes in, and where a forwarder sends."""
        ends = STEERED[0][1], STEERED[1][0]
        try:
            for end_ in ends:
                self.load("attach", end_, "--policy", self.policy)
            yield
        finally:
            for end_ in ends:
                # Also after an attach that failed or was cut short: detach clears what that left.
                subprocess.run(
                    lab.inside(self.netns, self.program("tp-load"), "detach", end_),
                    capture_output=True,
                    check=False,
                )

    def spawn(self, name, *arguments):
        return subprocess.Popen(
            lab.inside(self.netns, self.program(name), *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def gro(self, on):
        """A veth has NAPI, without which it takes no redirected frame, while XDP is attached or GRO
        is on; receivers without a program of their own get it from this.
        """
        state = "on" if on else "off"
        lab.run(*lab.inside(self.netns, "ethtool", "-K", PLAIN[0][1], "gro", state))

    def interface_counters(self, name):
        shown = lab.run(*lab.inside(self.netns, "ip", "-j", "-s", "link", "show", "dev", name))
        return json.loads(shown)[0]["stats64"]

    def offer(self, way, seconds, count_at_far_end):
        far = ["--far-end", way[1][1]] if count_at_far_end else []
        return json.loads(
            lab.run(
                *lab.inside(
                    self.netns,
                    self.program("tp-offer"),
                    "--interface",
                    way[0][0],
                    *far,
                    "--cpu",
                    str(self.sender_cpu),
                    "--flows",
                    str(self.flows),
                    "--seconds",
                    str(seconds),
                )
            )
        )

    def measure(self, side, job):
        """One repetition: the program starts, warms up, is offered all that a CPU can send, and
        ends. {rate in Mpps, offered Mpps, frames, lost share}, and what the side says of itself.
        """
        entry, far_end = side.way[0][1], side.way[1][1]
        try:
            side.start()
            self.offer(side.way, WARM_S, job == "fwd")
            time.sleep(0.1)
            before, entered = side.counters(), self.interface_counters(entry)["rx"]["packets"]
            out_before = self.interface_counters(far_end)["rx"]["packets"]
            offered = self.offer(side.way, RUN_S, job == "fwd")
            time.sleep(0.1)
            after = side.counters()
            entered = self.interface_counters(entry)["rx"]["packets"] - entered
            out = self.interface_counters(far_end)["rx"]["packets"] - out_before
            receipt = side.receipt()
        finally:
            side.stop()
        received = after["received"] - before["received"]
        lost = after["lost"] - before["lost"] if "lost" in after else entered - received
        done = offered["arrived_in_time_frames"] if job == "fwd" else received
        return {
            "mpps": done / offered["seconds"] / 1e6,
            "offered_mpps": offered["sent_frames"] / offered["seconds"] / 1e6,
            "sender_cpu_ns": offered["cpu_seconds"] * 1e9 / offered["sent_frames"],
            "sent_frames": offered["sent_frames"],
            "entered_frames": entered,
            "received_frames": received,
            "lost_frames": lost,
            "arrived_frames": offered.get("arrived_frames"),
            "arrived_kernel_frames": out,
        }, receipt
