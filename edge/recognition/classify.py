"""A stretch of ticks in, class probabilities out."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from edge.engines import Engine
from edge.errors import EngineError
from edge.recognition.inputs import Feeds, Inputs, Windows, hand_window
from edge.recognition.resample import Tick
from edge.types import FloatArray, Prediction

_log = logging.getLogger(__name__)


class Classifier:
    """Runs the network on the last ``window`` ticks of a stretch, as ``inputs`` (hand landmarks by default) feeds them.

    The network's output is ``logits`` (1, ``classes``), or probabilities where ``logits`` is False. Its T is the
    stretch's length; a network whose T is fixed gets padding. Numbers that are not finite become probabilities of 0,
    on which nothing is decided; ``finite`` says whether there were none so far. Raises EngineError when the network
    answers with another number of classes.
    """

    def __init__(
        self, engine: Engine, *, classes: int, window: int, logits: bool = True, inputs: Inputs | None = None
    ) -> None:
        self._engine = engine
        self._classes = classes
        self._logits = logits
        self._inputs = inputs or Windows(hand_window)
        fixed = next((spec.shape[1] for spec in engine.inputs if spec.name == "landmarks"), None)
        self._fixed = fixed
        self._window = min(window, fixed) if fixed else window
        self._fed: Feeds | None = None
        self._answer = np.zeros(classes, np.float32)
        self.finite = True

    def classify(self, ticks: Sequence[Tick]) -> Prediction:
        """The probabilities of a stretch of at least one tick."""
        ticks = ticks[-self._window :]
        feeds = self._inputs.feeds(ticks, self._fixed or len(ticks))
        if feeds is not self._fed:
            self._answer, self._fed = self._run(feeds), feeds
        return Prediction(
            probabilities=self._answer, begin=ticks[0].time, end=ticks[-1].time, captured=ticks[-1].captured
        )

    def _run(self, feeds: Feeds) -> FloatArray:
        output = next(iter(self._engine.run(feeds).values()))
        if output.shape != (1, self._classes):
            raise EngineError(
                "the classifier's output does not fit the labels",
                where=self._engine.name,
                expected=f"(1, {self._classes})",
                found=output.shape,
                remedy="export the bundle again with the labels of this checkpoint",
            )
        scores = np.asarray(output[0], np.float32)
        if not np.isfinite(scores).all():
            if self.finite:
                _log.warning("the network computed numbers that are not finite; they are left out")
            self.finite = False
            return np.zeros_like(scores)
        return _softmax(scores) if self._logits else scores


def _softmax(scores: FloatArray) -> FloatArray:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), np.float32)
