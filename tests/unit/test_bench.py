#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Statistics of bench/ on inputs whose answers are known, and every result in results/ against the
schema. TAP.
"""

import copy
import glob
import json
import os
import subprocess
import sys
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
sys.dont_write_bytecode = True

import jsonschema  # noqa: E402
import numpy as np  # noqa: E402
from tripath_bench import compare, envelope, policy, report, stats, validate  # noqa: E402
from tripath_bench.say import Failure  # noqa: E402

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def near(value, expected, within=1e-9):
    assert abs(value - expected) <= within, f"{value} is not {expected} within {within}"


def refused(document, part):
    """The schema refuses @document, and its message has @part in it."""
    try:
        envelope.validate(document)
    except jsonschema.ValidationError as why:
        assert part in why.message, f"refused for another reason: {why.message}"
        return
    raise AssertionError(f"a document was accepted that should be refused for: {part}")


def sample():
    """A whole envelope of made-up values; lives in memory only."""
    made = envelope.Envelope("bpf", "test", {"quick": True})
    made.workload("none", 1)
    made.repetition("case", "ours", "ns", [1, 2, 3, 4, 5])
    made.figure("cost", "ns", 20.0, at_most=25)
    made.comparison(
        stats.compare(
            "a vs b",
            "ns",
            [10, 10, 10, 10, 10],
            [30, 30, 30, 30, 30],
            ([10, 10, 10, 10, 10], [10, 10, 10, 10, 10]),
            "lower",
        ),
        at_least=3,
    )
    return made.finish()


@test
def median_of_odd_and_even_counts():
    near(stats.median([3, 1, 2]), 2)
    near(stats.median([4, 1, 3, 2]), 2.5)


@test
def percentile_is_the_nearest_rank():
    histogram = [[10, 50], [20, 49], [1000, 1]]
    assert stats.percentile(histogram, 50) == 10
    assert stats.percentile(histogram, 51) == 20
    assert stats.percentile(histogram, 99) == 20
    assert stats.percentile(histogram, 99.9) == 1000
    assert stats.percentile(histogram, 100) == 1000
    assert stats.percentile([[7, 1]], 1) == 7


@test
def percentile_of_nothing_is_refused():
    for empty in ([], [[5, 0]]):
        for percentile in (stats.percentile, stats.fine_percentile):
            try:
                percentile(empty, 50)
            except ValueError:
                continue
            raise AssertionError("an empty histogram had a percentile")


@test
def fine_percentile_lies_within_the_bucket():
    histogram = [[10, 50], [20, 40], [30, 0], [40, 10]]
    near(stats.fine_percentile(histogram, 50), 10)
    near(stats.fine_percentile(histogram, 70), 15)
    near(stats.fine_percentile(histogram, 90), 20)
    near(stats.fine_percentile(histogram, 95), 35)
    near(stats.fine_percentile([[7, 3]], 50), 7)


@test
def interval_of_a_median_holds_it():
    _, (low, high) = stats.median_interval([5, 1, 4, 2, 3])
    assert 1 <= low < 3 < high <= 5, (low, high)
    assert stats.median_interval([2] * 5) == (2, [2, 2])


@test
def constant_pairs_have_an_exact_ratio():
    ratio, interval = stats.ratio_interval([30] * 7, [10] * 7)
    near(ratio, 3)
    near(interval[0], 3)
    near(interval[1], 3)


@test
def pairs_are_drawn_together():
    """Both sides swing alike; drawn apart, the interval would be as wide as the swing."""
    swing = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    _, (lo, hi) = stats.ratio_interval([2 * s for s in swing], swing)
    near(lo, 2)
    near(hi, 2)


@test
def the_same_seed_gives_the_same_interval():
    a, b = [1.0, 2.0, 4.0, 3.0, 5.0], [2.0, 2.5, 3.0, 5.0, 4.0]
    assert stats.ratio_interval(a, b, seed=3) == stats.ratio_interval(a, b, seed=3)


@test
def unpaired_lists_are_refused():
    for a, b in (([1, 2], [1]), ([], [])):
        try:
            stats.ratio_interval(a, b)
        except ValueError:
            continue
        raise AssertionError(f"{a} and {b} were taken for pairs")


@test
def above_one_always_means_that_ours_is_better():
    same = ([10] * 5, [10] * 5)
    near(stats.compare("time", "ns", [10] * 5, [30] * 5, same, "lower")["ratio"], 3)
    near(stats.compare("rate", "Mpps", [30] * 5, [10] * 5, same, "higher")["ratio"], 3)
    near(stats.compare("loss", "ns", [30] * 5, [10] * 5, same, "lower")["ratio"], 1 / 3, 1e-11)


@test
def a_gain_outside_the_noise_is_measured():
    entry = stats.compare(
        "x",
        "ns",
        [10, 11, 10, 9, 10],
        [20, 21, 20, 19, 20],
        ([10, 11, 10, 9, 10], [10, 10, 11, 9, 10]),
        "lower",
    )
    assert entry["outcome"] == "measured", entry
    assert entry["ci95"][0] <= entry["ratio"] <= entry["ci95"][1]


@test
def a_loss_outside_the_noise_is_measured():
    entry = stats.compare(
        "x",
        "ns",
        [20, 21, 20, 19, 20],
        [10, 11, 10, 9, 10],
        ([20, 21, 20, 19, 20], [20, 20, 21, 19, 20]),
        "lower",
    )
    assert entry["outcome"] == "measured" and entry["ratio"] < 1, entry


@test
def a_gain_inside_the_noise_is_inconclusive():
    entry = stats.compare(
        "x",
        "ns",
        [10, 12, 9, 11, 10],
        [11, 12, 10, 11, 10],
        ([10, 12, 9, 11, 10], [13, 9, 12, 8, 11]),
        "lower",
    )
    assert entry["outcome"] == "inconclusive" and "noise" in entry["why"], entry


@test
def noise_counts_on_both_sides_of_one():
    """Our side was faster against itself by 2: then a gain of 1.5 says nothing, nor does a loss by
    1.5.
    """
    assert not stats.stands_out([1.4, 1.6], [0.5, 0.9])
    assert not stats.stands_out([0.62, 0.7], [1.1, 2.0])
    assert stats.stands_out([2.1, 2.5], [0.5, 0.9])
    assert stats.stands_out([0.3, 0.4], [1.1, 2.0])


@test
def fewer_than_five_pairs_are_inconclusive():
    entry = stats.compare("x", "ns", [10] * 4, [30] * 4, ([10] * 4, [10] * 4), "lower")
    assert entry["outcome"] == "inconclusive" and "4 pairs" in entry["why"], entry


@test
def a_cost_below_its_floor_has_no_ratio():
    entry = stats.compare("x", "ns", [-1, 0, -2, 1, -1], [30] * 5, ([10] * 5, [10] * 5), "lower")
    assert entry["ratio"] is None and entry["outcome"] == "inconclusive", entry


@test
def net_is_taken_turn_by_turn():
    assert stats.less([10, 20, 30], [1, 2, 3]) == [9, 18, 27]
    try:
        stats.less([1, 2], [1])
    except ValueError:
        return
    raise AssertionError("unequal turns were subtracted")


@test
def targets_are_judged_both_ways():
    made = envelope.Envelope("bpf", "test", {})
    for value, met in ((25, True), (25.1, False), (-3, False)):
        made.figure("f", "ns", value, at_most=25)
        assert made["figures"][-1]["target"]["met"] is met, value
    for value, met in ((0.95, True), (0.94, False)):
        made.figure("f", "share", value, at_least=0.95)
        assert made["figures"][-1]["target"]["met"] is met, value


@test
def a_target_of_an_inconclusive_comparison_is_neither_met_nor_missed():
    same = ([10] * 5, [10] * 5)
    noisy = ([10] * 5, [50] * 5)
    for noise, of, goal, met, word in (
        (same, None, 3, True, ">= 3 met"),
        (same, None, 3.1, False, ">= 3.1 MISSED"),
        (noisy, None, 2, None, ">= 2 inconclusive"),
        (same, "ci95 low", 3, True, ">= 3 (lower end) met"),
        (noisy, "ci95 low", 3, None, ">= 3 (lower end) inconclusive"),
    ):
        made = envelope.Envelope("bpf", "test", {"quick": True})
        made.repetition("case", "ours", "ns", [1])
        entry = stats.compare("x", "ns", [10] * 5, [30] * 5, noise, "lower")
        made.comparison(entry, at_least=goal, of=of)
        document = made.finish()
        assert document["comparisons"][0]["target"]["met"] is met, entry
        assert word in report.text(document), word
        assert validate.problems(document) == []
        entry["target"]["met"] = not met
        assert "target.met" in validate.problems(document)[0][0]


@test
def an_older_envelope_says_met_of_what_is_inconclusive_and_is_not_believed():
    document = sample()
    entry = document["comparisons"][0]
    del entry["estimator"]
    entry.update(outcome="inconclusive", why="noise")
    assert entry["target"]["met"] is True and validate.problems(document) == []
    assert ">= 3 inconclusive" in report.text(document)


@test
def a_conclusion_that_its_numbers_deny_is_refused():
    for place, change in (
        ("comparisons[0].ratio", {"ratio": 99.0}),
        ("comparisons[0].outcome", {"noise": [0.1, 10.0]}),
    ):
        document = sample()
        document["comparisons"][0].update(change)
        assert validate.problems(document)[0][0] == place, validate.problems(document)


@test
def a_quick_run_is_not_compared_with_a_result():
    quick = sample()
    whole = {**copy.deepcopy(quick), "quick": not quick["quick"]}
    compare.check(quick, quick, False)
    try:
        compare.check(whole, quick, False)
    except Failure as why:
        assert "quick run" in str(why), why
    else:
        raise AssertionError("it was compared")


@test
def an_envelope_is_valid_and_readable():
    document = sample()
    assert document["outcome"] == "measured"
    text = report.text(document)
    for part in ("cost", "a vs b", "QUICK", ">= 3 met", "<= 25 met"):
        assert part in text, f"{part} is not in the table"


@test
def a_difference_is_valid_without_a_ratio_and_shown_in_its_unit():
    made = envelope.Envelope("bpf", "test", {"quick": True})
    made.repetition("case", "ours", "us", [1])
    ours, theirs, same = [0, 0.1, -0.1, 0.1, 0], [2, 2.1, 2, 1.9, 2], ([0] * 5, [0, 0.1, 0, 0, 0])
    made.comparison(stats.compare_by_difference("added", "us", ours, theirs, same, "lower"))
    document = made.finish()
    assert document["comparisons"][0]["ratio"] is None and document["outcome"] == "measured"
    assert "+2 us (>= 19 x)" in report.text(document), report.text(document)
    broken = copy.deepcopy(document)
    del broken["comparisons"][0]["difference_ci95"]
    refused(broken, "'difference_ci95' is a required property")
    broken = copy.deepcopy(document)
    del broken["comparisons"][0]["estimator"]
    refused(broken, "None is not of type")


@test
def an_envelope_without_a_conclusion_says_so():
    made = envelope.Envelope("bpf", "test", {})
    made.repetition("case", "ours", "ns", [1])
    made.comparison(stats.compare("x", "ns", [10], [10], ([10], [10]), "lower"))
    document = made.finish()
    assert document["outcome"] == "inconclusive" and document["why"] == "fewer than 5 pairs"


@test
def an_unsupported_envelope_needs_no_values_but_a_reason():
    made = envelope.Envelope("bpf", "test", {})
    made.unsupported("no such kernel")
    document = made.finish()
    del document["why"]
    refused(document, "'why' is a required property")


@test
def the_schema_refuses_what_is_no_result():
    whole = sample()
    for key in ("receipt", "host", "workload", "comparisons"):
        broken = copy.deepcopy(whole)
        del broken[key]
        refused(broken, f"'{key}' is a required property")
    broken = copy.deepcopy(whole)
    broken["outcome"] = "great"
    refused(broken, "'great' is not one of")
    broken = copy.deepcopy(whole)
    broken["repetitions"] = []
    refused(broken, "[] is too short")
    broken = copy.deepcopy(whole)
    broken["comparisons"][0]["pairs"] = 3
    refused(broken, "3 is less than the minimum of 5")
    broken = copy.deepcopy(whole)
    broken["made_up"] = 1
    refused(broken, "made_up")


@test
def the_measured_policy_is_as_large_as_it_says():
    assert len(policy.services()) == len(set(policy.services())) == 16
    assert len(set(policy.prefixes())) == 1000
    # bench/replay.h: 256 prefixes of each family carry flows.
    for p in range(256):
        assert f"10.128.{p}.0/24" in policy.prefixes() and f"fd77:1:{p:x}::/48" in policy.prefixes()


@test
def a_quick_run_never_goes_to_results():
    run = os.path.join(ROOT, "bench", "run")
    done = subprocess.run(
        [run, "--quick", "--out", os.path.join(ROOT, "results", "x.json"), "bpf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, "it ran"
    assert os.geteuid() != 0 or "not a result" in done.stderr, done.stderr
    assert not os.path.exists(os.path.join(ROOT, "results", "x.json"))


@test
def one_file_for_two_suites_is_refused():
    done = subprocess.run(
        [os.path.join(ROOT, "bench", "run"), "--out", "x.json", "bpf", "attach"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "name one suite" in done.stderr, done.stderr


@test
def every_result_is_valid_and_no_quick_one():
    for path in glob.glob(os.path.join(ROOT, "results", "*.json")):
        if os.path.basename(path) == "schema.json":
            continue
        with open(path, encoding="utf-8") as f:
            document = json.load(f)
        found = validate.problems(document)
        assert not found, (path, found[:3])
        assert not document["quick"], f"{path} is of a quick run"
        assert envelope.ROOT not in json.dumps(document), f"{path} says where a tree lay"


@test
def files_are_named_from_the_root_of_the_tree():
    made = {"command": [f"{envelope.ROOT}/build/bin/x", "-d", f"a={envelope.ROOT}/b"], "n": 1}
    assert envelope.relative(made) == {"command": ["build/bin/x", "-d", "a=b"], "n": 1}


def main():
    print(f"1..{len(TESTS)}")
    failed = 0
    for number, function in enumerate(TESTS, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__.replace('_', ' ')}")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {function.__name__.replace('_', ' ')}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
