"""Which of several engines is faster, for sure: they run in turn until their ratio is clear or the time is up.

A single timing says little on a machine that does other things too. Rounds are paired, so whatever else happens hits
all engines alike, and the bootstrap interval of the ratio of their medians says how much the figures can be trusted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.bundle.golden import Sample
from edge.bundle.manifest import Precision
from edge.statistics import Interval, ratio_of_medians

if TYPE_CHECKING:
    from edge.engines.base import Engine

CLEARLY = 0.95
"""To be taken, another precision than the reference must take at most this share of its time; less is noise."""
_LOOKS = (16, 32, 64, 128, 256, 512)
"""Rounds after which the ratio is looked at; the last ends the race (the bootstrap's memory grows with rounds)."""
_LEAST = 2
_ALONE = 16
"""Rounds of an engine that runs against nobody: there is a figure to be had, but nothing to decide."""
_PATIENCE = 4.0

Times = dict[Precision, NDArray[np.float64]]


def race(
    engines: Mapping[Precision, Engine],
    golden: Sequence[Sample],
    *,
    reference: Precision,
    budget: float,
    clock: Callable[[], float] = time.perf_counter,
    spent: Callable[[], float] = time.thread_time,
) -> Times:
    """Seconds of each round, (rounds,) by precision; the engines have run before, so they are warm.

    At least `_LEAST` rounds are run; ``budget`` seconds of processor time (``spent``) end the race when it is still
    open: on a busy machine a second of the clock is a few rounds, which decide nothing. It waits for no more than
    `_PATIENCE` times as long.
    """
    taken: dict[Precision, list[float]] = {variant: [] for variant in engines}
    order = list(engines)  # rotated, so that none always runs in the caches that another one left
    begin, began, turn = spent(), clock(), 0
    last = _ALONE if len(engines) == 1 else _LOOKS[-1]
    while turn < last and (turn < _LEAST or (spent() - begin < budget and clock() - began < _PATIENCE * budget)):
        feeds = golden[turn % len(golden)].feeds
        for variant in order[turn % len(order) :] + order[: turn % len(order)]:
            before = clock()
            engines[variant].run(feeds)
            taken[variant].append(clock() - before)
        turn += 1
        if turn in _LOOKS and all(_clear(ratio) for ratio in ratios(_arrays(taken), reference).values()):
            break
    return _arrays(taken)


def ratios(times: Times, reference: Precision) -> dict[Precision, Interval]:
    """Median time over the reference's, of every other precision; empty when the reference did not run."""
    if reference not in times:
        return {}
    base, rng = times[reference], np.random.default_rng(0)
    return {
        variant: ratio_of_medians(mine, base, rng=rng)
        for variant, mine in times.items()
        if variant != reference and base.any()
    }


def fastest(times: Times, reference: Precision) -> Precision:
    """Who won: the reference, unless another is surely `CLEARLY` faster; without a reference, the least median."""
    faster = ratios(times, reference)
    sure = [variant for variant in times if reference not in times or _wins(faster.get(variant))]
    return min(sure, key=lambda variant: float(np.median(times[variant])), default=reference)


def _wins(ratio: Interval | None) -> bool:
    return ratio is not None and ratio.high < CLEARLY


def _clear(ratio: Interval) -> bool:
    return ratio.high < CLEARLY or ratio.low > CLEARLY


def _arrays(taken: Mapping[Precision, Sequence[float]]) -> Times:
    return {variant: np.asarray(seconds, np.float64) for variant, seconds in taken.items()}
