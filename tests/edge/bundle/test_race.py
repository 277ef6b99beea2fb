"""Timings on a false clock: a clear winner ends the race early, a tie never takes the riskier precision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from edge.bundle.golden import Sample
from edge.bundle.race import CLEARLY, fastest, race, ratios
from edge.engines import FakeEngine
from edge.types import AnyArray

SAMPLES = [Sample({}, {})]


class Track:
    """Engines on one false clock: each run of a variant takes the next of its seconds."""

    def __init__(self, **seconds: Iterator[float]) -> None:
        self.now = 0.0
        self.engines = {name: FakeEngine(self._runner(steps)) for name, steps in seconds.items()}

    def _runner(self, steps: Iterator[float]):
        def run(_feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
            self.now += next(steps)
            return {}

        return run

    def race(self, budget: float, *, share: float = 1.0):
        """``share`` of the processor is ours."""
        now = {"clock": lambda: self.now, "spent": lambda: self.now * share}
        return race(self.engines, SAMPLES, reference="fp32", budget=budget, **now)


def _noisy(mean: float, share: float, seed: int) -> Iterator[float]:
    random = np.random.default_rng(seed)
    while True:
        yield mean * (1 + share * abs(random.standard_normal()))


def test_a_clear_race_ends_after_a_few_rounds_and_is_won() -> None:
    track = Track(fp32=_noisy(0.01, 0.1, 1), int8=_noisy(0.005, 0.1, 2))
    times = track.race(budget=60)
    assert len(times["int8"]) == len(times["fp32"]) == 16
    assert fastest(times, "fp32") == "int8"
    assert ratios(times, "fp32")["int8"].high < CLEARLY


def test_a_race_that_stays_open_lasts_for_its_budget_and_fp32_runs() -> None:
    track = Track(fp32=_noisy(0.01, 0.3, 1), int8=_noisy(0.01 * CLEARLY, 0.3, 2))
    times = track.race(budget=2)
    assert 2 <= track.now < 2.2
    assert ratios(times, "fp32")["int8"].low < CLEARLY < ratios(times, "fp32")["int8"].high
    assert fastest(times, "fp32") == "fp32"


@pytest.mark.parametrize("seed", range(20))
def test_noise_never_makes_an_equal_variant_win(seed: int) -> None:
    track = Track(fp32=_noisy(0.01, 0.5, 100 + seed), int8=_noisy(0.01, 0.5, 200 + seed))
    assert fastest(track.race(budget=1), "fp32") == "fp32"


def test_a_machine_that_is_busy_for_a_while_changes_nothing() -> None:
    def slow_first(seconds: float) -> Iterator[float]:
        for number in range(10_000):
            yield seconds * (9 if number < 20 else 1)

    track = Track(fp32=slow_first(0.010), int8=slow_first(0.006))
    assert fastest(track.race(budget=2), "fp32") == "int8"


def test_a_busy_machine_gets_the_time_that_a_clear_answer_takes_within_bounds() -> None:
    def track() -> Track:
        return Track(fp32=_noisy(0.05, 0.3, 1), int8=_noisy(0.03, 0.3, 2))

    patient = track()
    times = patient.race(budget=0.6, share=0.4)
    assert patient.now > 1.2
    assert fastest(times, "fp32") == "int8"
    endless = Track(fp32=_noisy(0.1, 0.5, 1), int8=_noisy(0.1 * CLEARLY, 0.5, 2))
    endless.race(budget=1, share=0.01)
    assert 4 <= endless.now < 4.6


def test_the_race_ends_when_its_time_is_up_even_between_looks() -> None:
    track = Track(fp32=iter([0.5] * 100), int8=iter([0.5] * 100))
    times = track.race(budget=3)
    assert len(times["fp32"]) == 3
    assert len(Track(fp32=iter([1.0] * 9), int8=iter([9.0] * 9)).race(budget=0)["int8"]) == 2


def test_one_that_runs_alone_is_timed_briefly() -> None:
    track = Track(int8=_noisy(0.001, 0, 1))
    times = track.race(budget=5)
    assert len(times["int8"]) == 16
    assert fastest(times, "fp32") == "int8"


def test_each_variant_runs_first_in_turn() -> None:
    order: list[str] = []

    def engine(name: str) -> FakeEngine:
        def run(_feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
            order.append(name)
            return {}

        return FakeEngine(run)

    ticks = iter(range(1000))
    race({"fp32": engine("a"), "int8": engine("b")}, SAMPLES, reference="fp32", budget=12, clock=lambda: next(ticks))
    assert order[:6] == ["a", "b", "b", "a", "a", "b"]
