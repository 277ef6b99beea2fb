"""How right a variant is, and how much of it it keeps: scores of several variants on the same examples.

Everything here is arithmetic on arrays; who made the probabilities, and from what, is the caller's matter. Of each
example only `Answers` are kept, so that a data set of any size can be scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.comparison import Discordance, calibration_error, mcnemar
from edge.statistics import Interval, proportion, retention
from edge.types import AnyArray, FloatArray
from export.training.picture_figures import class_errors, confusion, pair_errors

TOP = 5
NOBODY = -1
"""The answer of an output that holds NaN or infinity, or of none at all: it is no class, and never right."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a variant said of n examples: ``labels`` class numbers or `NOBODY`, ``top5`` whether the truth is among the
    five likeliest, ``confidence`` the answer's probability, NaN where there is none."""

    labels: NDArray[np.intp]
    top5: NDArray[np.bool_]
    confidence: FloatArray


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: of its ``n`` examples ``false_negatives`` were taken for something else, ``false_positives`` of others
    were taken for it. ``precision`` is None for a class that was never answered."""

    name: str
    n: int
    recall: float
    precision: float | None
    f1: float
    false_negatives: int
    false_positives: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """``count`` of the ``n`` examples that show ``shown`` were taken for ``answer``."""

    shown: str
    answer: str
    count: int
    n: int


@dataclass(frozen=True, slots=True)
class Score:
    """One variant on one data set.

    ``macro_f1`` is the mean over the classes that occur in the data, ``micro_f1`` counts all examples together (it
    differs from the accuracy where some got no answer); ``ece`` is the expected calibration error. ``retention`` and
    ``mcnemar`` compare with the reference and are None for itself, retention also where the reference got nothing
    right; ``agreement`` is the share of examples that get the reference's label. ``sources`` maps a source to the
    variant's accuracy on it, ``source_mean`` is their plain mean. ``confusions`` are all that happened, worst first;
    ``pairs`` how often letters that look alike were mistaken for each other.
    """

    variant: str
    n: int
    accuracy: Interval
    top5: float
    macro_f1: float
    micro_f1: float
    ece: float | None
    retention: Interval | None
    mcnemar: Discordance | None
    agreement: float
    sources: dict[str, float]
    source_mean: float
    classes: tuple[ClassScore, ...]
    confusions: tuple[Confusion, ...]
    pairs: dict[str, int]


def answers(outputs: AnyArray, truth: NDArray[np.intp], *, logits: bool) -> Answers:
    """Reduce ``outputs`` (n, classes), logits or probabilities, of examples that show the classes ``truth`` (n,)."""
    labels = answered(outputs)
    best = np.argsort(outputs, axis=1)[:, -TOP:]
    top5 = (best == truth[:, None]).any(axis=1) & (labels != NOBODY)
    values = outputs.astype(np.float64)
    if logits:
        with np.errstate(invalid="ignore"):  # NaN and infinity: nobody's answer, whatever comes out
            values = np.exp(values - values.max(axis=1, keepdims=True))
            values /= values.sum(axis=1, keepdims=True)
    confidence = np.where(labels == NOBODY, np.nan, values.max(axis=1)).astype(np.float32)
    return Answers(labels, top5, confidence)


def answered(outputs: AnyArray) -> NDArray[np.intp]:
    """The likeliest class of each row of (n, classes); `NOBODY` where a row is not finite."""
    return np.where(np.isfinite(outputs).all(axis=1), outputs.argmax(axis=1), NOBODY)


def agreement(labels: NDArray[np.intp], reference: NDArray[np.intp]) -> float:
    """Share of two rows of answers (n,) that are the same class; `NOBODY` agrees with nothing."""
    return float(((labels == reference) & (labels != NOBODY)).mean())


def score(
    given: Mapping[str, Answers],
    truth: NDArray[np.intp],
    sources: Sequence[str],
    *,
    names: Sequence[str],
    reference: str,
    rng: np.random.Generator,
) -> tuple[Score, ...]:
    """Score each variant's answers against the class numbers ``truth`` (n,) of the classes ``names``.

    ``sources`` names the source of each example; ``reference`` is the variant that the others are compared with.
    """
    origin = np.asarray(sources)
    reference_right = given[reference].labels == truth
    scores = []
    for variant, each in given.items():
        right = each.labels == truth
        per_source = {str(name): float(right[origin == name].mean()) for name in np.unique(origin)}
        # A row and a column more than there are classes: -1, nobody's answer, is counted in the last column.
        matrix = confusion(truth.astype(np.int64), each.labels.astype(np.int64), len(names) + 1)
        classes = _classes(matrix, names)
        compared = variant != reference
        scores.append(
            Score(
                variant=variant,
                n=len(truth),
                accuracy=proportion(right),
                top5=float(each.top5.mean()),
                macro_f1=float(np.mean([entry.f1 for entry in classes if entry.n])),
                micro_f1=_f1(int(right.sum()), int((~right).sum()), int((~right & (each.labels != NOBODY)).sum())),
                ece=calibration_error(each.confidence, right),
                retention=retention(right, reference_right, sources, rng=rng) if compared else None,
                mcnemar=mcnemar(right, reference_right) if compared else None,
                agreement=agreement(each.labels, given[reference].labels),
                sources=per_source,
                source_mean=float(np.mean(list(per_source.values()))),
                classes=classes,
                confusions=_confusions(matrix, names),
                pairs=pair_errors(matrix, names),
            )
        )
    return tuple(scores)


def _classes(matrix: NDArray[np.int64], names: Sequence[str]) -> tuple[ClassScore, ...]:
    """The classes that occur in the data or were answered."""
    found = []
    for entry in class_errors(matrix, names):
        hits, taken = entry.n - entry.missed, entry.n - entry.missed + entry.false
        if entry.n or taken:
            found.append(
                ClassScore(
                    name=entry.name,
                    n=entry.n,
                    recall=hits / entry.n if entry.n else 0.0,
                    precision=hits / taken if taken else None,
                    f1=_f1(hits, entry.missed, entry.false),
                    false_negatives=entry.missed,
                    false_positives=entry.false,
                )
            )
    return tuple(found)


def _confusions(matrix: NDArray[np.int64], names: Sequence[str]) -> tuple[Confusion, ...]:
    called = (*names, "no answer")
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    counts = matrix.sum(axis=1)
    found = [Confusion(called[i], called[j], int(wrong[i, j]), int(counts[i])) for i, j in np.argwhere(wrong)]
    return tuple(sorted(found, key=lambda entry: (-entry.count, entry.shown, entry.answer)))


def _f1(hits: int, missed: int, false: int) -> float:
    return 2 * hits / (2 * hits + missed + false) if hits else 0.0
