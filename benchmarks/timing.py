"""Interleaved timing: every round runs each case once, so that all cases meet the same machine.

Boards drift: they heat up, throttle, and do other things. Measured one after the other, the variant that came second
pays for it; measured round by round, both do, and their ratio stays meaningful. The order rotates from round to round,
so that no case always runs in the caches that another one left.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Case:
    """Something to be timed."""

    name: str
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timings:
    """What one case took in each round, in seconds, float64 (rounds,).

    ``wall`` is what a person waits; ``cpu`` what the whole process spent on all its threads.
    """

    name: str
    wall: NDArray[np.float64]
    cpu: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where the time comes from, in nanoseconds; tests bring their own."""

    wall: Callable[[], int] = time.perf_counter_ns
    cpu: Callable[[], int] = time.process_time_ns


def interleave(
    cases: Sequence[Case],
    *,
    rounds: int,
    warmup: int,
    clocks: Clocks | None = None,
    advance: Callable[[], object] = lambda: None,
) -> tuple[Timings, ...]:
    """Time the cases in ``rounds`` rounds after ``warmup`` unmeasured ones; ``advance`` is called after every round.

    The garbage collector rests meanwhile: a collection is not part of any case.
    """
    clocks = clocks or Clocks()
    wall = np.zeros((len(cases), rounds))
    cpu = np.zeros((len(cases), rounds))
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(-warmup, rounds):
            for offset in range(len(cases)):
                which = (number + offset) % len(cases)
                run = cases[which].run
                cpu_begin, wall_begin = clocks.cpu(), clocks.wall()
                run()
                wall_end, cpu_end = clocks.wall(), clocks.cpu()
                if number >= 0:
                    wall[which, number] = (wall_end - wall_begin) / 1e9
                    cpu[which, number] = (cpu_end - cpu_begin) / 1e9
            advance()
    finally:
        if collecting:
            gc.enable()
    return tuple(Timings(case.name, wall[i], cpu[i]) for i, case in enumerate(cases))
