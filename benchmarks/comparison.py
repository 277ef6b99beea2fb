"""Whether two things really differ: two variants, two loops, two runs; and whether a probability can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.statistics import RESAMPLES, Interval

_BINS = 15


@dataclass(frozen=True, slots=True)
class Discordance:
    """Where two variants differ: ``lost`` examples only the reference got right, ``won`` only the variant; ``p`` is the
    probability of a difference as large or larger if both were equally good."""

    lost: int
    won: int
    p: float


def mcnemar(variant: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Discordance:
    """McNemar's exact test of two variants on the same examples (n,): which of them each got right.

    Only the examples that one of the two alone got right say anything; where both are equally good, each of those is
    the toss of a coin (Q. McNemar, Psychometrika 12, 1947). Examples are taken for independent, which those of one
    source are not: the true p is larger.
    """
    from scipy.stats import binomtest

    lost, won = int((reference & ~variant).sum()), int((variant & ~reference).sum())
    return Discordance(lost, won, float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0)


def calibration_error(confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_]) -> float | None:
    """Expected calibration error: how far the probability of an answer is from the share of right ones, on average.

    Over fifteen bins of equal width (Guo et al., On Calibration of Modern Neural Networks, 2017). ``confidence`` (n,)
    is NaN where there is no probability; None where there is none at all.
    """
    known = np.isfinite(confidence)
    if not known.any():
        return None
    sure, hits = confidence[known].astype(np.float64), right[known]
    bins = np.minimum((sure * _BINS).astype(np.intp), _BINS - 1)
    return float(np.abs(np.bincount(bins, hits - sure)).sum() / len(hits))


def most_lost(n: int) -> float:
    """The largest share that something may have that did not happen once in ``n`` examples, with 95 % confidence.

    Three over n (J. A. Hanley and A. Lippman-Hand, JAMA 249, 1983).
    """
    return min(1.0, 3 / n)


def ratio_of_percentiles(
    numerator: Sequence[Sequence[float]],
    denominator: Sequence[Sequence[float]],
    percent: float,
    *,
    rng: np.random.Generator,
) -> Interval | None:
    """A percentile of all times of ``numerator`` over that of ``denominator``, both by pass: passes of the same round
    stand at the same place. Rounds are resampled whole. None where one of them has no times."""
    rounds = [pair for pair in zip(numerator, denominator, strict=True) if all(len(times) for times in pair)]
    if not rounds:
        return None

    def ratio(chosen: Sequence[int]) -> float:
        upper, lower = (np.concatenate([rounds[i][side] for i in chosen]) for side in (0, 1))
        return float(np.percentile(upper, percent) / np.percentile(lower, percent))

    every = range(len(rounds))
    redrawn = [ratio(rng.choice(len(rounds), len(rounds)).tolist()) for _ in range(RESAMPLES)]
    return _between(ratio(every), redrawn)


def unpaired_ratio(numerator: Sequence[float], denominator: Sequence[float], *, rng: np.random.Generator) -> Interval:
    """Median of ``numerator`` / median of ``denominator``, measured in different runs: each is resampled alone."""
    upper, lower = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    medians = [
        np.median(values[rng.integers(len(values), size=(RESAMPLES, len(values)))], axis=1) for values in (upper, lower)
    ]
    return _between(float(np.median(upper) / np.median(lower)), medians[0] / medians[1])


def unpaired_difference(share: Interval, other: Interval) -> Interval:
    """``share`` - ``other``, two shares of different samples, each with its `wilson` interval.

    Newcombe's hybrid score interval (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10).
    """
    value = share.value - other.value
    low = value - float(np.hypot(share.value - share.low, other.high - other.value))
    high = value + float(np.hypot(share.high - share.value, other.value - other.low))
    return Interval(value, low, high)


def _between(value: float, redrawn: Sequence[float] | NDArray[np.float64]) -> Interval:
    low, high = np.percentile(redrawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))
