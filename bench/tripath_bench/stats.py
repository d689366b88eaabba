# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Statistics over paired repetitions.

The two sides of a comparison run in turn, so value i of one side and value i of the other were
taken under nearly the same conditions: they are a pair. The ratio is taken within each pair, where
the speed that the machine had at that moment cancels out, and the bootstrap draws pairs. Medians,
because what disturbs a run on a shared machine only ever makes it slower, and by any amount.
docs/benchmarks.md says what else was tried, and tests/unit/test_stats.py how often an interval holds
the truth.
"""

from statistics import NormalDist

import numpy as np

DRAWS = 10_000
CONFIDENCE = 95
MIN_PAIRS = 5
PERCENTILES = (50, 90, 99, 99.9)
BY_RATIO, BY_DIFFERENCE = "median of pair ratios", "median of pair differences"


def median(values):
    return float(np.median(np.asarray(values, dtype=float)))


def percentile(histogram, q):
    """The value at or below which @q percent of a histogram's counts lie.

    @histogram: [[upper bound, count], ...] in ascending order.
    """
    total = sum(count for _, count in histogram)
    if total == 0:
        raise ValueError("a histogram without counts has no percentiles")
    # Rank of the sample that answers, counted from 1: the nearest-rank definition.
    rank = max(1, int(np.ceil(total * q / 100)))
    seen = 0
    for bound, count in histogram:
        seen += count
        if seen >= rank:
            return bound
    return histogram[-1][0]


def merge(histograms):
    """One histogram of all counts: as if everything had been recorded into it."""
    counts = {}
    for histogram in histograms:
        for bound, count in histogram:
            counts[bound] = counts.get(bound, 0) + count
    return [[bound, counts[bound]] for bound in sorted(counts)]


def percentiles(histogram):
    """What an envelope keeps beside a raw histogram."""
    named = {f"p{q:g}": percentile(histogram, q) for q in PERCENTILES}
    filled = [bound for bound, count in histogram if count]
    return {**named, "max": filled[-1], "count": sum(count for _, count in histogram)}


def curve(histogram):
    """[(share of counts at or below, bound), ...], for a percentile curve."""
    total = sum(count for _, count in histogram)
    seen, points = 0, []
    for bound, count in histogram:
        seen += count
        if count:
            points.append((seen / total, bound))
    return points


def median_interval(values, seed=1, draws=DRAWS):
    """(median, [lo, hi]) by bootstrap over the values, at CONFIDENCE."""
    medians = resampled_medians(values, seed, draws)
    return median(values), cut(medians, expanded(CONFIDENCE, len(values)))


def unpaired_ratio_interval(numerator, denominator, confidence=CONFIDENCE, seed=1, draws=DRAWS):
    """(ratio of the medians, [lo, hi]) of two lists that were not taken in turn, as two runs on two
    days are; None where a median is not positive.
    """
    tops = resampled_medians(numerator, seed, draws)
    bottoms = resampled_medians(denominator, seed + 1, draws)
    if (tops <= 0).any() or (bottoms <= 0).any():
        return None
    return median(numerator) / median(denominator), cut(tops / bottoms, confidence)


def resampled_medians(values, seed, draws):
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or values.size == 0:
        raise ValueError("nothing to draw from")
    pick = np.random.default_rng(seed).integers(0, values.size, (draws, values.size))
    return np.median(values[pick], axis=1)


def cut(drawn, confidence):
    tail = (100 - confidence) / 2
    lo, hi = np.percentile(drawn, [tail, 100 - tail])
    return [float(lo), float(hi)]


def expanded(confidence, count):
    """The nominal confidence at which a percentile bootstrap of @count values covers @confidence.

    As it is, its interval is too short for few values: its spread is that of a variance over n and not
    n - 1, and its tails are the normal distribution's and not Student's. Hesterberg, "What Teachers
    Should Know About the Bootstrap", 2015, "expanded percentile intervals". Student's quantile by its
    expansion in 1/(n - 1): Abramowitz and Stegun 26.7.5.
    """
    if count < 2:
        return confidence
    z = NormalDist().inv_cdf(0.5 + confidence / 200)
    free = count - 1
    student = z + (
        (z**3 + z) / (4 * free)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * free**3)
    )
    return 100 - 200 * NormalDist().cdf(-student * (count / free) ** 0.5)


def apart(a, b):
    """Whether two intervals have no point in common."""
    return a[1] < b[0] or b[1] < a[0]


def fine_percentile(histogram, q):
    """The same, by linear interpolation between a bucket's bounds: for differences that are smaller
    than a bucket. Between buckets without counts the bounds are wider than they were counted with.
    """
    total = sum(count for _, count in histogram)
    seen, low = 0, None
    for bound, count in histogram:
        if count and seen + count >= total * q / 100:
            if low is None:
                return float(bound)
            return low + (bound - low) * (total * q / 100 - seen) / count
        seen += count
        low = bound
    raise ValueError("a histogram without counts has no percentiles")


def pairs(a, b):
    """Both as arrays; ValueError where they are no pairs."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape or a.ndim != 1 or a.size == 0:
        raise ValueError("pairs need two equally long lists")
    return a, b


