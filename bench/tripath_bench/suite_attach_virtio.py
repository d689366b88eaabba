# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Suite `attach-virtio`: what suite `attach` measures, in a guest whose interface is virtio-net.

The guest is one of tests/vm/run: Debian's kernel under QEMU's software emulation, one CPU.
Its device hangs on a tap in a namespace of this machine, where the other end runs. Outside, run()
builds that and starts bench/run with this suite in the guest; inside, it measures and prints its
envelope, which is the result: the host of the measurement is the guest.
"""

import contextlib
import json
import os
import subprocess

from . import envelope as envelopes
from . import host, lab
from .attach_lab import POLICY, Ends, iperf_server
from .say import Failure, Unsupported, progress
from .suite_attach import turns

TITLE = "What attaching costs on virtio-net, under software emulation"
SUFFIX = " (virtio-net guest)"
KERNEL = "6.1"
TIMEOUT_S = 280
VM = os.path.join(envelopes.ROOT, "tests", "vm", "run")
TAP = "tpt0"
PEER, GUEST = "10.77.1.1", "10.77.1.2"
REFUSED = 125  # of tests/vm/run: the guest could not be had


class GuestEnds(Ends):
    """The guest's interface, and the far end in the namespace that its tap is in."""

    OFFLOAD = "receive offload"

    def _load(self, *arguments):
        return (self.load, *arguments)

    def _iperf(self, *arguments):
        return (*self.iperf, "-c", PEER, "--reverse", *arguments)

    def _ends(self):
        return ("--only", "ask", "--address", PEER)

    def offload(self, on):
        """The merging of received segments, which an attached XDP program switches off."""
        lab.run("ethtool", "-K", self.at, "rx-gro-hw", "on" if on else "off")


def interface():
    """The virtio-net device, up and with its address."""
    lab.run("modprobe", "virtio_net")
    for name in os.listdir("/sys/class/net"):
        driver = os.path.realpath(f"/sys/class/net/{name}/device/driver")
        if os.path.basename(driver) == "virtio_net":
            lab.run("ip", "addr", "add", f"{GUEST}/24", "dev", name)
            lab.run("ip", "link", "set", name, "up")
            return name
    raise Failure("the guest has no virtio-net device")


def inside_guest(envelope, options):
    at = interface()
    iperf = lab.tool("iperf3", [], options.build)
    where = GuestEnds(at, options, iperf, bulk_s=1 if options.quick else 3, rtt_s=1)
    envelope.workload(
        "bulk TCP to a one-CPU guest and a UDP ping-pong from it, over virtio-net and a tap; "
        "observe.yaml in the guest",
        None,
        bulk_seconds=where.bulk_s,
        congestion_control=where.congestion,
        payload_bytes=64,
    )
    envelope["receipt"]["interfaces"] = [host.interface(at)]
    envelope.ran(where.load, os.path.join(options.build, "bpf", "classifier.bpf.o"), POLICY)
    turns(envelope, where, "native, MTU 1500", SUFFIX, options.pairs)


@contextlib.contextmanager
def peer(options, iperf):
    """The namespace with the tap and the servers of the far end."""
    with lab.namespace("peer") as netns:
        lab.run(*lab.inside(netns, "ip", "tuntap", "add", "dev", TAP, "mode", "tap", "vnet_hdr"))
        lab.run(*lab.inside(netns, "ip", "addr", "add", f"{PEER}/24", "dev", TAP))
        lab.run(*lab.inside(netns, "ip", "link", "set", TAP, "up"))
        answer = (os.path.join(options.build, "bin", "tp-pingpong"), "--only", "answer")
        with iperf_server(netns, iperf):
            server = subprocess.Popen(
                lab.inside(netns, *answer, "--address", PEER), stdout=subprocess.PIPE, text=True
            )
            try:
                if server.stdout.readline() != "ready\n":
                    raise Failure("tp-pingpong --only answer ended before it was ready")
                yield netns
            finally:
                server.kill()
                server.wait()


