"""How much accuracy a variant keeps: scores of several variants on the same examples.

Everything here is arithmetic on arrays; who made the probabilities, and from what, is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.statistics import Interval, proportion, retention
from edge.types import AnyArray

TOP = 5
_BROKEN = -1
"""The label of an output that holds NaN or infinity: it is nobody's, and never right."""


@dataclass(frozen=True, slots=True)
class Score:
    """One variant on one data set.

    ``macro_f1`` is the mean over the classes that occur in the data; ``retention`` is None for the reference itself and
    where the reference got nothing right; ``agreement`` is the share of examples that get the reference's label;
    ``sources`` maps a source to the variant's accuracy on it, ``source_mean`` is their plain mean.
    """

    variant: str
    n: int
    accuracy: Interval
    top5: float
    macro_f1: float
    retention: Interval | None
    agreement: float
    sources: dict[str, float]
    source_mean: float


def score(
    outputs: Mapping[str, AnyArray],
    truth: NDArray[np.intp],
    sources: Sequence[str],
    *,
    reference: str,
    rng: np.random.Generator,
) -> tuple[Score, ...]:
    """Score each variant's ``outputs`` (n, classes), logits or probabilities, against the class numbers ``truth`` (n,).

    ``sources`` names the source of each example; ``reference`` is the variant that the others are compared with.
    """
    names = np.asarray(sources)
    reference_right = _labels(outputs[reference]) == truth
    scores = []
    for variant, values in outputs.items():
        labels = _labels(values)
        right = labels == truth
        per_source = {str(name): float(right[names == name].mean()) for name in np.unique(names)}
        scores.append(
            Score(
                variant=variant,
                n=len(truth),
                accuracy=proportion(right),
                top5=_top(values, truth),
                macro_f1=_macro_f1(labels, truth),
                retention=None if variant == reference else retention(right, reference_right, sources, rng=rng),
                agreement=agreement(values, outputs[reference]),
                sources=per_source,
                source_mean=float(np.mean(list(per_source.values()))),
            )
        )
    return tuple(scores)


def agreement(values: AnyArray, reference: AnyArray) -> float:
    """Share of rows of two (n, classes) arrays whose likeliest class is the same; NaN agrees with nothing."""
    labels = _labels(values)
    return float(((labels == _labels(reference)) & (labels != _BROKEN)).mean())


def _labels(values: AnyArray) -> NDArray[np.intp]:
    return np.where(np.isfinite(values).all(axis=1), values.argmax(axis=1), _BROKEN)


def _top(values: AnyArray, truth: NDArray[np.intp]) -> float:
    best = np.argsort(values, axis=1)[:, -TOP:]
    return float((best == truth[:, None]).any(axis=1).mean())


def _macro_f1(labels: NDArray[np.intp], truth: NDArray[np.intp]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, labels, labels=np.unique(truth), average="macro", zero_division=0))
