"""Scores on answers written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy import Score, agreement, score
from edge.types import AnyArray


def answers(labels: list[int], classes: int = 7) -> AnyArray:
    """Outputs whose likeliest class is as given, then the classes in their order."""
    outputs = np.tile(-np.arange(classes, dtype=np.float32), (len(labels), 1))
    outputs[np.arange(len(labels)), labels] = 10
    return outputs


def scores(fp32: list[int], int8: list[int], truth: list[int], sources: list[str]) -> tuple[Score, ...]:
    return score(
        {"fp32": answers(fp32), "int8": answers(int8)},
        np.array(truth),
        sources,
        reference="fp32",
        rng=np.random.default_rng(0),
    )


def test_accuracy_retention_and_agreement() -> None:
    fp32, int8 = scores([0, 1, 2, 3], [0, 1, 2, 0], [0, 1, 2, 3], ["a", "a", "b", "b"])
    assert (fp32.accuracy.value, int8.accuracy.value) == (1, 0.75)
    assert fp32.retention is None
    assert int8.retention is not None
    assert int8.retention.value == 0.75
    assert int8.agreement == 0.75
    assert int8.n == 4


def test_sources_are_scored_apart_and_their_mean_is_plain() -> None:
    fp32, _ = scores([0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0], ["large", "large", "large", "small"])
    assert fp32.sources == {"large": 1.0, "small": 0.0}
    assert (fp32.accuracy.value, fp32.source_mean) == (0.75, 0.5)


def test_top_five_counts_the_truth_among_the_five_likeliest() -> None:
    fp32, _ = scores([6, 6], [6, 6], [3, 5], ["a", "a"])  # the five likeliest are 6, 0, 1, 2, 3
    assert fp32.top5 == 0.5


def test_macro_f1_weighs_every_class_alike() -> None:
    fp32, _ = scores([0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], ["a"] * 4)
    assert fp32.macro_f1 == pytest.approx((2 * 3 / 7 + 0) / 2)


def test_an_output_with_nan_is_never_right_and_agrees_with_nothing() -> None:
    broken = answers([0, 1])
    broken[0, 3] = np.nan
    assert agreement(broken, broken) == 0.5
    (only,) = score({"fp16": broken}, np.array([3, 1]), ["a", "a"], reference="fp16", rng=np.random.default_rng(0))
    assert only.accuracy.value == 0.5
