"""A stretch of ticks in, class probabilities out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.engines import Engine
from edge.errors import EngineError
from edge.recognition.resample import Tick
from edge.types import FloatArray, Prediction


class Classifier:
    """Runs the network on the last ``window`` ticks of a stretch.

    Engine contract: inputs ``landmarks`` float32 (1, T, 2, 21, 3) and ``mask`` float32 (1, T), output ``logits``
    (1, ``classes``), or probabilities where ``logits`` is False. T is the stretch's length; a network whose T is fixed
    gets padding with mask 0. Raises EngineError when the network answers with another number of classes.
    """

    def __init__(self, engine: Engine, *, classes: int, window: int, logits: bool = True) -> None:
        self._engine = engine
        self._classes = classes
        self._logits = logits
        fixed = next((spec.shape[1] for spec in engine.inputs if spec.name == "landmarks"), None)
        self._fixed = fixed
        self._window = min(window, fixed) if fixed else window

    def classify(self, ticks: Sequence[Tick]) -> Prediction:
        """The probabilities of a stretch of at least one tick."""
        ticks = ticks[-self._window :]
        length = self._fixed or len(ticks)
        landmarks = np.zeros((1, length, 2, 21, 3), np.float32)
        landmarks[0, : len(ticks)] = _one_slot([tick.landmarks for tick in ticks])
        mask = np.zeros((1, length), np.float32)
        mask[0, : len(ticks)] = 1
        output = next(iter(self._engine.run({"landmarks": landmarks, "mask": mask}).values()))
        if output.shape != (1, self._classes):
            raise EngineError(
                "the classifier's output does not fit the labels",
                where=self._engine.name,
                expected=f"(1, {self._classes})",
                found=output.shape,
                remedy="export the bundle again with the labels of this checkpoint",
            )
        scores = output[0].astype(np.float32)
        return Prediction(
            probabilities=_softmax(scores) if self._logits else scores,
            begin=ticks[0].time,
            end=ticks[-1].time,
            captured=ticks[-1].captured,
        )


def _softmax(scores: FloatArray) -> FloatArray:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), np.float32)


def _one_slot(frames: Sequence[FloatArray]) -> FloatArray:
    """(T, 2, 21, 3); a lone hand that changed its slot for some frames is put where it mostly is."""
    window = np.stack(frames)
    visible: NDArray[np.bool_] = np.any(window, axis=(2, 3))
    counts = visible.sum(axis=0)
    if bool(np.any(visible[:, 0] & visible[:, 1])) or 0 in counts:
        return window
    usual = int(counts.argmax())
    for frame in np.flatnonzero(visible[:, 1 - usual]):
        window[frame, usual], window[frame, 1 - usual] = window[frame, 1 - usual].copy(), 0
    return window
