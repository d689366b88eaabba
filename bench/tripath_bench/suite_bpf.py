# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Suite `bpf`: what the classifier costs a packet, beside a floor, xdp-filter and an LRU hash."""

import json
import os
import platform
import subprocess

from . import host, lab, policy, stats
from .say import Failure

TITLE = "Cost of the classifier"
FLOWS = 20_000
ROTATING = 48 * 1024
HOT_NS = 25
SHUFFLED_NS = 80
IPV6_RATIO = 1.3
RAW_RATIO = 3
INSERT_RATIO = 4
RETAINED = 0.95

CASES = ("hot IPv4", "hot IPv6", "hot IPv4 TCP", "shuffled IPv4", "shuffled IPv6")


def opponent():
    path = f"/usr/lib/{platform.machine()}-linux-gnu/bpf/xdpfilt_dny_all.o"
    if not os.path.exists(path):
        raise Failure(f"{path} is missing. Type: sudo apt-get install xdp-tools")
    return path


def measure(options, policy_file):
    with lab.looped_pair() as (netns, send, receive):
        command = lab.inside(
            netns,
            os.path.join(options.build, "bin", "tp-bpfbench"),
            "--policy",
            policy_file,
            "--xdp-filter",
            opponent(),
            "--veth",
            f"{send},{receive}",
            "--flows",
            str(FLOWS),
            "--rounds",
            str(options.rounds),
            "--round-ms",
            str(options.round_ms),
            "--cpu",
            str(options.cpu),
        )
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Failure(f"tp-bpfbench ended with {done.returncode}; what it said stands above")
        return json.loads(done.stdout), host.interface(receive, netns)


def joined(cases):
    """Each case once: those that were run in parts are put together."""
    whole = {}
    for case in cases:
        before = whole.setdefault(case["case"], case)
        if before is case:
            continue
        for side, more in zip(before["sides"], case["sides"]):
            for key, value in more.items():
                if isinstance(value, list):
                    side[key] += value
    return list(whole.values())


def keep_raw(envelope, measured):
    for case in joined(measured["cases"]):
        for side in case["sides"]:
            for key, unit in (
                ("cpu_ns", "ns CPU"),
                ("wall_ns", "ns wall"),
                ("mpps", "Mpps"),
                ("lost_share", "lost share"),
            ):
                if key in side:
                    envelope.repetition(
                        case["case"], side["side"], unit, side[key], runs_each=side["repeat"]
                    )
    envelope["receipt"]["programs"] = measured["programs"]
    envelope["receipt"]["checks"] = measured["checks"]


def net(envelope, case, side):
    return stats.less(
        envelope.values(case, side, "ns CPU"), envelope.values(case, "floor", "ns CPU")
    )


def cost_figures(envelope):
    for case in CASES:
        limit = HOT_NS if case.startswith("hot") else SHUFFLED_NS
        raw = envelope.values(case, "classifier", "ns CPU")
        envelope.figure(
            f"classifier, {case}, net",
            "ns",
            stats.median(net(envelope, case, "classifier")),
            at_most=limit,
            least=min(net(envelope, case, "classifier")),
        )
        envelope.figure(f"classifier, {case}, raw", "ns", stats.median(raw), least=min(raw))
        envelope.figure(
            f"floor, {case}", "ns", stats.median(envelope.values(case, "floor", "ns CPU"))
        )
    for kind in ("hot", "shuffled"):
        # Round i of one and round i of the other are of the same part, seconds apart.
        both = (net(envelope, f"{kind} {family}", "classifier") for family in ("IPv6", "IPv4"))
        found = stats.ratio_interval(*both)
        if found:
            name = f"IPv6 over IPv4, {kind}, net"
            envelope.figure(name, "ratio", found[0], at_most=IPV6_RATIO, ci95=found[1])


def cost_comparisons(envelope):
    for case in CASES:
        # The names without a case are those of one hot IPv4 flow; the others say what they are.
        of = "" if case == "hot IPv4" else f", {case}"
        ours, theirs, again = (
            envelope.values(case, side, "ns CPU")
            for side in ("classifier", "xdp-filter", "classifier again")
        )
        entry = stats.compare(
            f"classifier vs xdp-filter dny_all (raw{of})",
            "ns",
            ours,
            theirs,
            (ours, again),
            "lower",
        )
        envelope.comparison(entry, at_least=None if of else RAW_RATIO)
        ours, theirs, again = (
            net(envelope, case, side) for side in ("classifier", "xdp-filter", "classifier again")
        )
        envelope.comparison(
            stats.compare(
                f"classifier vs xdp-filter dny_all (net{of})",
                "ns",
                ours,
                theirs,
                (ours, again),
                "lower",
            )
        )


