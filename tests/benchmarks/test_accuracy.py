"""Scores on answers written by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from benchmarks.accuracy import NOBODY, Answers, Score, agreement, answered, answers, score
from edge.types import AnyArray

NAMES = ("R", "U", "K", "V", "E", "F", "G")


def outputs(labels: list[int], classes: int = len(NAMES)) -> AnyArray:
    """Outputs whose likeliest class is as given, then the classes in their order."""
    values = np.tile(-np.arange(classes, dtype=np.float32), (len(labels), 1))
    values[np.arange(len(labels)), labels] = 10
    return values


def said(labels: list[int], truth: list[int]) -> Answers:
    return answers(outputs(labels), np.array(truth), logits=True)


def scores(fp32: list[int], int8: list[int], truth: list[int], sources: list[str] | None = None) -> tuple[Score, ...]:
    return score(
        {"fp32": said(fp32, truth), "int8": said(int8, truth)},
        np.array(truth),
        sources or ["a"] * len(truth),
        names=NAMES,
        reference="fp32",
        rng=np.random.default_rng(0),
    )


def test_accuracy_retention_and_agreement() -> None:
    fp32, int8 = scores([0, 1, 2, 3], [0, 1, 2, 0], [0, 1, 2, 3], ["a", "a", "b", "b"])
    assert (fp32.accuracy.value, int8.accuracy.value) == (1, 0.75)
    assert fp32.retention is fp32.mcnemar is None
    assert int8.retention is not None and int8.mcnemar is not None
    assert int8.retention.value == 0.75
    assert (int8.mcnemar.lost, int8.mcnemar.won, int8.mcnemar.p) == (1, 0, 1)
    assert int8.agreement == 0.75
    assert int8.n == 4


def test_sources_are_scored_apart_and_their_mean_is_plain() -> None:
    fp32, _ = scores([0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0], ["large", "large", "large", "small"])
    assert fp32.sources == {"large": 1.0, "small": 0.0}
    assert (fp32.accuracy.value, fp32.source_mean) == (0.75, 0.5)


def test_top_five_counts_the_truth_among_the_five_likeliest() -> None:
    fp32, _ = scores([6, 6], [6, 6], [3, 5])  # the five likeliest are 6, 0, 1, 2, 3
    assert fp32.top5 == 0.5


def test_f1_is_that_of_scikit_learn() -> None:
    draw = np.random.default_rng(5)
    truth, labels = draw.integers(0, 5, 200), draw.integers(0, 7, 200)
    labels[:120] = truth[:120]
    fp32, _ = scores(labels.tolist(), labels.tolist(), truth.tolist())
    assert fp32.macro_f1 == pytest.approx(f1_score(truth, labels, labels=np.unique(truth), average="macro"))
    assert fp32.micro_f1 == pytest.approx(f1_score(truth, labels, average="micro"))
    per_class = f1_score(truth, labels, labels=range(7), average=None, zero_division=0)
    assert [entry.f1 for entry in fp32.classes] == pytest.approx(per_class)


def test_every_class_has_its_false_positives_and_negatives() -> None:
    fp32, _ = scores([1, 1, 1, 0], [0] * 4, [0, 0, 1, 1])
    r, u = fp32.classes
    assert (r.name, r.n, r.false_negatives, r.false_positives, r.recall, r.precision) == ("R", 2, 2, 1, 0.0, 0.0)
    assert (u.name, u.n, u.false_negatives, u.false_positives, u.recall) == ("U", 2, 1, 2, 0.5)
    assert u.precision == pytest.approx(1 / 3)


def test_a_class_that_is_answered_but_not_shown_has_false_positives_only() -> None:
    fp32, int8 = scores([4, 0], [0, 0], [0, 0])
    assert [(e.name, e.n, e.false_positives) for e in fp32.classes] == [("R", 2, 0), ("E", 0, 1)]
    assert [e.name for e in int8.classes] == ["R"]
    assert fp32.macro_f1 == pytest.approx(2 / 3), "over the classes that occur"


def test_confusions_come_worst_first_and_look_alikes_are_called_out() -> None:
    fp32, _ = scores([1, 1, 0, 3, 4], [0] * 5, [0, 0, 1, 2, 2])
    assert [(c.shown, c.answer, c.count, c.n) for c in fp32.confusions] == [
        ("R", "U", 2, 2),
        ("K", "E", 1, 2),
        ("K", "V", 1, 2),
        ("U", "R", 1, 1),
    ]
    assert fp32.pairs == {"R as U": 2, "U as R": 1, "K as V": 1, "V as K": 0}


def test_an_output_with_nan_is_never_right_and_agrees_with_nothing() -> None:
    broken = outputs([0, 1])
    broken[0, 3] = np.nan
    assert answered(broken).tolist() == [NOBODY, 1]
    assert agreement(answered(broken), answered(broken)) == 0.5
    given = answers(broken, np.array([3, 1]), logits=True)
    (only,) = score(
        {"fp16": given}, np.array([3, 1]), ["a", "a"], names=NAMES, reference="fp16", rng=np.random.default_rng(0)
    )
    assert only.accuracy.value == only.top5 == 0.5
    assert [(c.shown, c.answer) for c in only.confusions] == [("V", "no answer")]
    assert only.micro_f1 == pytest.approx(2 / 3), "one right, one not answered: precision 1, recall 0.5"


def test_confidence_is_the_answer_s_probability() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1]], np.float32))
    assert answers(logits, np.array([0]), logits=True).confidence == pytest.approx([0.7])
    assert answers(np.exp(logits), np.array([0]), logits=False).confidence == pytest.approx([0.7])
