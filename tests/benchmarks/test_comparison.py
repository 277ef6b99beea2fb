"""Whether variants differ, and whether probabilities can be believed, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.comparison import calibration_error, mcnemar


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
