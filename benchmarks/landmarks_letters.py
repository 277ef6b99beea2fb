"""What landmarks are worth: how many letters the bundle's classifier reads off them.

Each real picture counts as a letter held for a whole window. The classifier's weights may have seen the same people, so
only the difference between two backends says something; the accuracy itself does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.landmarks_backend import Found
from edge.bundle.reader import Bundle
from edge.engines import OnnxEngine
from edge.errors import BundleError
from edge.recognition.classify import Classifier
from edge.recognition.resample import Resampler
from edge.types import Hands


@dataclass(frozen=True, slots=True)
class Letters:
    """``right`` of ``n`` pictures read as the letter they show; one without a hand is read wrong."""

    right: int
    n: int

    @property
    def accuracy(self) -> float:
        """Share read right."""
        return self.right / self.n


class LetterReader:
    """The bundle's fp32 classifier. Raises BundleError when it reads no hands or no letters."""

    def __init__(self, bundle: Bundle) -> None:
        contract = bundle.manifest.input
        if contract.window is None or bundle.manifest.task != "hand-sequence":
            raise BundleError("not a hand-sequence model", where=bundle.title, found=bundle.manifest.task)
        self._labels = [label.name for label in bundle.manifest.labels]
        self._letters = [i for i, label in enumerate(bundle.manifest.labels) if label.kind == "letter"]
        self._window, self._rate = contract.window.frames, contract.window.rate
        self._aspect = contract.aspect
        engine = OnnxEngine(bundle.network("classifier", "fp32"), label=bundle.title)
        logits = bundle.manifest.output == "logits"
        self._classifier = Classifier(engine, classes=len(self._labels), window=self._window, logits=logits)

    def read(self, found: Found, frames: Sequence[int], shapes: Sequence[tuple[int, int]]) -> list[str]:
        """The likeliest letter of each frame, "" without a hand; ``shapes`` (width, height) of its picture."""
        return [self._one(found, frame, width / height) for frame, (width, height) in zip(frames, shapes, strict=True)]

    def _one(self, found: Found, frame: int, aspect: float) -> str:
        landmarks = np.zeros((2, 21, 3), np.float32)
        for points, right in zip(found.landmarks[frame], found.right[frame], strict=True):
            if points.any():
                landmarks[int(right > 0.5)] = points
        if not landmarks.any():
            return ""
        hands = Hands(landmarks, (1.0, 1.0), aspect, 0.0, 0.0, 0)
        tick = Resampler(self._rate, self._aspect or aspect).push(hands)[0]
        held = [replace(tick, time=i / self._rate) for i in range(self._window)]
        probabilities = self._classifier.classify(held).probabilities
        return self._labels[max(self._letters, key=lambda i: float(probabilities[i]))]


def letters(
    reader: LetterReader,
    found: Mapping[str, Found],
    truth: Sequence[str],
    frames: Sequence[int],
    shapes: Sequence[tuple[int, int]],
) -> dict[str, Letters]:
    """The count for each backend; ``truth`` and ``shapes`` belong to ``frames``."""
    counts = {}
    for name, one in found.items():
        read = reader.read(one, frames, shapes)
        counts[name] = Letters(sum(a == b for a, b in zip(read, truth, strict=True)), len(truth))
    return counts
