# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Statistics over paired repetitions.

The two sides of a comparison run in turn, so value i of one side and value i of the other were
taken under nearly the same conditions: they are a pair, and the bootstrap draws pairs. Medians,
because what disturbs a run on a shared machine only ever makes it slower, and by any amount.
"""

import numpy as np

DRAWS = 10_000
CONFIDENCE = 95
MIN_PAIRS = 5
PERCENTILES = (50, 90, 99, 99.9)


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


def median_interval(values, confidence=CONFIDENCE, seed=1, draws=DRAWS):
    """(median, [lo, hi]) by bootstrap over the values."""
    medians = resampled_medians(values, seed, draws)
    return median(values), cut(medians, confidence)


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


def ratio_interval(numerator, denominator, seed=1, draws=DRAWS):
    """(ratio of the medians, [lo, hi]), by bootstrap over the pairs; None where a median is not
    positive.
    """
    num = np.asarray(numerator, dtype=float)
    den = np.asarray(denominator, dtype=float)
    if num.shape != den.shape or num.ndim != 1 or num.size == 0:
        raise ValueError("pairs need two equally long lists")
    pick = np.random.default_rng(seed).integers(0, num.size, (draws, num.size))
    tops = np.median(num[pick], axis=1)
    bottoms = np.median(den[pick], axis=1)
    # Less a floor, a cost can come out at or below zero; a ratio with it would mean nothing.
    if np.median(num) <= 0 or np.median(den) <= 0 or (bottoms <= 0).any() or (tops <= 0).any():
        return None
    return float(np.median(num) / np.median(den)), cut(tops / bottoms, CONFIDENCE)


def compare(name, unit, ours, theirs, noise, better, seed=1):
    """One entry of an envelope's `comparisons`.

    @noise: (values, values) of one and the same side, run twice in each turn: what they differ by
    is noise.
    @better: "lower" or "higher". The ratio is turned so that above 1 always means that ours is the
    better.
    """
    turned = (lambda a, b: (b, a)) if better == "lower" else (lambda a, b: (a, b))
    result = {
        "name": name,
        "unit": unit,
        "better": better,
        "pairs": len(ours),
        "ours": median(ours),
        "theirs": median(theirs),
        "ratio": None,
        "ci95": None,
        "noise": None,
        "outcome": "inconclusive",
    }
    gain = ratio_interval(*turned(ours, theirs), seed=seed)
    same = ratio_interval(*turned(*noise), seed=seed)
    if gain is None or same is None:
        result["why"] = "a median is not above zero: the cost is not above its floor"
        return result
    result["ratio"], result["ci95"] = gain
    result["noise"] = same[1]
    if len(ours) < MIN_PAIRS:
        result["why"] = f"{len(ours)} pairs, fewer than {MIN_PAIRS}"
    elif not stands_out(gain[1], same[1]):
        result["why"] = "the difference is within the noise of one side against itself"
    else:
        result["outcome"] = "measured"
    return result


def stands_out(gain, noise):
    """Whether all of @gain lies farther from 1 than any of @noise, on whichever side."""
    widest = max(noise[1], 1 / noise[0], 1.0)
    return gain[0] > widest or gain[1] < 1 / widest


def less(values, floor):
    """Pairwise net cost: @values less @floor."""
    if len(values) != len(floor):
        raise ValueError("values and floor were not taken in the same turns")
    return [v - f for v, f in zip(values, floor)]
