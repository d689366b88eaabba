#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tp-probe and the scripts of trace/ against loads whose counts are known, and each other. TAP.

    tests/unit/test_probes.py [NAME...]      all, or the tests of these names

Both are attached before the load begins and until it has ended, and look at the load's own tasks
alone, so counts agree exactly. Times are taken at slightly different moments and are only held
against what is possible.
"""

import contextlib
import glob
import json
import os
import re
import signal
import subprocess
import sys
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
sys.dont_write_bytecode = True

from tripath_bench import lab  # noqa: E402
from tripath_bench.traced import TRACE, Bpftrace, Probe  # noqa: E402

BUILD = os.environ.get("TRIPATH_BUILD", os.path.join(ROOT, "build"))
TP_PROBE = os.path.join(BUILD, "bin", "tp-probe")
PORT = "7000"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def same(name, value, expected):
    assert value == expected, f"{name}: {value} is not {expected}"


class Load:
    """tests/lab/probe-load: there when it is constructed, run by run()."""

    def __init__(self, *arguments, netns=None):
        command = [os.path.join(ROOT, "tests", "lab", "probe-load"), *map(str, arguments)]
        self.child = subprocess.Popen(
            lab.inside(netns, *command) if netns else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = int(self.child.stdout.readline().split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        try:
            self.child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()

    def run(self):
        self.child.stdin.write("go\n")
        self.child.stdin.flush()
        same("the load", self.child.stdout.readline(), "done\n")


def around(load, watchers):
    """What each of @watchers counted of @load."""
    load.run()
    return [w.stop() for w in watchers]


def observed(load, probe, *scripts):
    """[totals of the probe, maps of each script] of @load; each is (script, arguments...)."""
    with contextlib.ExitStack() as stack:
        watchers = [stack.enter_context(Probe(BUILD, *probe))] if probe else []
        watchers += [stack.enter_context(Bpftrace(*script)) for script in scripts]
        return around(load, watchers)


def counts(histogram):
    return sum(bucket["count"] for bucket in histogram)


def possible(times):
    """Buckets, sum and maximum of a histogram of tp-probe do not contradict each other."""
    pairs = times["histogram_ns"]
    same("count", sum(n for _, n in pairs), times["count"])
    least = sum(n * (0 if bound < 2 else (bound + 1) // 2) for bound, n in pairs)
    most = sum(n * bound for bound, n in pairs)
    assert least <= times["sum_ns"] <= most, f"{least} <= {times['sum_ns']} <= {most}"
    if pairs:
        highest = pairs[-1][0]
        assert (highest + 1) // 2 <= max(times["max_ns"], 1) <= highest, times


def named(entries, key, value):
    return next((e for e in entries if e[key] == value), None)


def link(netns, dev):
    return json.loads(lab.run("ip", "-j", "-n", netns, "link", "show", dev))[0]


@contextlib.contextmanager
def pair():
    """Two namespaces and a veth pair with a NAPI of its own, which takes GRO, and no TSO at the
    peer.
    """
    with lab.joined_pair() as p:
        for netns, dev in ((p.server, p.server_if), (p.client, p.client_if)):
            lab.run(*lab.inside(netns, "ethtool", "-K", dev, "gro", "on", "tso", "off"))
        mac = link(p.server, p.server_if)["address"]
        # Nothing but the load's own packets: no address resolution.
        lab.run("ip", "-n", p.client, "neigh", "add", p.SERVER, "lladdr", mac, "dev", p.client_if)
        lab.run("ip", "-n", p.server, "link", "set", p.server_if, "arp", "off")
        yield p


@test
def softirqs_of_datagrams_are_counted_alike():
    n = 2000
    with pair() as p:
        # Nobody listens and the answer that says so is not sent: one NET_RX for each datagram.
        lab.run(*lab.inside(p.server, "ip", "route", "add", "blackhole", f"{p.CLIENT}/32"))
        with Load("send", n, 1, p.SERVER, PORT, netns=p.client) as load:
            total, maps = observed(
                load, ("softirq", "--pid", str(load.pid)), ("softirq.bt", str(load.pid))
            )
    net_rx = named(total["vectors"], "vector", "NET_RX")
    assert n <= net_rx["ran"] <= n * 1.02, net_rx["ran"]

    def of(name):
        return [value for key, value in maps[name].items() if key.endswith(",3")]

    same("raised", net_rx["raised"], sum(of("@raised")))
    same("ran", net_rx["ran"], sum(map(counts, of("@run_ns"))))
    same("waited", net_rx["wait"]["count"], sum(map(counts, of("@wait_ns"))))
    # Each contains the other's programs at exit or at entry, so times differ by what those cost.
    theirs = sum(of("@time_ns"))
    assert 0.5 < net_rx["run"]["sum_ns"] / theirs < 2, (net_rx["run"]["sum_ns"], theirs)


@test
def softirq_shares_add_up():
    with Probe(BUILD, "softirq") as probe:
        total = probe.stop()
    seconds = sum(v["run"]["sum_ns"] for v in total["vectors"]) / 1e9
    assert abs(total["softirq_seconds"] - seconds) < 1e-6
    expected = seconds / (total["seconds"] * total["cpus"])
    assert abs(total["softirq_share"] - expected) < 1e-6, (total["softirq_share"], expected)
    for vector in total["vectors"]:
        possible(vector["wait"])
        possible(vector["run"])
        same(vector["vector"], sum(c["ran"] for c in vector["cpus"]), vector["ran"])
        same(vector["vector"], sum(c["raised"] for c in vector["cpus"]), vector["raised"])


def woken(waker_cpu, cpu):
    n, name = 500, "tp-woken"
    with Load("wake", n, name, waker_cpu, cpu) as load:
        total, latency, cross = observed(
            load,
            ("wakeup", "--comm", name),
            ("runq_latency.bt", name),
            ("cross_cpu_wakeups.bt", name),
        )
    same("only that name", [t["comm"] for t in total["tasks"]], [name])
    task = total["tasks"][0]
    same("wakeups", task["wakeups"], n)
    same("ran", task["wait"]["count"], n)
    same("on the waker's CPU", task["ran_on_waker_cpu"], n if waker_cpu == cpu else 0)
    same("none lost", task["lost"], 0)
    same("CPUs", total["waker_to_ran"], [{"waker_cpu": waker_cpu, "ran_cpu": cpu, "count": n}])
    possible(task["wait"])
    same("runq_latency.bt, woken", latency["@woken"], {name: n})
    same("runq_latency.bt, ran", counts(latency["@wait_ns"][name]), n)
    same("cross_cpu_wakeups.bt", cross["@ran"], {f"{name},{waker_cpu},{cpu}": n})
    same("sums", cross["@same" if waker_cpu == cpu else "@cross"], {name: n})


@test
def wakeups_on_the_wakers_cpu_are_counted():
    woken(1, 1)


@test
def wakeups_across_cpus_are_counted():
    woken(0, 1)


@test
def wakeups_of_unnamed_tasks_find_their_name():
    n = 300
    with Load("wake", n, "tp-anybody", 0, 1) as load:
        (total,) = observed(load, ("wakeup",))
    task = named(total["tasks"], "comm", "tp-anybody")
    same("wakeups", (task["wakeups"], task["wait"]["count"]), (n, n))
    with Load("wake", n, "tp-anybody", 0, 1) as load:
        (total,) = observed(load, ("wakeup", "--pid", str(load.pid)))
    # Afterwards it is called probe-load again.
    same("one process", {t["comm"] for t in total["tasks"]} - {"probe-load"}, {"tp-anybody"})
    same("wakeups", named(total["tasks"], "comm", "tp-anybody")["wakeups"], n)


def locality(server_cpu):
    """A datagram that CPU 0 sends is polled on CPU 0, where veth's NAPI runs."""
    n, name = 200, "tp-asked"
    with pair() as p:
        arguments = ("ask", n, 0, p.SERVER, PORT, name, server_cpu, p.server)
        with Load(*arguments, netns=p.client) as load:
            with Probe(
                BUILD, "wakeup", "--comm", name, "--iface", p.server_if, netns=p.server
            ) as probe:
                (total,) = around(load, [probe])
    (task,) = total["tasks"]
    same("wakeups", task["wakeups"], n)
    same("ran", task["wait"]["count"], n)
    same("placed", task["ran_on_queue_cpu"] + task["ran_off_queue_cpu"], n)
    same("on the queue's CPU", task["ran_on_queue_cpu"], n if server_cpu == 0 else 0)
    same("polled on", [q["cpu"] for q in total["queue_polls"]], [0])
    assert total["queue_polls"][0]["packets"] >= n, total["queue_polls"]