def prepare():
    """QEMU and the guest's kernel, which tests/vm/run fetches where they are missing."""
    done = subprocess.run(
        [VM, "--kernel", KERNEL, "--prepare"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unsupported(f"no guest can be had: {done.stderr.strip().splitlines()[-1]}")


def command(options, iperf):
    """This suite as it is started in the guest, which finds no iperf3 by itself and can write
    nowhere but to its /tmp.
    """
    (binary,), environment = iperf
    return [
        "env",
        f"LD_LIBRARY_PATH={environment.get('LD_LIBRARY_PATH', '')}",
        f"PATH={os.path.dirname(binary)}:{os.environ['PATH']}",
        os.path.join(envelopes.ROOT, "bench", "run"),
        *("attach-virtio", "--json", "--build", options.build, "--out", "/tmp/envelope.json"),
        *("--cpu", "0", "--pairs", str(options.pairs)),
        *(["--quick"] if options.quick else []),
    ]


def run_guest(netns, options, iperf, beneath):
    """The envelope of the run in the guest; what it says of its progress is passed on. The tap has
    the guest's offloads once something was measured, and nothing attached yet.
    """
    net = f"tap,ifname={TAP},script=no,downscript=no,vhost=off"
    machine = (VM, "--kernel", KERNEL, "--timeout", str(TIMEOUT_S), "--cpus", "1", "--net", net)
    guest = subprocess.Popen(
        lab.inside(netns, *machine, "--", *command(options, iperf)),
        cwd=envelopes.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, document = [], []
    try:
        for line in guest.stdout:
            if document or line == "{\n":
                document.append(line)
            else:
                said.append(line.rstrip())
                progress(f"guest: {said[-1]}")
                if ": nothing:" in line:
                    beneath.setdefault("tap", host.interface(TAP, netns))
        guest.wait()
    finally:
        guest.terminate()
        guest.wait()
    if guest.returncode == REFUSED:
        raise Unsupported("the guest did not run: " + " ".join(said[-5:]))
    try:
        return json.loads("".join(document))
    except ValueError as why:
        raise Failure(f"the guest ended with {guest.returncode}: {' '.join(said[-5:])}") from why


def notes(envelope):
    envelope.note(
        "virtio-net in a guest under QEMU's software emulation (tcg), one CPU: no such machine "
        "serves anybody, and every instruction costs many times its usual share. Read ratios only, "
        "and these as of a host whose CPU is slow against its network. The facts of `host` are the "
        "guest's; those of the machine beneath are in receipt.emulator."
    )
    envelope.note(
        "The sender is a namespace of the machine beneath, on a tap with segmentation offload: "
        "without XDP the guest is handed merged segments of up to 64 KiB (GRO_HW), which an "
        "attached program switches off. The side `nothing, receive offload off` shows how much of "
        "the cost that alone is."
    )
    envelope.note(
        "Bulk: iperf3, one stream, 1 MiB writes, into the guest. Round trips: 64 B over UDP from "
        "the guest, both ends spinning. CPU is all of the guest's, and only the guest's."
    )


def run(envelope, options):
    if os.environ.get("VM_SHARE"):
        inside_guest(envelope, options)
        return
    if os.cpu_count() < 2:
        raise Unsupported("the guest and the end that it talks to both spin: two CPUs are needed")
    prepare()
    options.build = os.path.abspath(options.build)
    iperf = lab.tool("iperf3", ["iperf3", "libiperf0", "libsctp1"], options.build)
    qemu = host.output("qemu-system-x86_64", "--version").splitlines()[0]
    beneath = {**host.facts(), "qemu": qemu, "accelerator": "tcg"}
    watch = host.Watch()
    with peer(options, iperf) as netns:
        envelope.adopt(run_guest(netns, options, iperf, beneath))
    envelope["receipt"]["emulator"] = {**beneath, "during": watch.report()}
    notes(envelope)