def insert(envelope, checks):
    sides = ("table", "lru", "table again")
    ours, theirs, again = (net(envelope, "insert", side) for side in sides)
    envelope.comparison(
        stats.compare("flow insert vs LRU hash", "ns net", ours, theirs, (ours, again), "lower"),
        at_least=INSERT_RATIO,
    )
    raw = [envelope.values("insert", side, "ns CPU") for side in sides]
    envelope.comparison(
        stats.compare(
            "flow insert vs LRU hash (raw)", "ns", raw[0], raw[1], (raw[0], raw[2]), "lower"
        )
    )
    envelope.figure("flow insert, table alone, net", "ns", stats.median(ours))
    envelope.figure("flow insert, LRU hash, net", "ns", stats.median(theirs))
    # The floor of this case parses; the classifier does that itself, so its floor is the bare
    # replay.
    whole = stats.less(
        envelope.values("insert", "classifier", "ns CPU"),
        envelope.values("shuffled IPv4", "floor", "ns CPU"),
    )
    envelope.figure("classifier, first packet of a flow, net", "ns", stats.median(whole))
    for check in checks:
        if "retained_table" in check:
            state = check["case"].removeprefix("retained of ")
            envelope.figure(
                f"rotating flows retained, {state}",
                "share",
                check["retained_table"] / check["flows"],
                at_least=RETAINED,
            )
            envelope.figure(
                f"rotating flows retained, {state}, LRU hash",
                "share",
                check["retained_lru"] / check["flows"],
            )


def veth(envelope):
    ours, theirs, again, floor = (
        envelope.values("veth", side, "Mpps")
        for side in ("classifier", "xdp-filter", "classifier again", "floor")
    )
    envelope.comparison(
        stats.compare(
            "classifier vs xdp-filter dny_all (veth Mpps)",
            "Mpps",
            ours,
            theirs,
            (ours, again),
            "higher",
        )
    )
    for name, values in (
        ("an empty program", floor),
        ("the classifier", ours),
        ("xdp-filter", theirs),
    ):
        envelope.figure(f"veth, {name}", "Mpps", stats.median(values))


def notes(envelope):
    for text in (
        "Time is CPU time of the one pinned thread around a BPF_PROG_RUN of many repeats; wall "
        "time is kept beside. Net is less the floor of the same turn: an empty program, behind "
        "the same replay where flows are shuffled.",
        "Shuffled: `replay` writes the next flow's source into the packet and tail-calls the "
        "program under test, which is the unmodified one. Flow numbers step by the golden "
        "section, so neighbours in time are far apart.",
        "xdp-filter is Debian's own object with every feature and deny by default, and passes "
        "these packets as an operator would let it: by local port. It looks through its Ethernet "
        "and address tables first, which hold 1,000 entries each that do not match; its fifth "
        "look-up hits. It knows no prefix, no tenant, no flow and no service, and counts packets "
        "and bytes by action only: it does less.",
        "veth: live frames, native XDP, both programs pass and tc drops behind them, alike for "
        "all; sending, NAPI, building the socket buffer and the drop are in the figure, so the "
        "ratio of whole frames is smaller than that of the programs.",
        "The hash key of the flow table is random in each run, as in each attach.",
    ):
        envelope.note(text)


def run(envelope, options):
    scratch = os.path.join(options.build, "bench")
    os.makedirs(scratch, exist_ok=True)
    policy_file = os.path.join(scratch, "policy.yaml")
    with open(policy_file, "w", encoding="utf-8") as f:
        f.write(policy.text())
    envelope.workload(
        f"{policy.SERVICES} services, {policy.PREFIXES} tenant prefixes, {FLOWS} live flows, one "
        f"UDP (or TCP) packet with 64 bytes of payload; every service has the path `stack`",
        None,
        live_flows=FLOWS,
        rotating_flows=ROTATING,
        services=policy.SERVICES,
        tenant_prefixes=policy.PREFIXES,
        payload_bytes=64,
        order="golden-section step",
    )
    measured, interface = measure(options, policy_file)
    envelope["receipt"]["interfaces"] = [interface]
    envelope["receipt"]["xdp_mode"] = "BPF_PROG_RUN; native on veth"
    envelope.ran(
        os.path.join(options.build, "bpf", "classifier.bpf.o"),
        os.path.join(options.build, "bin", "tp-bpfbench"),
        opponent(),
        policy_file,
    )
    keep_raw(envelope, measured)
    cost_figures(envelope)
    cost_comparisons(envelope)
    insert(envelope, measured["checks"])
    veth(envelope)
    notes(envelope)