@test
def a_task_on_its_queues_cpu_is_told():
    locality(0)


@test
def a_task_off_its_queues_cpu_is_told():
    locality(1)


@test
def a_guardian_that_preempts_is_counted_alike():
    n, name, worker = 300, "tp-guard-test", "tp-victim"
    with Load("preempt", n, name, worker, 1) as load:
        total, sched, preempt, tail = observed(
            load,
            ("guardian", "--comm", name, "--workers", f"tp-other,{worker}"),
            ("guardian_sched.bt", name),
            ("guardian_preempt.bt", name),
            ("tail_guard.bt", name),
        )
    same("wakeups", total["wakeups"], n)
    same("runs without a wait", total["runs"], total["run_queue_delay"]["count"])
    same("none lost", total["lost"], 0)
    same("wakeups, bpftrace", sum(sched["@wakeups"].values()), n)
    same("runs, bpftrace", sum(sched["@runs"].values()), total["runs"])
    same("delays, bpftrace", counts(sched["@delay_ns"]), total["runs"])
    # Each sleep of the load is a wakeup; another task can have had the CPU at some of them.
    assert 0.8 * n <= total["preemptions"] <= n, total["preemptions"]
    same("whom", named(total["workers"], "comm", worker)["preempted"], total["preemptions"])
    same("others", named(total["workers"], "comm", "tp-other")["preempted"], 0)
    same("preemptions, bpftrace", preempt["@preempted"], {worker: total["preemptions"]})
    # The last hold ends under another name, which the probe does not know for the guardian's.
    assert total["preemptions"] - 1 <= total["hold"]["count"] <= total["preemptions"]
    assert 0 <= counts(preempt["@held_ns"]) - total["hold"]["count"] <= 1
    for times in ("run_queue_delay", "run", "hold"):
        possible(total[times])
    # The last run goes on under another name.
    assert n - 1 <= sum(tail["@interventions"].values()) <= total["runs"]
    waits = tail["@wait_ns"]
    assert counts(waits["guardian ran"]) >= 0.8 * n, waits


