# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Suite `pps`: how many small packets a second a receiver takes, and a forwarder passes on.

Live frames of BPF_PROG_RUN over a veth pair into tp-xsk behind the classifier, against DPDK's
testpmd over AF_XDP and over AF_PACKET, and against a UDP socket with recvmmsg.
"""

import os

from . import host, pps_lab, stats, testpmd
from .say import Failure, Unsupported, progress

TITLE = "Packet rate"
FLOWS = 64
MANY_FLOWS = 20_000
SIZE = 64
TURNS = 4  # for each of --pairs
PROGRAMS = ("tp-xsk", "tp-load", "tp-offer", "tp-udpsink", "tp-redirect")

# (side, path, job, what it is compared as, the project's target)
SIDES = (
    ("tp-xsk", "xsk", "rx", None, None),
    ("testpmd net_af_xdp", "testpmd-af_xdp", "rx", "xsk rx vs testpmd af_xdp", 1.05),
    ("testpmd net_af_packet", "af_packet", "rx", "xsk rx vs af_packet", 8),
    ("recvmmsg", "recvmmsg", "rx", "xsk rx vs recvmmsg", None),
    ("tp-xsk again", "xsk", "rx", None, None),
    ("tp-xsk, bare redirect", "xsk-redirect", "rx", None, None),
    ("tp-xsk", "xsk", "fwd", None, None),
    ("testpmd net_af_xdp", "testpmd-af_xdp", "fwd", "xsk fwd vs testpmd af_xdp", 1.0),
    ("tp-xsk again", "xsk", "fwd", None, None),
)
CASES = {"rx": "receive", "fwd": "forward"}


def side_of(bench, path, job):
    if path.startswith("xsk"):
        return pps_lab.Xsk(bench, job, bare=path == "xsk-redirect")
    if path == "recvmmsg":
        return pps_lab.Udp(bench)
    return pps_lab.Dpdk(bench, job, "net_af_xdp" if path == "testpmd-af_xdp" else "net_af_packet")


def check(name, job, taken):
    """No frame may vanish between two counters, and what a program says must be what the kernel
    saw.
    """
    slack = 2 * pps_lab.RING  # still in a ring when it was asked
    if taken["received_frames"] + taken["lost_frames"] > taken["entered_frames"] + slack:
        raise Failure(f"{name}: more frames were received and lost than entered: {taken}")
    if job == "fwd" and abs(taken["arrived_frames"] - taken["arrived_kernel_frames"]) > slack:
        raise Failure(f"{name}: the far end and its interface disagree: {taken}")


def take_turns(bench, receipt, rounds):
    """{(side, job): [what measure() gives, turn by turn]}."""
    taken = {(name, job): [] for name, _, job, _, _ in SIDES}
    for turn in range(rounds):
        for i in range(len(SIDES)):
            name, path, job, _, _ = SIDES[(i + turn) % len(SIDES)]
            one, said = bench.measure(side_of(bench, path, job), job)
            check(name, job, one)
            taken[name, job].append(one)
            receipt.setdefault(f"{name}, {CASES[job]}", said)
            progress(
                f"turn {turn + 1} of {rounds}: {CASES[job]}: {name}: {one['mpps']:.2f} of "
                f"{one['offered_mpps']:.2f} Mpps"
            )
    return taken


def keep_raw(envelope, taken):
    for name, path, job, _, _ in SIDES:
        ones = taken[name, job]
        told = [k for k, v in ones[0].items() if k != "mpps" and v is not None]
        more = {k: [one[k] for one in ones] for k in told}
        envelope.repetition(
            CASES[job],
            name,
            "Mpps",
            [one["mpps"] for one in ones],
            what="rate",
            labels={"path": path, "size_bytes": SIZE, "job": job},
            **more,
        )


def compare(envelope, taken):
    def rates(name, job):
        return [one["mpps"] for one in taken[name, job]]

    for name, _, job, against, target in SIDES:
        lost = [max(0.0, 1 - one["mpps"] / one["offered_mpps"]) for one in taken[name, job]]
        if not name.endswith("again"):
            envelope.figure(f"{CASES[job]}, {name}", "Mpps", stats.median(rates(name, job)))
            envelope.figure(f"{CASES[job]}, {name}, lost", "share", stats.median(lost))
            if job == "rx":
                cost = stats.median([one["sender_cpu_ns"] for one in taken[name, job]])
                envelope.figure(f"{CASES[job]}, {name}, sending CPU a frame", "ns", cost)
        if against:
            noise = (rates("tp-xsk", job), rates("tp-xsk again", job))
            envelope.comparison(
                stats.compare(
                    against, "Mpps", rates("tp-xsk", job), rates(name, job), noise, "higher"
                ),
                at_least=target,
            )


def bare(envelope, taken):
    """The two loops alone, and the classifier alone, out of the same turns."""

    def rates(name):
        return [one["mpps"] for one in taken[name, "rx"]]

    noise = (rates("tp-xsk"), rates("tp-xsk again"))
    mine = rates("tp-xsk, bare redirect")
    for name, theirs in (
        ("xsk rx behind a bare redirect vs testpmd af_xdp", rates("testpmd net_af_xdp")),
        ("xsk rx behind a bare redirect vs behind the classifier", rates("tp-xsk")),
    ):
        envelope.comparison(stats.compare(name, "Mpps", mine, theirs, noise, "higher"))


def many_flows(envelope, bench, rounds):
    """tp-xsk alone again, where the flow table no longer fits the caches next to the CPU."""
    bench.flows = MANY_FLOWS
    ones = [bench.measure(pps_lab.Xsk(bench, "rx"), "rx")[0] for _ in range(rounds)]
    rates = [one["mpps"] for one in ones]
    envelope.repetition(
        f"receive, {MANY_FLOWS} flows",
        "tp-xsk",
        "Mpps",
        rates,
        what="rate",
        labels={"path": "xsk", "size_bytes": SIZE, "job": "rx", "flows": MANY_FLOWS},
    )
    envelope.figure(f"receive, tp-xsk, {MANY_FLOWS} flows", "Mpps", stats.median(rates))


def notes(envelope, bench):
    for text in (
        f"What ran where, for every side: CPU {bench.sender_cpu} makes the frames, and runs the "
        "receiving veth's NAPI with its XDP program or the stack up to the socket, since a "
        f"veth's NAPI runs on the CPU that sent; CPU {bench.cpu} runs the receiving program alone, "
        "spinning. A forwarder's sending, up to the far end's counter, is on its own CPU.",
        "So a receiver that keeps up leaves the rate to the other CPU: there the classifier "
        "(parse, flow table, policy, counters for queue, service and tenant) stands in tp-xsk's "
        "way, and a program that only redirects in testpmd's. The comparison is of whole paths.",
        "`bare redirect`: tp-xsk once more, behind a program that only redirects, as testpmd's does: "
        "what is left is the two receiving loops, and what it gains on tp-xsk is the classifier.",
        "`sending CPU a frame`: CPU time of the sending thread, in which NAPI, the XDP program or "
        "the stack run too; waiting for the CPU is not in it.",
        "Rates: receive is what the program counted over the time from the first frame sent to the "
        "last; forward is what arrived at the far end within it. Lost frames are counted by "
        "the program or the kernel and stand with each repetition.",
        "testpmd net_af_xdp attaches libxdp's own program, without the dispatcher, which this "
        "kernel may refuse. Tried and without effect here: busy_budget 0 and 64, also with "
        "napi_defer_hard_irqs, and rings of 512 and 2048. Hugepages were not tried.",
        "AF_PACKET and recvmmsg have no XDP program: NAPI comes from GRO on the veth. Tried and not "
        "better: an empty XDP program instead, rings of other sizes, 256 messages a call.",
        "All on veth in copy mode: AF_XDP has no zero-copy there. tp-xsk has pairs of its own, made like "
        "the others', where the classifier stays attached.",
    ):
        envelope.note(text)


def run(envelope, options):
    programs = [os.path.join(options.build, "bin", n) for n in PROGRAMS]
    for path in programs:
        if not os.path.exists(path):
            raise Failure(f"{path} is missing. Type: make all")
    if os.cpu_count() < 2:
        raise Unsupported("sender and receiver spin, so two CPUs are needed")
    found = testpmd.find(options.build)
    with pps_lab.network() as netns:
        bench = pps_lab.Bench(netns, options, found, FLOWS)
        envelope.workload(
            "UDP packets of 64 bytes of payload (frames of 106), as fast as one CPU can make them, "
            "over one veth pair; forwarders pass them on into a second pair",
            None,
            flows=FLOWS,
            payload_bytes=SIZE,
            seconds=pps_lab.RUN_S,
            warm_up_seconds=pps_lab.WARM_S,
            ring=pps_lab.RING,
            burst=pps_lab.BURST,
        )
        receipt = envelope["receipt"]
        pairs = (*pps_lab.PLAIN, *pps_lab.STEERED)
        receipt["interfaces"] = [host.interface(end, netns) for pair in pairs for end in pair]
        receipt["placement"] = {
            "sender_cpu": bench.sender_cpu,
            "napi_cpu": bench.sender_cpu,
            "receiver_cpu": bench.cpu,
        }
        envelope.ran(*programs, found[0][0], os.path.join(options.build, "bpf", "classifier.bpf.o"))
        receipt["sides"] = {}
        turns = options.pairs * (1 if options.quick else TURNS)
        with bench.attached():
            taken = take_turns(bench, receipt["sides"], turns)
            keep_raw(envelope, taken)
            compare(envelope, taken)
            bare(envelope, taken)
            many_flows(envelope, bench, options.pairs)
    receipt["programs"] = [s["program"] for s in receipt["sides"].values() if "program" in s]
    notes(envelope, bench)
