"""What landmarks are worth: how many letters the bundle's classifier reads off them.

Each real picture counts as a letter held for a whole window. The classifier's weights may have seen the same people, so
only the difference between two backends says something; the accuracy itself does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.landmarks_backend import Found
from edge.bundle.reader import Bundle
from edge.engines import OnnxEngine
from edge.errors import BundleError
from edge.recognition.classify import Classifier
from edge.recognition.resample import Resampler
from edge.statistics import Interval, difference
from edge.types import Hands


@dataclass(frozen=True, slots=True)
class Letters:
    """``accuracy`` of each backend on the same ``n`` pictures; one without a hand is read wrong.

    ``difference`` is the accuracy of the last backend minus that of the first.
    """

    n: int
    accuracy: Mapping[str, float]
    difference: Interval


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

    def right(
        self, found: Found, truth: Sequence[str], sizes: Sequence[tuple[int, int]], frames: Sequence[int]
    ) -> NDArray[np.bool_]:
        """Which of ``frames`` are read as their letter in ``truth``; ``sizes`` (width, height) of every frame."""
        read = [self._one(found, frame, sizes[frame][0] / sizes[frame][1]) for frame in frames]
        return np.array([a == b for a, b in zip(read, truth, strict=True)], np.bool_)

    def _one(self, found: Found, frame: int, aspect: float) -> str:
        """The likeliest letter, "" without a hand."""
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


def tally(right: Mapping[str, Mapping[str, NDArray[np.bool_]]]) -> Letters:
    """All sources together; ``right`` source -> backend -> which pictures were read as the letter they show."""
    sources = [source for source, hits in right.items() for _ in next(iter(hits.values()))]
    backends = next(iter(right.values()))
    pooled = {name: np.concatenate([hits[name] for hits in right.values()]) for name in backends}
    first, *_, last = pooled.values()
    return Letters(
        n=len(sources),
        accuracy={name: float(hits.mean()) for name, hits in pooled.items()},
        difference=difference(last, first, sources, rng=np.random.default_rng(0)),
    )