@test
def a_guardian_by_pid_is_counted_by_name():
    with Load("preempt", 50, "tp-by-pid", "tp-victim", 1) as load:
        (total,) = observed(load, ("guardian", "--pid", str(load.pid), "--workers", "tp-victim"))
    assert 50 <= total["wakeups"] <= 55, total["wakeups"]
    same("pid", total["pid"], load.pid)


def frames_lost(program, kind):
    """Maps of xdp_exceptions.bt while @program loses frames, and the number of those and of the
    interface.
    """
    n = 200  # less than the 256 frames of a veth's ring, whose losses are not XDP's
    with pair() as p:
        pin = f"/sys/fs/bpf/tripath-test-{os.getpid()}"
        try:
            lab.run("bpftool", "prog", "loadall", os.path.join(BUILD, "bpf", "lose.bpf.o"), pin)
            attach = ("ip", "link", "set", p.server_if, "xdp", "pinned", f"{pin}/{program}")
            lab.run(*lab.inside(p.server, *attach))
            with Load("send", n, 1, p.SERVER, PORT, netns=p.client) as load:
                (maps,) = observed(load, None, ("xdp_exceptions.bt",))
            return maps[kind], n, link(p.server, p.server_if)["ifindex"]
        finally:
            subprocess.run(["rm", "-rf", pin], check=False)


