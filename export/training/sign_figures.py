"""Figures of a classifier of isolated signs, as the third seed document has them, by source beside together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Measurement
from edge.statistics import wilson
from edge.types import FloatArray
from export.training.picture_figures import confusion

TOP = 5


@dataclass(frozen=True, slots=True)
class Answers:
    """``logits`` (n, classes) for sequences that show ``labels``, each one of ``classes``, and are of ``sources``."""

    logits: FloatArray
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    classes: tuple[str, ...]

    def among(self, signs: Sequence[str]) -> Answers:
        """The sequences of these signs, when nothing but them may be answered."""
        rows = np.isin(self.labels, signs)
        columns = [self.classes.index(name) for name in signs]
        return Answers(self.logits[rows][:, columns], self.labels[rows], self.sources[rows], tuple(signs))

    @property
    def truth(self) -> NDArray[np.int64]:
        """The places of the labels among the classes."""
        place = {name: i for i, name in enumerate(self.classes)}
        return np.array([place[str(label)] for label in self.labels], np.int64)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes): rows are what was shown, columns what was answered."""
        return confusion(self.truth, self.logits.argmax(axis=1), len(self.classes))


def sign_figures(answers: Answers, *, split: str, what: str = "") -> tuple[Measurement, ...]:
    """Accuracy, top-5 accuracy, macro and micro F1 over all sequences; accuracy of each source, and the sources' mean.

    ``what`` stands behind each name. F1's mean is over the signs that occur.
    """
    from sklearn.metrics import f1_score

    truth, found = answers.truth, answers.logits.argmax(axis=1)
    right = found == truth
    best = np.argsort(answers.logits, axis=1)[:, -TOP:]
    shown = np.unique(truth)
    together = {
        "accuracy": right.mean(),
        f"top-{TOP} accuracy": (best == truth[:, None]).any(axis=1).mean(),
        "macro F1": f1_score(truth, found, labels=shown, average="macro", zero_division=0),
        "micro F1": f1_score(truth, found, average="micro", zero_division=0),
    }
    sources = sorted(set(answers.sources.tolist()))
    every = "all recordings" if len(sources) > 1 else sources[0]
    rows = [_row(name + what, float(value), len(truth), every, split) for name, value in together.items()]
    rows[0] = _share("accuracy" + what, right, every, split)
    if len(sources) > 1:
        each = [_share("accuracy" + what, right[answers.sources == name], name, split) for name in sources]
        mean = float(np.mean([entry.value for entry in each]))
        rows += [_row("accuracy" + what, mean, len(truth), f"mean over {len(sources)} sources", split), *each]
    return tuple(rows)


def _row(name: str, value: float, n: int, data: str, split: str) -> Measurement:
    return Measurement(name=name, value=value, n=n, data=data, split=split)


def _share(name: str, right: NDArray[np.bool_], data: str, split: str) -> Measurement:
    low, high = wilson(float(right.mean()), len(right))
    return Measurement(name=name, value=float(right.mean()), low=low, high=high, n=len(right), data=data, split=split)