def ratio_interval(numerator, denominator, seed=1, draws=DRAWS):
    """(median of the pairs' ratios, [lo, hi]), by bootstrap over the pairs; None where a value is not
    positive. On logarithms, so that turning the ratio turns the interval.
    """
    num, den = pairs(numerator, denominator)
    # Less a floor, a cost can come out at or below zero; a ratio with it would mean nothing.
    if (num <= 0).any() or (den <= 0).any():
        return None
    middle, (lo, hi) = median_interval(np.log(num / den), seed, draws)
    # The last digits are the logarithm's rounding: 3 should come back as 3.
    middle, lo, hi = (float(f"{np.exp(v):.12g}") for v in (middle, lo, hi))
    return middle, [lo, hi]


def difference_interval(minuend, subtrahend, seed=1, draws=DRAWS):
    """(median of the pairs' differences, [lo, hi]), by bootstrap over the pairs."""
    a, b = pairs(minuend, subtrahend)
    return median_interval(a - b, seed, draws)


def compare(name, unit, ours, theirs, noise, better, seed=1):
    """One entry of an envelope's `comparisons`.

    @noise: (values, values) of one and the same side, run twice in each turn: what they differ by
    is noise.
    @better: "lower" or "higher". The ratio is turned so that above 1 always means that ours is the
    better.
    """
    turned = (lambda a, b: (b, a)) if better == "lower" else (lambda a, b: (a, b))
    result = entry_of(name, unit, ours, theirs, better, BY_RATIO)
    gain = ratio_interval(*turned(ours, theirs), seed=seed)
    same = ratio_interval(*turned(*noise), seed=seed)
    if gain is None or same is None:
        result["why"] = "a value is not above zero: the cost is not above its floor"
        return result
    result["ratio"], result["ci95"] = gain
    result["noise"] = same[1]
    return judged(result, stands_out(gain[1], same[1]))


def compare_by_difference(name, unit, ours, theirs, noise, better, seed=1):
    """The same of what may lie near zero, such as a cost less its floor: judged by the difference, which
    is turned so that above 0 means that ours is the better. The ratio is there as well where all values
    are above zero; `ratio_at_least` where both sides' intervals are, of the end of each that speaks
    most against ours.
    """
    result = entry_of(name, unit, ours, theirs, better, BY_DIFFERENCE)
    turned = (lambda a, b: (b, a)) if better == "lower" else (lambda a, b: (a, b))
    gain = difference_interval(*turned(ours, theirs), seed=seed)
    same = difference_interval(*turned(*noise), seed=seed)
    result["difference"], result["difference_ci95"] = gain
    result["difference_noise"] = same[1]
    ratio, again = ratio_interval(*turned(ours, theirs)), ratio_interval(*turned(*noise))
    if ratio and again:
        result["ratio"], result["ci95"] = ratio
        result["noise"] = again[1]
    top, bottom = (median_interval(side, seed)[1] for side in turned(ours, theirs))
    if top[0] > 0 and bottom[1] > 0:
        result["ratio_at_least"] = top[0] / bottom[1]
    widest = max(map(abs, same[1]))
    return judged(result, gain[1][0] > widest or gain[1][1] < -widest)


def entry_of(name, unit, ours, theirs, better, estimator):
    return {
        "name": name,
        "unit": unit,
        "better": better,
        "estimator": estimator,
        "pairs": len(ours),
        "ours": median(ours),
        "theirs": median(theirs),
        "ratio": None,
        "ci95": None,
        "noise": None,
        "outcome": "inconclusive",
    }


def judged(entry, out_of_the_noise):
    if entry["pairs"] < MIN_PAIRS:
        entry["why"] = f"{entry['pairs']} pairs, fewer than {MIN_PAIRS}"
    elif not out_of_the_noise:
        entry["why"] = "the difference is within the noise of one side against itself"
    else:
        entry["outcome"] = "measured"
    return entry


def stands_out(gain, noise):
    """Whether all of @gain lies farther from 1 than any of @noise, on whichever side."""
    widest = max(noise[1], 1 / noise[0], 1.0)
    return gain[0] > widest or gain[1] < 1 / widest


def less(values, floor):
    """Pairwise net cost: @values less @floor."""
    if len(values) != len(floor):
        raise ValueError("values and floor were not taken in the same turns")
    return [v - f for v, f in zip(values, floor)]
