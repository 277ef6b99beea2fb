"""Figures of isolated signs against hand-counted ones."""

from __future__ import annotations

import numpy as np
import pytest

from export.training.sign_figures import Answers, sign_figures

_CLASSES = ("a", "b", "c", "d", "e", "f", "g")


def answers() -> Answers:
    """Eight sequences of three signs from two sources; six right, one that is second, one that is last."""
    truth = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    logits = np.zeros((8, 7), np.float32)
    logits[np.arange(8), truth] = 2
    logits[0, 1] = 3
    logits[7] = [1, 1, -1, 1, 1, 1, 2]
    return Answers(logits, np.array(_CLASSES)[truth], np.array(["x"] * 6 + ["y"] * 2), _CLASSES)


def values() -> dict[tuple[str, str], float]:
    return {(m.name, m.data): m.value for m in sign_figures(answers(), split="s")}


def test_accuracy_top_5_and_f1_over_all() -> None:
    found = {name: value for (name, data), value in values().items() if data == "all recordings"}
    assert found["accuracy"] == pytest.approx(6 / 8)
    assert found["top-5 accuracy"] == pytest.approx(7 / 8)
    assert found["micro F1"] == pytest.approx(6 / 8)
    assert found["macro F1"] == pytest.approx(np.mean([6 / 7, 4 / 5, 2 / 3]))


def test_each_source_and_their_plain_mean() -> None:
    found = values()
    assert found["accuracy", "x"] == pytest.approx(5 / 6)
    assert found["accuracy", "y"] == pytest.approx(1 / 2)
    assert found["accuracy", "mean over 2 sources"] == pytest.approx((5 / 6 + 1 / 2) / 2)


def test_accuracies_of_recordings_have_an_interval_around_them() -> None:
    shares = [m for m in sign_figures(answers(), split="s") if m.low is not None and m.high is not None]
    assert [m.data for m in shares] == ["all recordings", "x", "y"]
    assert all(m.low < m.value < m.high for m in shares)


def test_among_some_signs_nothing_else_can_be_answered() -> None:
    few = answers().among(("a", "c"))
    assert few.logits.shape == (6, 2)
    assert few.confusion.tolist() == [[4, 0], [1, 1]]


def test_the_confusion_matrix_has_what_was_shown_in_rows() -> None:
    matrix = answers().confusion
    assert matrix.sum() == 8
    assert matrix[0, 1] == 1
    assert matrix[2, 6] == 1
    assert matrix[1, 0] == 0