@test
def xdp_exceptions_are_counted():
    maps, n, index = frames_lost("abort_all", "@exception")
    same("aborted", maps.get(f"{index},0"), n)


@test
def failed_redirects_are_counted():
    maps, n, index = frames_lost("misdirect_all", "@redirect")
    lost = {k: v for k, v in maps.items() if k.startswith(f"{index},")}
    same("misdirected", sum(lost.values()), n)
    same("why", [k.split(",")[-1] for k in lost], ["-22"])


@test
def retransmissions_are_counted():
    n, port = 20, 7077
    with pair() as p:
        lab.run("ip", "-n", p.server, "link", "set", p.server_if, "down")
        with Load("connect", n, p.SERVER, port, netns=p.client) as load:
            (maps,) = observed(load, None, ("tcp_retransmits.bt", str(port)))
    same("total", maps["@total"], n)
    same("SYN_SENT", sum(v for k, v in maps["@retransmits"].items() if k.startswith("2,")), n)


@test
def every_script_says_what_it_answers_and_is_run_here():
    with open(os.path.abspath(__file__), encoding="utf-8") as f:
        here = f.read()
    scripts = glob.glob(os.path.join(TRACE, "*.bt"))
    assert scripts
    for path in scripts:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for field in ("Question:", "Probes:", "Floor:", "Overhead:", "Run:", "Read:"):
            assert f" * {field}" in text, f"{path}: no {field}"
        assert f'"{os.path.basename(path)}"' in here, f"{path} is not run by any test"
        helpers = set(re.findall(r"delete\((@\w+)", text))
        helpers |= set(re.findall(r"\$\w+ = (@\w+)\[", text))
        for name in helpers:
            assert f"clear({name})" in text, f"{path}: {name} is printed at END"


def said(*arguments, prefix=()):
    return subprocess.run(
        [*prefix, TP_PROBE, *arguments], capture_output=True, text=True, check=False, timeout=30
    )


@test
def wrong_command_lines_are_refused():
    for arguments, words in (
        ((), "which probe?"),
        (("hardirq",), "'hardirq' is not one of: softirq, wakeup, guardian"),
        (("softirq", "wakeup"), "one probe at a time"),
        (("softirq", "--interval", "0"), "is not a number of seconds"),
        (("softirq", "--duration", "soon"), "'soon' is not a number of seconds"),
        (("wakeup", "--pid", "-1"), "'-1' is not a process id"),
        (("wakeup", "--comm", "a-name-of-16-byte"), "longer than the 15 bytes"),
        (("wakeup", "--comm", ","), "which names?"),
        (("softirq", "--comm", "tp-xsk"), "softirq takes --pid"),
        (("softirq", "--iface", "lo"), "--iface goes with wakeup"),
        (("wakeup", "--workers", "tp-xsk"), "--workers goes with guardian"),
        (("guardian", "--per-cpu"), "--per-cpu goes with softirq"),
        (("guardian", "--comm", "a", "--pid", "1"), "one --comm, or --pid"),
        (("guardian", "--comm", "a,b"), "one --comm, or --pid"),
        (("guardian", "--workers", "a,b,c,d,e,f,g,h,i"), "more than 8 names"),
    ):
        done = said(*arguments)
        same(f"{arguments} exits", done.returncode, 2)
        assert words in done.stderr, (arguments, done.stderr)


