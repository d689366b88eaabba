#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Estimators of bench/ on pairs drawn as a shared machine disturbs them, with a known truth: how often a
95 % interval holds it, and how wide it is. TAP.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests", "vectors")]
sys.dont_write_bytecode = True

import numpy as np  # noqa: E402
import tap  # noqa: E402
from tripath_bench import stats  # noqa: E402

test = tap.Tests()
DRAWS = 1000
RATIO = 1.5
PAIRS = (5, 10, 15, 25)


def drift(rng, count):
    """The machine wanders, and now and then runs at another speed, which it takes up between two turns or,
    more seldom, within one.
    """
    speed = np.empty((count, 2))
    slow = rng.random() < 0.5
    for turn in range(count):
        slow ^= rng.random() < 0.25
        first = slow
        slow ^= rng.random() < 0.1
        # Whoever runs first does so in every other turn.
        speed[turn, :: 1 if turn % 2 else -1] = [1.45 if s else 1 for s in (first, slow)]
    return speed * np.exp(np.cumsum(rng.normal(0, 0.05, (count, 1)), axis=0))


def tail(rng, count):
    """Runs are only ever made slower, some by much."""
    return 1 + 0.05 * rng.pareto(2, (count, 2))


def outliers(rng, count):
    """One run in ten takes up to three times as long."""
    return np.where(rng.random((count, 2)) < 0.1, 1 + 2 * rng.random((count, 2)), 1)


DISTURBED = {
    "quiet": (),
    "drift": (drift,),
    "tail": (tail,),
    "outliers": (outliers,),
    "all of it": (drift, tail, outliers),
}


def sides(rng, count, kinds, ratio=RATIO):
    """(ours, theirs) of @count turns; theirs takes @ratio times as long."""
    values = np.exp(rng.normal(0, 0.02, (count, 2)))
    for kind in kinds:
        values *= kind(rng, count)
    return values[:, 0], ratio * values[:, 1]


def ratio_of_medians(num, den, seed, draws):
    """What the median of pair ratios is held against."""
    pick = np.random.default_rng(seed).integers(0, len(num), (draws, len(num)))
    lo, hi = stats.cut(np.median(num[pick], axis=1) / np.median(den[pick], axis=1), 95)
    return None, [lo, hi]


def coverage(estimate, count, kinds, trials):
    """(share of the intervals that hold the truth, median width of the logarithm)."""
    inside, widths = 0, []
    for trial in range(trials):
        ours, theirs = sides(np.random.default_rng([trial, count]), count, kinds)
        _, (lo, hi) = estimate(theirs, ours, seed=trial, draws=DRAWS)
        inside += lo <= RATIO <= hi
        widths.append(np.log(hi / lo))
    return inside / trials, float(np.median(widths))


@test
def the_interval_covers_the_true_ratio_as_often_as_it_says():
    """Of five values no interval within them can cover the median more often than 1 - 2/2^5."""
    found = {
        (kind, count): coverage(stats.ratio_interval, count, kinds, 200)[0]
        for kind, kinds in DISTURBED.items()
        for count in PAIRS
    }
    for at, share in found.items():
        assert share >= 0.90, f"{at}: {share}"
    for count in PAIRS:
        mean = np.mean([share for (_, n), share in found.items() if n == count])
        assert 0.925 <= mean <= 0.985, f"{count} pairs: {mean}"


@test
def drift_does_not_widen_the_interval():
    for kind in ("drift", "all of it"):
        _, width = coverage(stats.ratio_interval, 25, DISTURBED[kind], 60)
        _, wide = coverage(ratio_of_medians, 25, DISTURBED[kind], 60)
        assert width < wide / 3, (kind, width, wide)


@test
def more_pairs_make_the_interval_narrower():
    widths = [coverage(stats.ratio_interval, n, DISTURBED["all of it"], 60)[1] for n in PAIRS]
    assert widths == sorted(widths, reverse=True) and widths[-1] < widths[0] / 4, widths


@test
def what_is_equal_is_seldom_measured_and_what_is_not_often():
    measured = {1: 0, 1.3: 0}
    trials = 60
    for ratio in measured:
        for trial in range(trials):
            rng = np.random.default_rng([trial, 9])
            ours, theirs = sides(rng, 20, DISTURBED["all of it"], ratio)
            # Against itself, in the same turns: the common disturbance cancels there just as well.
            again = ours * np.exp(rng.normal(0, 0.03, 20))
            entry = stats.compare("x", "ns", ours, theirs, (ours, again), "lower", seed=trial)
            measured[ratio] += entry["outcome"] == "measured"
    assert measured[1] <= 0.07 * trials and measured[1.3] >= 0.9 * trials, measured


@test
def the_difference_covers_the_truth_and_has_its_sign():
    """An added cost of 0.3 against one of 2.5, on a floor of 7 that drifts, each above its own floor."""
    inside, bounded, trials = 0, 0, 100
    for trial in range(trials):
        rng = np.random.default_rng([trial, 3])
        floor = 7 * drift(rng, 10)[:, :1]
        values = floor + [0, 0.3, 2.5, 0.3, 0] + rng.normal(0, 0.1, (10, 5))
        none, probe, bpftrace, again, none_again = values.T
        entry = stats.compare_by_difference(
            "x",
            "us",
            probe - none,
            bpftrace - none,
            (probe - none, again - none_again),
            "lower",
            seed=trial,
        )
        lo, hi = entry["difference_ci95"]
        inside += lo <= 2.2 <= hi
        assert entry["outcome"] == "measured" and entry["difference"] > 0, entry
        bounded += entry.get("ratio_at_least", 0) <= 2.5 / 0.3
    assert inside >= 0.9 * trials and bounded >= 0.95 * trials, (inside, bounded)


@test
def a_difference_is_turned_and_judged_by_its_noise():
    same = ([1, 1.1, 1, 0.9, 1], [1, 1, 1.1, 1, 0.9])
    for ours, theirs, better, sign in (
        ([0, 0.1, -0.1, 0, 0], [2, 2.1, 2, 1.9, 2], "lower", 1),
        ([0, 0.1, -0.1, 0, 0], [2, 2.1, 2, 1.9, 2], "higher", -1),
    ):
        entry = stats.compare_by_difference("x", "us", ours, theirs, same, better)
        assert entry["outcome"] == "measured" and entry["difference"] * sign > 0, entry
        assert entry["ratio"] is None and entry["ci95"] is None, entry
    entry = stats.compare_by_difference("x", "us", [1] * 5, [1.05] * 5, same, "lower")
    assert entry["outcome"] == "inconclusive" and "noise" in entry["why"], entry
    entry = stats.compare_by_difference("x", "us", [1] * 5, [3] * 5, ([1] * 5, [1] * 5), "lower")
    assert entry["ratio"] == 3 and entry["ratio_at_least"] == 3, entry
    entry = stats.compare_by_difference("x", "us", [1] * 4, [3] * 4, ([1] * 4, [1] * 4), "lower")
    assert entry["outcome"] == "inconclusive" and "4 pairs" in entry["why"], entry


if __name__ == "__main__":
    sys.exit(test.main())
