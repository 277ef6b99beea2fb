"""Figures of a picture classifier: confusion matrix, errors per class, the pairs of letters that look alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Measurement
from edge.statistics import wilson

PAIRS = (("R", "U"), ("K", "V"))
"""The pairs that document 004 finds mistaken for each other."""


@dataclass(frozen=True, slots=True)
class ClassErrors:
    """Of ``n`` pictures of a class ``missed`` were taken for others (false negatives); ``false`` pictures of others
    were taken for it (false positives)."""

    name: str
    n: int
    missed: int
    false: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on some pictures: accuracy with its interval, and where the mistakes are."""

    measurement: Measurement
    confusion: NDArray[np.int64]
    """See `confusion`."""
    errors: tuple[ClassErrors, ...]
    pairs: Mapping[str, int]
    """See `pair_errors`."""


def figures(
    labels: NDArray[np.str_], answers: NDArray[np.int64], names: Sequence[str], *, data: str, split: str
) -> Figures:
    """Compare ``labels`` (each one of ``names``) with the places of the answers in ``names``."""
    index = {name: i for i, name in enumerate(names)}
    matrix = confusion(np.array([index[str(label)] for label in labels]), answers, len(names))
    right, n = int(np.trace(matrix)), int(matrix.sum())
    low, high = wilson(right / n, n)
    return Figures(
        Measurement(name="accuracy", value=right / n, low=low, high=high, n=n, data=data, split=split),
        matrix,
        tuple(class_errors(matrix, names)),
        pair_errors(matrix, names),
    )


def confusion(truth: NDArray[np.int64], answers: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(classes, classes): rows are what was shown, columns what was answered."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (truth, answers), 1)
    return matrix


def class_errors(matrix: NDArray[np.int64], names: Sequence[str]) -> list[ClassErrors]:
    """For every class, in their order."""
    right = np.diag(matrix)
    missed, false = matrix.sum(axis=1) - right, matrix.sum(axis=0) - right
    return [ClassErrors(name, int(matrix[i].sum()), int(missed[i]), int(false[i])) for i, name in enumerate(names)]


def pair_errors(matrix: NDArray[np.int64], names: Sequence[str]) -> dict[str, int]:
    """How often each letter of `PAIRS` was taken for the other: ``{"R as U": 3, "U as R": 0, ...}``."""
    index = {name: i for i, name in enumerate(names)}
    ways = [way for a, b in PAIRS for way in ((a, b), (b, a)) if a in index and b in index]
    return {f"{shown} as {taken}": int(matrix[index[shown], index[taken]]) for shown, taken in ways}
