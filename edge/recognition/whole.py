"""Recognition without landmarks: an image model that looks at whole pictures.

Nobody says where the hand is or whether it moves, so a sign is what the network says steadily: for as long as a shape
must be held elsewhere. It counts again after another sign, or after a while in which nothing was clear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from edge.engines import Engine
from edge.recognition.classify import Classifier
from edge.recognition.decide import HoldReader
from edge.recognition.inputs import Pictures
from edge.recognition.labels import NOTHING, LabelInfo
from edge.recognition.motion import Pose
from edge.recognition.resample import Resampler
from edge.recognition.segment import Sample
from edge.recognition.settings import RecognitionSettings
from edge.types import Guess, Hands, SignEvent, State, StateName

Result = SignEvent | State


class WholePictureRecogniser:
    """Reads `Hands` that carry pictures but no landmarks, ``rate`` of them a second.

    ``labels``, ``logits`` and ``engine`` as for `edge.recognition.recogniser.Recogniser`. Raises EngineError from
    `push` when inference fails.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        labels: Sequence[LabelInfo],
        rate: float,
        settings: RecognitionSettings | None = None,
        logits: bool = True,
    ) -> None:
        settings = settings or RecognitionSettings()
        # There is no hand whose stillness or fingers could be asked: only the network's answers, over the same time.
        self._settings = replace(
            settings,
            agree=math.ceil(settings.hold * rate) + 1,
            change=max(settings.hold, settings.change),
            change_distance=0.0,
        )
        self._rate = rate
        self._pictures = Pictures()
        self._classifier = Classifier(engine, classes=len(labels), window=1, logits=logits, inputs=self._pictures)
        self._reader = HoldReader(self._classifier, labels, self._settings)
        self._hold: list[Sample] = []
        self._start()

    @property
    def finite(self) -> bool:
        """Whether all numbers that the network has computed were finite."""
        return self._classifier.finite

    @property
    def guess(self) -> Guess | None:
        """What the newest pictures seem to show; None where that is no sign."""
        return self._reader.guess

    def push(self, hands: Hands) -> list[Result]:
        """Take a frame's picture; returns what was decided and how the state changed."""
        self._pictures.see(hands)
        results: list[Result] = []
        for tick in self._resampler.push(hands):
            sample = Sample(tick, Pose((), 1.0, tick.time))
            begin = tick.time - self._settings.look_back
            self._hold = [*(each for each in self._hold if each.tick.time > begin), sample]
            results += self._look(sample)
        return results

    def finish(self) -> list[Result]:
        """The scene has ended; what was not steady for long enough is no sign."""
        self._start()
        return []

    def _start(self) -> None:
        self._resampler = Resampler(self._rate, 1.0)
        self._pictures.forget()
        self._reader.reset()
        self._hold = []
        self._signed = self._sure_until = -math.inf
        self._state: StateName | None = None

    def _look(self, sample: Sample) -> list[Result]:
        sign = self._reader.look(self._hold)
        results: list[Result] = [] if sign is None else [sign]
        time = sample.tick.time
        if self._reader.clear not in (None, NOTHING):
            self._signed = time
        elif time - self._signed > self._settings.look_back:
            self._reader.reset()
        if sign is not None:
            self._sure_until = time + self._settings.sure_for
        state: StateName = "recognising" if time - self._signed <= self._settings.unsure_after else "waiting"
        state = "sure" if time < self._sure_until else state
        if state != self._state or sign is not None:
            self._state = state
            results.append(State(state, time))
        return results
