"""Whether variants differ, and whether probabilities can be believed, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.comparison import (
    calibration_error,
    mcnemar,
    most_lost,
    ratio_of_percentiles,
    unpaired_difference,
    unpaired_ratio,
)
from edge.statistics import Interval, wilson


def test_mcnemar_counts_only_what_one_of_the_two_got_right() -> None:
    variant = np.array([True] * 50 + [False] * 8 + [True] * 2 + [False] * 40)
    reference = np.array([True] * 50 + [True] * 8 + [False] * 2 + [False] * 40)
    found = mcnemar(variant, reference)
    assert (found.lost, found.won) == (8, 2)
    # Two-sided: ten tosses, two or fewer of one side: 2 * (1 + 10 + 45) / 1024.
    assert found.p == pytest.approx(112 / 1024)


def test_variants_that_differ_nowhere_are_not_told_apart() -> None:
    right = np.array([True, False])
    found = mcnemar(right, right)
    assert (found.lost, found.won, found.p) == (0, 0, 1.0)


def test_a_probability_that_comes_true_as_often_as_it_says_is_calibrated() -> None:
    confidence = np.array([0.75] * 4, np.float32)
    assert calibration_error(confidence, np.array([True, True, True, False])) == pytest.approx(0)


def test_the_error_is_the_mean_gap_over_the_bins_weighed_by_their_examples() -> None:
    confidence = np.array([0.9, 0.9, 0.5, 1.0], np.float32)
    right = np.array([True, False, True, True])
    # 0.9: twice, half of them right, gap 0.4; 0.5: gap 0.5; 1.0: no gap.
    assert calibration_error(confidence, right) == pytest.approx((2 * 0.4 + 0.5 + 0) / 4)


def test_answers_without_a_probability_are_left_out() -> None:
    confidence = np.array([np.nan, 0.6], np.float32)
    assert calibration_error(confidence, np.array([False, True])) == pytest.approx(0.4)
    assert calibration_error(confidence[:1], np.array([False])) is None


def test_what_did_not_happen_in_n_examples_may_happen_in_three_over_n() -> None:
    assert most_lost(1200) == pytest.approx(0.0025)
    assert most_lost(2) == 1.0


def test_a_ratio_of_different_runs_is_that_of_the_medians_within_its_interval() -> None:
    rng = np.random.default_rng(0)
    found = unpaired_ratio(rng.normal(2, 0.1, 80).tolist(), rng.normal(1, 0.1, 120).tolist(), rng=rng)
    assert found.low < 2 < found.high and found.high - found.low < 0.2


def test_the_difference_of_two_shares_is_newcombe_s() -> None:
    """56 of 70 against 48 of 80: the example of Newcombe's paper, method 10: 0.2 [0.0524, 0.3339]."""
    first, second = (Interval(share, *wilson(share, n)) for share, n in ((56 / 70, 70), (48 / 80, 80)))
    found = unpaired_difference(first, second)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_a_ratio_of_percentiles_keeps_rounds_together() -> None:
    slow = [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [1.0, 2.0, 3.0]]
    found = ratio_of_percentiles(
        slow, [[each / 2 for each in times] for times in slow], 90, rng=np.random.default_rng(0)
    )
    assert found is not None and (found.value, found.low, found.high) == pytest.approx((2, 2, 2))
    assert ratio_of_percentiles([[]], [[1.0]], 90, rng=np.random.default_rng(0)) is None
