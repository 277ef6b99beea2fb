"""Figures with their uncertainty: percentiles of timings, and ratios with bootstrap 95 % intervals.

Both bootstraps are *paired*. Timings of two variants are taken in the same rounds, so that a machine that slows down
slows both; rounds are resampled whole. Two variants are scored on the same examples, so examples are resampled whole,
within their source. The intervals are percentile intervals (Efron and Tibshirani, An Introduction to the Bootstrap,
1993, chapter 13).

What an interval here does not say: how the figure would be for other people or other boards. Recordings of one source
resemble each other more than those of a new signer would; read the per-source figures for that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""Bootstrap resamples: the ends of a 95 % interval then rest on some fifty resamples each."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Percentiles of ``n`` timings, in seconds."""

    p50: float
    p90: float
    p99: float
    n: int


def percentiles(seconds: NDArray[np.float64]) -> Percentiles:
    """The percentiles of a sample of durations in seconds."""
    p50, p90, p99 = (float(value) for value in np.percentile(seconds, (50, 90, 99)))
    return Percentiles(p50, p90, p99, len(seconds))


def ratio_of_medians(
    numerator: NDArray[np.float64], denominator: NDArray[np.float64], *, rng: np.random.Generator
) -> Interval:
    """Median of ``numerator`` / median of ``denominator``, two timings of the same rounds, each (rounds,)."""
    rounds = len(numerator)
    chosen = rng.integers(rounds, size=(RESAMPLES, rounds))
    ratios = np.median(numerator[chosen], axis=1) / np.median(denominator[chosen], axis=1)
    return _interval(float(np.median(numerator) / np.median(denominator)), ratios)


def retention(
    variant: NDArray[np.bool_], reference: NDArray[np.bool_], sources: Sequence[str], *, rng: np.random.Generator
) -> Interval | None:
    """Accuracy of ``variant`` / accuracy of ``reference``: which of the same examples (n,) each got right.

    ``sources`` says where each example is from. None where the reference got nothing right, and no ratio exists.
    """
    if not reference.any():
        return None
    variant_right, reference_right = _redrawn(variant, reference, sources, rng)
    ratios = variant_right / np.maximum(reference_right, 1)
    return _interval(float(variant.sum() / reference.sum()), ratios)


def difference(
    variant: NDArray[np.bool_], reference: NDArray[np.bool_], sources: Sequence[str], *, rng: np.random.Generator
) -> Interval:
    """Accuracy of ``variant`` - accuracy of ``reference``, of the same examples as in `retention`."""
    variant_right, reference_right = _redrawn(variant, reference, sources, rng)
    n = len(variant)
    return _interval(float(variant.mean() - reference.mean()), (variant_right - reference_right) / n)


def proportion(right: NDArray[np.bool_]) -> Interval:
    """Share of True with `wilson`'s interval."""
    share = float(right.mean())
    return Interval(share, *wilson(share, len(right)))


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share of ``n`` (E. B. Wilson, JASA 22, 1927): it holds for shares near 0 and 1 too.

    It takes the ``n`` for independent, and speaks of more of the same source, not of others.
    """
    z = 1.959964
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def _redrawn(
    variant: NDArray[np.bool_], reference: NDArray[np.bool_], sources: Sequence[str], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many each got right in every resample.

    A resample of n pairs is fully described by how many fell into each of the four kinds (both right, one right, none),
    which is a multinomial draw: exact, and far cheaper than drawing indices.
    """
    kinds = 2 * variant.astype(np.intp) + reference
    drawn = np.zeros((RESAMPLES, 4))
    names = np.asarray(sources)
    for name in np.unique(names):
        counts = np.bincount(kinds[names == name], minlength=4)
        drawn += rng.multinomial(counts.sum(), counts / counts.sum(), size=RESAMPLES)
    return drawn[:, 2] + drawn[:, 3], drawn[:, 1] + drawn[:, 3]


def _interval(value: float, resampled: NDArray[np.floating[Any]]) -> Interval:
    low, high = np.percentile(resampled, (2.5, 97.5))
    return Interval(value, float(low), float(high))
