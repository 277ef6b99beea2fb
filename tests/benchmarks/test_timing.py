"""Interleaved timing, on a clock of our own."""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.timing import Case, Clocks, interleave


class FakeMachine:
    """A machine whose cases take what they say, times a slowness that grows with every run."""

    def __init__(self, drift: float = 0.0, threads: int = 1) -> None:
        self.now = 0
        self.slowness = 1.0
        self.drift = drift
        self.threads = threads
        self.ran: list[str] = []

    def case(self, name: str, milliseconds: float) -> Case:
        return Case(name, self._work(name, milliseconds))

    def clocks(self) -> Clocks:
        return Clocks(wall=lambda: self.now, cpu=lambda: self.now * self.threads)

    def _work(self, name: str, milliseconds: float) -> Callable[[], None]:
        def run() -> None:
            self.ran.append(name)
            self.now += round(milliseconds * 1e6 * self.slowness)
            self.slowness += self.drift

        return run


def test_each_case_gets_its_own_durations_in_seconds() -> None:
    machine = FakeMachine(threads=2)
    fast, slow = interleave(
        [machine.case("fast", 1), machine.case("slow", 3)], rounds=5, warmup=2, clocks=machine.clocks()
    )
    assert (fast.name, slow.name) == ("fast", "slow")
    np.testing.assert_allclose(fast.wall, np.full(5, 0.001))
    np.testing.assert_allclose(slow.wall, np.full(5, 0.003))
    np.testing.assert_allclose(slow.cpu, np.full(5, 0.006))


def test_warm_up_runs_every_case_and_is_not_measured() -> None:
    machine = FakeMachine()
    timings = interleave([machine.case("a", 1), machine.case("b", 1)], rounds=3, warmup=4, clocks=machine.clocks())
    assert machine.ran.count("a") == machine.ran.count("b") == 7
    assert [len(timing.wall) for timing in timings] == [3, 3]


def test_the_order_rotates_and_each_round_runs_every_case_once() -> None:
    machine = FakeMachine()
    interleave([machine.case(name, 1) for name in "abc"], rounds=3, warmup=0, clocks=machine.clocks())
    assert machine.ran == list("abcbcacab")


def test_a_machine_that_slows_down_leaves_the_ratio_alone() -> None:
    machine = FakeMachine(drift=0.01)
    fast, slow = interleave(
        [machine.case("fast", 1), machine.case("slow", 2)], rounds=200, warmup=0, clocks=machine.clocks()
    )
    assert fast.wall[-1] > 4 * fast.wall[0]
    assert np.median(slow.wall) / np.median(fast.wall) == pytest.approx(2, rel=0.01)


def test_progress_hears_of_every_round() -> None:
    heard: list[int] = []
    interleave([FakeMachine().case("a", 1)], rounds=3, warmup=2, advance=lambda: heard.append(1))
    assert len(heard) == 5


def test_the_garbage_collector_rests_and_comes_back_even_after_a_fault() -> None:
    states: list[bool] = []

    def fail() -> None:
        states.append(gc.isenabled())
        raise ValueError("broken engine")

    with pytest.raises(ValueError, match="broken engine"):
        interleave([Case("a", fail)], rounds=1, warmup=0)
    assert states == [False]
    assert gc.isenabled()