@test
def what_the_machine_lacks_is_named():
    done = said("softirq", prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
    same("no root", done.returncode, 1)
    assert "sudo tp-probe softirq" in done.stderr, done.stderr
    empty = 'mount -t tmpfs none /sys/kernel/btf; exec "$@"'
    hide = ("unshare", "--mount", "sh", "-c", empty, "sh")
    done = said("softirq", prefix=hide)
    same("no BTF", done.returncode, 3)
    assert "/sys/kernel/btf/vmlinux is missing" in done.stderr, done.stderr
    assert "CONFIG_DEBUG_INFO_BTF=y" in done.stderr, done.stderr
    done = said("wakeup", "--iface", "tp-nowhere")
    same("no interface", done.returncode, 1)
    assert "there is no interface tp-nowhere in this" in done.stderr, done.stderr
    assert "tp-probe wakeup --iface tp-nowhere" in done.stderr, done.stderr
    same("one message", done.stderr.count("error:"), 1)


@test
def intervals_add_up_to_the_totals():
    n = 4000
    with Load("wake", n, "tp-intervals", 0, 1) as load:
        with Probe(BUILD, "wakeup", "--comm", "tp-intervals", "--interval", "0.02") as probe:
            load.run()
            total = probe.stop()
    intervals = [line for line in probe.lines if line["event"] == "interval"]
    same("events", {line["event"] for line in probe.lines}, {"interval", "total"})
    same("last", probe.lines[-1]["event"], "total")
    tasks = [t for i in intervals for t in i["tasks"]]
    done = sum(t["wakeups"] for t in tasks)
    # What came after the last interval is in the totals alone.
    assert 0 < done <= n, done
    same("totals", total["tasks"][0]["wakeups"], n)
    assert all("max_ns" not in t["wait"] for t in tasks)


@test
def a_person_gets_histograms_and_signals_end_it():
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        child = subprocess.Popen([TP_PROBE, "softirq"], stdout=subprocess.PIPE, text=True)
        try:
            assert "Ctrl-C" in child.stdout.readline()
            child.send_signal(end)
            out, _ = child.communicate(timeout=30)
        finally:
            child.kill()
            child.wait()
        same("exit", child.returncode, 0)
        assert "softirqs took" in out, out
    done = said("softirq", "--duration", "0.5", "--per-cpu")
    same("exit", done.returncode, 0)
    assert re.search(r", CPU \d+, entry to exit\n", done.stdout), done.stdout
    assert re.search(r"\d+ -> \d+ +: \d+ +\|\*+ *\|", done.stdout), done.stdout


@test
def a_reader_that_went_away_is_no_success():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [TP_PROBE, "softirq", "--json", "--duration", "0.1"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    same("exit", done.returncode, 1)
    assert "cannot write the report" in done.stderr, done.stderr


def counting_run_time():
    with open("/proc/sys/kernel/bpf_stats_enabled", encoding="ascii") as f:
        return f.read().strip()


@test
def the_suite_runs_and_can_be_ended():
    before = counting_run_time()
    command = [os.path.join(ROOT, "bench", "run"), "--build", BUILD, "--quick", "--pairs", "1"]
    out = os.path.join(BUILD, "bench", "trace-test.json")
    done = subprocess.run(
        [*command, "--out", out, "trace"], capture_output=True, text=True, check=False, timeout=120
    )
    same("exit", (done.returncode, done.stderr if done.returncode else ""), (0, ""))
    with open(out, encoding="utf-8") as f:
        names = [c["name"] for c in json.load(f)["comparisons"]]
    for name in ("softirq probe vs bpftrace ns per event", "softirq probe vs bpftrace added p50"):
        assert name in names, names
    same("the kernel counts", counting_run_time(), before)

    child = subprocess.Popen([*command, "trace"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stderr.readline()
    child.stderr.readline()  # the first turn is over, and the next one has begun
    child.terminate()
    child.communicate(timeout=30)
    same("exit", child.returncode, 1)
    same("the kernel counts", counting_run_time(), before)
    left = [n["name"] for n in json.loads(lab.run("ip", "-j", "netns", "list") or "[]")]
    same("namespaces", [n for n in left if n.startswith(f"tripath-bench-{child.pid}-")], [])


def main():
    chosen = [f for f in TESTS if len(sys.argv) == 1 or f.__name__ in sys.argv[1:]]
    assert len(sys.argv) == 1 or len(chosen) == len(sys.argv) - 1, "no test of that name"
    print(f"1..{len(chosen)}")
    failed = 0
    for number, function in enumerate(chosen, 1):
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {name}")
            lines = traceback.format_exc().splitlines()
            print("".join(f"# {line}\n" for line in lines), end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
