#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What an envelope holds beside values: percentiles of histograms, facts of host and interfaces,
and what bench/validate, bench/compare and bench/run say of them. TAP.
"""

import copy
import importlib.machinery
import json
import os
import subprocess
import sys
import tempfile
import types

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests", "vectors")]
sys.dont_write_bytecode = True

import envelopes  # noqa: E402
import numpy as np  # noqa: E402
import tap  # noqa: E402
from tripath_bench import compare, envelope, host, lab, nic, stats, validate  # noqa: E402

test = tap.Tests()


def bench(program, *arguments):
    return subprocess.run(
        [os.path.join(ROOT, "bench", program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def written(folder, name, document):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(document, f)
    return path


@test
def merged_histograms_are_as_if_recorded_together():
    rng = np.random.default_rng(3)
    parts = [rng.integers(1, 50, 400) * 10 for _ in range(4)]
    counted = [[[int(v), int(n)] for v, n in zip(*np.unique(p, return_counts=True))] for p in parts]
    values, counts = np.unique(np.concatenate(parts), return_counts=True)
    assert stats.merge(counted) == [[int(v), int(n)] for v, n in zip(values, counts)]
    everything = np.sort(np.concatenate(parts))
    for q in (1, 50, 90, 99, 99.9, 100):
        rank = max(1, int(np.ceil(len(everything) * q / 100)))
        assert stats.percentile(stats.merge(counted), q) == everything[rank - 1], q


@test
def merging_is_indifferent_to_order_and_grouping():
    a, b, c = [[1, 2], [5, 1]], [[5, 3]], [[0, 1], [9, 9]]
    assert stats.merge([a, b, c]) == stats.merge([c, stats.merge([b, a])])
    assert stats.merge([]) == [] and stats.merge([a]) == a


@test
def percentiles_have_their_counts():
    found = stats.percentiles([[10, 500], [20, 490], [30, 9], [1000, 1], [2000, 0]])
    assert found == {
        "p50": 10,
        "p90": 20,
        "p99": 20,
        "p99.9": 30,
        "max": 1000,
        "count": 1000,
    }, found


@test
def a_percentile_curve_ends_at_one():
    curve = stats.curve([[10, 1], [20, 0], [30, 3]])
    assert curve == [(0.25, 10), (1.0, 30)], curve


@test
def an_unpaired_interval_covers_the_true_ratio():
    rng = np.random.default_rng(11)
    inside = 0
    for trial in range(200):
        a, b = rng.normal(200, 8, 21), rng.normal(100, 4, 21)
        _, (lo, hi) = stats.unpaired_ratio_interval(a, b, seed=trial, draws=1000)
        inside += lo <= 2 <= hi
    assert inside / 200 >= 0.9, inside


@test
def a_wider_confidence_is_a_wider_interval():
    a, b = [10, 12, 11, 13, 12, 10], [20, 22, 21, 25, 22, 20]
    narrow, wide = (stats.unpaired_ratio_interval(a, b, confidence=c)[1] for c in (80, 99.9))
    assert wide[0] < narrow[0] and wide[1] > narrow[1], (narrow, wide)


@test
def intervals_are_apart_when_no_point_is_in_both():
    assert stats.apart([1, 2], [2.1, 3]) and stats.apart([2.1, 3], [1, 2])
    assert not stats.apart([1, 2], [2, 3]) and not stats.apart([1, 9], [4, 5])


@test
def a_repetition_keeps_percentiles_of_its_histograms():
    made = envelopes.rtt()
    for r in made["repetitions"]:
        if "histograms" in r:
            assert [p["p99"] for p in r["percentiles"]] == [
                stats.percentile(h, 99) for h in r["histograms"]
            ]
            assert all(
                p["count"] == sum(n for _, n in h)
                for p, h in zip(r["percentiles"], r["histograms"])
            )


@test
def every_result_passes_the_validator():
    folder = os.path.join(ROOT, "results")
    files = [
        os.path.join(folder, f)
        for f in sorted(os.listdir(folder))
        if f.endswith(".json") and f != "schema.json"
    ]
    done = bench("validate", *files)
    assert files and done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": valid: suite ") == len(files), done.stdout


def bad(change):
    document = copy.deepcopy(envelopes.rtt(sizes=(64,)))
    change(document)
    return document


@test
def the_validator_says_where_and_what():
    faults = (
        (
            lambda d: d["repetitions"][3]["values"].__setitem__(2, "fast"),
            "repetitions[3].values[2]",
            "'fast' is not of type 'number'",
        ),
        (
            lambda d: d["repetitions"][0].pop("histogram_unit"),
            "repetitions[0]",
            "'histogram_unit' is a dependency of 'histograms'",
        ),
        (
            lambda d: d["repetitions"][0]["histograms"].pop(),
            "repetitions[0].histograms",
            "4 for 5 values",
        ),
        (
            lambda d: d["repetitions"][0]["histograms"][1].reverse(),
            "repetitions[0].histograms[1]",
            "bounds do not ascend",
        ),
        (
            lambda d: d["repetitions"][0]["histograms"][1][0].append(1),
            "repetitions[0].histograms[1][0]",
            "is too long",
        ),
        (
            lambda d: d["repetitions"][0]["labels"].update({"wait": 1}),
            "repetitions[0].labels.wait",
            "1 is not of type 'string'",
        ),
        (
            lambda d: d["repetitions"][0]["labels"].update({"class": "D"}),
            "repetitions[0].labels.class",
            "'D' is not one of",
        ),
        (
            lambda d: d["repetitions"][0]["labels"].update({"fanout": 0}),
            "repetitions[0].labels.fanout",
            "0 is less than the minimum",
        ),
        (
            lambda d: d["receipt"]["paths"][0].update(zero_copy="yes"),
            "receipt.paths[0].zero_copy",
            "'yes' is not of type",
        ),
        (lambda d: d["host"].pop("kernel"), "host", "'kernel' is a required property"),
        (
            lambda d: d["host"]["during"].update(steal_share=2),
            "host.during.steal_share",
            "2 is greater than the maximum",
        ),
        (
            lambda d: d.update(profile={"outcome": "unsupported"}),
            "profile",
            "'why' is a required property",
        ),
        (
            lambda d: d["figures"].append(
                {"name": "x", "unit": "ns", "value": 9, "target": {"at_most": 5, "met": True}}
            ),
            "figures[1].target.met",
            "the goal says False",
        ),
        (
            lambda d: d["comparisons"][0].update(
                ratio=2.0, ci95=[1.5, 2.5], target={"at_least": 1.8, "of": "ci95 low", "met": True}
            ),
            "comparisons[0].target.met",
            "the goal says False",
        ),
    )
    for change, where, what in faults:
        found = validate.problems(bad(change))
        assert any(where == at and what in said for at, said in found), (where, what, found[:4])


@test
def the_validator_reads_files_and_names_them():
    with tempfile.TemporaryDirectory() as folder:
        good = written(folder, "good.json", envelopes.rtt())
        wrong = written(folder, "wrong.json", bad(lambda d: d.pop("suite")))
        broken = os.path.join(folder, "broken.json")
        with open(broken, "w", encoding="utf-8") as f:
            f.write('{"schema": 1,\n "suite": }')
        endless = os.path.join(folder, "endless.json")
        with open(endless, "w", encoding="utf-8") as f:
            f.write('{"schema": NaN}')
        assert bench("validate", good).returncode == 0
        done = bench("validate", good, wrong)
        assert (
            done.returncode == 1
            and f"{wrong}: at the document: 'suite' is a required" in done.stdout
        ), done.stdout
        done = bench("validate", broken, endless, os.path.join(folder, "none.json"))
        assert done.returncode == 2, done
        for part in (
            f"{broken}:2:11: not JSON",
            f"{endless}: not JSON: NaN",
            "none.json: No such file",
        ):
            assert part in done.stderr, done.stderr


@test
def no_number_that_is_none_is_written():
    made = envelope.Envelope("bpf", "test", {"quick": True})
    made.repetition("case", "ours", "ns", [float("nan")])
    with tempfile.TemporaryDirectory() as folder:
        try:
            envelope.write(made.finish(), os.path.join(folder, "x.json"))
        except ValueError:
            return
    raise AssertionError("NaN was written")


def changed(document, factor, what):
    other = copy.deepcopy(document)
    for r in other["repetitions"]:
        if r["what"] == what:
            r["values"] = [v * factor for v in r["values"]]
    return other


def verdicts(a, b):
    return {row["verdict"] for row in compare.compare(a, b)}


@test
def nothing_changed_between_a_run_and_itself():
    one = envelopes.rtt(sizes=(64,))
    assert verdicts(one, one) == {"same"}
    assert not compare.worse(compare.compare(one, one))


@test
def what_differs_by_chance_is_no_change():
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(20):
        pair = []
        for _ in range(2):
            made = envelope.Envelope("bpf", "test", {"quick": True})
            for case in range(20):
                made.repetition(f"case {case}", "ours", "ns", rng.normal(100, 5, 9).tolist())
            pair.append(made.finish())
        false += compare.worse(compare.compare(*pair))
    assert false <= 2, f"{false} of 20 pairs of equal runs were called worse"


@test
def a_change_is_worse_or_better_as_its_unit_says():
    one = envelopes.rtt(sizes=(64,))
    for what, factor, verdict in (
        ("latency service", 1.5, "worse"),
        ("latency service", 0.6, "better"),
        ("rate", 0.6, "worse"),
        ("rate", 1.5, "better"),
        ("cpu per GB", 1.5, "worse"),
    ):
        rows = compare.compare(one, changed(one, factor, what))
        moved = [row for row in rows if row["verdict"] != "same"]
        assert moved and {row["verdict"] for row in moved} == {verdict}, (what, factor, moved[:2])
        assert all(what in row["name"] for row in moved)
        assert compare.worse(rows) == (verdict == "worse")


@test
def noise_of_a_side_against_itself_hides_a_change():
    def run(level, again):
        made = envelope.Envelope("bpf", "test", {"quick": True})
        made.repetition("case", "ours", "ns", [level + i / 10 for i in range(9)])
        made.repetition("case", "ours again", "ns", [again + i / 10 for i in range(9)])
        return made.finish()

    quiet = compare.compare(run(100, 100), run(120, 120))
    noisy = compare.compare(run(100, 140), run(120, 120))
    assert quiet[0]["verdict"] == "worse" and noisy[0]["verdict"] == "same", (quiet[0], noisy[0])


@test
def a_comparison_that_moved_is_told_with_its_target():
    def run(ours):
        made = envelope.Envelope("bpf", "test", {"quick": True})
        made.repetition("case", "ours", "ns", [1] * 5)
        same = ([10] * 5, [10] * 5)
        made.comparison(
            stats.compare("a vs b", "ns", ours, [30, 31, 29, 30, 30], same, "lower"), at_least=3
        )
        return made.finish()

    rows = compare.compare(run([10, 10, 10, 10, 10]), run([15, 15, 15, 15, 15]))
    row = next(r for r in rows if r["kind"] == "comparison")
    assert row["verdict"] == "worse" and row["why"] == "the target is no longer met", row


@test
def a_difference_that_moved_is_told():
    def run(theirs):
        made = envelope.Envelope("bpf", "test", {"quick": True})
        made.repetition("case", "ours", "us", [1] * 5)
        ours, same = [0, 0.1, -0.1, 0, 0.1], ([0] * 5, [0.1, 0, -0.1, 0, 0])
        values = [theirs + v for v in ours]
        made.comparison(stats.compare_by_difference("x", "us", ours, values, same, "lower"))
        return made.finish()

    for before, after, verdict in (
        (2, 2, "same"),
        (2, 2.05, "same"),
        (2, 1, "worse"),
        (1, 2, "better"),
    ):
        rows = compare.compare(run(before), run(after))
        row = next(r for r in rows if r["kind"] == "comparison")
        assert row["verdict"] == verdict and row["unit"] == "us", row


@test
def a_suite_that_no_longer_runs_is_worse():
    made = envelope.Envelope("rtt", "test", {"quick": True})
    made.unsupported("no such kernel")
    rows = compare.compare(envelopes.rtt(sizes=(64,)), made.finish())
    assert rows[0]["verdict"] == "worse" and "no such kernel" in rows[0]["why"], rows[0]


@test
def the_compare_program_has_its_exit_codes():
    one = envelopes.rtt(sizes=(64,))
    with tempfile.TemporaryDirectory() as folder:
        a = written(folder, "a.json", one)
        slow = written(folder, "slow.json", changed(one, 2, "latency service"))
        moved = written(folder, "moved.json", envelopes.on_another_host(one, kernel="9.9.9-other"))
        other = written(folder, "other.json", envelopes.classes())
        assert bench("compare", a, a).returncode == 0
        done = bench("compare", a, slow)
        assert (
            done.returncode == 1 and "worse" in done.stdout and "\033" not in done.stdout
        ), done.stdout
        assert "QUICK" in done.stdout
        assert json.loads(bench("compare", "--json", a, slow).stdout)["worse"] is True
        done = bench("compare", a, moved)
        assert (
            done.returncode == 2 and "kernel: " in done.stderr and "9.9.9-other" in done.stderr
        ), done.stderr
        assert bench("compare", "--across-hosts", a, moved).returncode == 0
        done = bench("compare", a, other)
        assert done.returncode == 2 and "different things" in done.stderr, done.stderr
        done = bench("compare", a, os.path.join(folder, "none.json"))
        assert done.returncode == 2 and "none.json" in done.stderr, done.stderr
        assert bench("compare", "--tolerance", "-1", a, a).returncode == 2


@test
def host_facts_have_placement_and_interrupts():
    facts = host.facts()
    assert (
        facts["network"]["congestion_control"] and facts["placement"]["default_irq_affinity"]
    ), facts
    for card in facts["nics"]:
        assert card["driver"] and card["queues"]["rx"] and card["queues"]["tx"], card
        assert all(line["affinity"] for line in card["irqs"]["lines"]), card
    watch = host.Watch()
    during = watch.report()
    assert all(
        len(c) == len(next(iter(host.softirqs().values())))
        for c in during["softirqs_by_cpu"].values()
    )


@test
def ethtools_words_become_numbers():
    text = (
        "Ring parameters for x:\nPre-set maximums:\nRX:\t\t4096\nTX:\t\t4096\n"
        "Current hardware settings:\nRX:\t\t512\nRX Mini:\tn/a\nTX:\t\t256\n"
    )
    assert nic.numbers(text, "Current hardware settings") == {"rx": 512, "tx": 256}
    text = (
        "RX flow hash indirection table for x with 2 RX ring(s):\n    0:      0     1     "
        "0     1     0     1     0     1\n"
        "    8:      0     0     0     0\nRSS hash key:\n6d:5a\nRSS hash function:\n    "
        "toeplitz: on\n    xor: off\n"
    )
    assert nic.rss(text) == {"function": "toeplitz", "entries_by_queue": {"0": 8, "1": 4}}, nic.rss(
        text
    )
    assert nic.numbers(None) is None and nic.rss(None) is None


@test
def an_interface_of_another_namespace_is_seen_there():
    if os.geteuid():
        raise tap.Skip("namespaces need root")
    with lab.joined_pair() as pair:
        lab.run(*lab.inside(pair.server, "ip", "link", "set", pair.server_if, "mtu", "1420"))
        seen = host.interface(pair.server_if, pair.server)
    assert seen["driver"] == "veth" and seen["mtu"] == 1420 and seen["queues"]["tx"][0], seen


@test
def an_unsupported_suite_fails_only_when_it_was_named():
    path = os.path.join(ROOT, "bench", "run")
    module = types.ModuleType("bench_run")
    loader = importlib.machinery.SourceFileLoader("bench_run", path)
    module.__file__ = path
    loader.exec_module(module)
    for outcomes, everything, code in (
        (["measured", "inconclusive"], True, 0),
        (["measured", "unsupported"], True, 0),
        (["measured", "unsupported"], False, 3),
        (["unsupported", "unsupported"], True, 3),
        (["measured", "failed", "unsupported"], True, 1),
        (["failed"], False, 1),
    ):
        assert module.exit_code(outcomes, everything) == code, (outcomes, everything)
    assert set(module.default_suites()) == set(module.SUITES) - module.BY_NAME_ONLY


@test
def bench_run_lists_its_suites_and_refuses_others():
    done = bench("run", "--list")
    assert done.returncode == 0 and "Cost of the classifier" in done.stdout, done
    done = bench("run", "no-such-suite")
    assert done.returncode == 2 and "no suite 'no-such-suite'" in done.stderr, done.stderr


if __name__ == "__main__":
    sys.exit(test.main())
