"""Intervals: right on cases that can be worked out, and as wide as they should be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.statistics import difference, percentiles, proportion, ratio_of_medians, retention


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_percentiles_of_a_known_sample() -> None:
    found = percentiles(np.arange(1, 102) / 1000)
    assert (found.p50, found.p90, found.p99, found.n) == pytest.approx((0.051, 0.091, 0.1, 101))


def test_twice_as_slow_is_a_ratio_of_two_with_a_narrow_interval() -> None:
    machine = 1 + 0.3 * rng().random(400)  # both variants meet the same slow and fast moments
    found = ratio_of_medians(2 * machine, machine, rng=rng())
    assert found.value == found.low == found.high == pytest.approx(2)


def test_the_interval_of_noisy_timings_holds_the_truth_about_as_often_as_it_says() -> None:
    noise, truth = rng(), (3 + np.log(2)) / (6 + np.log(2))
    intervals = [
        ratio_of_medians(3 + noise.exponential(1, 60), 6 + noise.exponential(1, 60), rng=noise) for _ in range(60)
    ]
    held = sum(interval.low < truth < interval.high for interval in intervals)
    assert held >= 52  # 57 of 60 expected; fewer than 52 by chance once in a hundred
    assert all(interval.high - interval.low < 0.2 for interval in intervals)


def test_retention_of_the_same_answers_is_one_without_doubt() -> None:
    right = np.array([True, False, True, True])
    found = retention(right, right, ["a", "a", "b", "b"], rng=rng())
    assert found is not None
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_retention_counts_what_is_lost_and_what_is_won() -> None:
    reference = np.array([True] * 80 + [False] * 20)
    variant = np.array([True] * 76 + [False] * 4 + [True] * 2 + [False] * 18)
    found = retention(variant, reference, ["a"] * 100, rng=rng())
    assert found is not None
    assert found.value == pytest.approx(78 / 80)
    assert found.low < found.value < found.high


def test_retention_agrees_with_drawing_examples_one_by_one() -> None:
    draw = rng()
    reference = draw.random(300) < 0.8
    variant = np.where(draw.random(300) < 0.06, ~reference, reference)
    found = retention(variant, reference, ["one"] * 300, rng=rng())
    chosen = draw.integers(300, size=(20_000, 300))
    low, high = np.percentile(variant[chosen].sum(axis=1) / reference[chosen].sum(axis=1), (2.5, 97.5))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.004)


def test_retention_resamples_within_sources() -> None:
    # Everything of source a is lost and nothing of source b: with the sources' sizes fixed there is no doubt left.
    sources = ["a"] * 50 + ["b"] * 50
    reference = np.full(100, True)
    variant = np.array([False] * 50 + [True] * 50)
    found = retention(variant, reference, sources, rng=rng())
    assert found is not None
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_difference_counts_what_is_lost_and_what_is_won() -> None:
    reference = np.repeat([True, True, False, False], 100)
    variant = np.repeat([True, False, True, False], [100, 100, 60, 140])
    found = difference(variant, reference, ["a"] * 400, rng=np.random.default_rng(0))
    assert found.value == pytest.approx(-0.1)
    assert found.low < -0.1 < found.high < 0
    same = difference(reference, reference, ["a"] * 400, rng=np.random.default_rng(0))
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_there_is_no_retention_of_nothing() -> None:
    assert retention(np.array([True]), np.array([False]), ["a"], rng=rng()) is None


def test_proportion_is_wilsons() -> None:
    # 81 of 263: R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    found = proportion(np.array([True] * 81 + [False] * 182))
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@given(right=st.lists(st.booleans(), min_size=1, max_size=200))
def test_a_proportion_lies_in_its_interval_and_that_within_zero_and_one(right: list[bool]) -> None:
    found = proportion(np.array(right))
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
