"""When a stretch of signing is a sign, and which.

Letters and words are told apart by motion. A hold is read among the letters and keys, with what the network gives to
moving signs left aside; a word that is a held shape must win outright. A movement that is long and wide enough is read
among the moving signs; the hold that it ends in belongs to it and is not read as a letter. A hand that came and left
without anything having been read is looked at once more, as a whole: many word signs are part movement, part hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from edge.recognition.classify import Classifier
from edge.recognition.labels import NOTHING, LabelInfo
from edge.recognition.motion import Pose, mean_pose
from edge.recognition.segment import Sample
from edge.recognition.settings import RecognitionSettings
from edge.types import FloatArray, Guess, Prediction, SignEvent

_ALTERNATIVES = 3
_EPS = 1e-6


class HoldReader:
    """Reads one hold: looks at it tick by tick until it is decided, then watches for another shape."""

    def __init__(self, classifier: Classifier, labels: Sequence[LabelInfo], settings: RecognitionSettings) -> None:
        self._classifier = classifier
        self._labels = labels
        self._settings = settings
        self._spelled = np.array([label.kind != "word" and not label.moving for label in labels])
        self._shapes = np.array([label.kind == "word" and not label.moving for label in labels])
        self._agreed: list[tuple[int, float]] = []
        self._glances: list[Prediction] = []
        self._read: int | None = None
        self._read_pose: Pose | None = None
        self._shares: FloatArray | None = None
        """Of every label at the last look; None before the first."""
        self._time = 0.0
        self.clear: str | None = None
        """The label that was clear at the last look, None where none was."""

    @property
    def likeliest(self) -> tuple[tuple[str, float], ...]:
        """The likeliest labels of the last look with their shares, best first; none before the first look."""
        if self._shares is None:
            return ()
        best = np.argsort(-self._shares, kind="stable")[: 1 + _ALTERNATIVES]
        return tuple((self._labels[i].name, float(self._shares[i])) for i in best if self._shares[i] > 0)

    @property
    def guess(self) -> Guess | None:
        """What the hold looked like at the last look; None before the first, and when it looked like no sign."""
        likeliest = self.likeliest
        if self._shares is None or not likeliest or likeliest[0][0] == NOTHING:
            return None
        (label, share), *others = likeliest
        return Guess(label, self._labels[int(self._shares.argmax())].kind, share, tuple(others), self._time)

    @property
    def decided(self) -> bool:
        """Whether something was read in this hold, `nothing` included."""
        return self._read is not None

    def reset(self) -> None:
        """A new hold begins."""
        self._agreed, self._glances, self._read, self._read_pose, self._shares = [], [], None, None, None

    def skip(self) -> None:
        """The hold belongs to the sign before it: it is not read unless its shape changes."""
        self.reset()
        self._read = -1

    def look(self, hold: Sequence[Sample]) -> SignEvent | None:
        """Look at the hold so far; returns the sign, once, when it is decided."""
        settings = self._settings
        now = hold[-1]
        if self._read_pose is None and self._read is not None:
            self._read_pose = _settled(hold, settings)
        watching = self._read is not None
        prediction, label, share, lead = self._classify(hold, settings.change if watching else settings.look_back)
        clear = share >= settings.confidence and lead >= settings.margin
        self.clear = self._labels[label].name if clear else None
        if not clear or (self._agreed and self._agreed[-1][0] != label):
            self._agreed = []
        if not clear:
            return None
        self._agreed.append((label, now.tick.time))
        del self._agreed[1 : -settings.agree]
        if not watching:
            if len(self._agreed) < settings.agree:
                return None
        elif (
            label == self._read
            or now.tick.time - self._agreed[0][1] < settings.change - _EPS
            or self._read_pose is None
            or _settled(hold, settings).reshaping(self._read_pose) < settings.change_distance
        ):
            return None
        return self._decide(hold, label, share, prediction)

    def last_look(self, hold: Sequence[Sample]) -> SignEvent | None:
        """The hold is over; returns the sign if it is likely enough though it was not clear before."""
        if self._read is not None:
            return None
        prediction, label, share, _ = self._classify(hold, self._settings.look_back)
        return self._decide(hold, label, share, prediction) if share >= self._settings.last_chance else None

    def _classify(self, hold: Sequence[Sample], span: float) -> tuple[Prediction, int, float, float]:
        """The mean prediction of the last ``span`` seconds' glances, the likeliest held sign, its share, its lead."""
        now = hold[-1].tick.time
        if not self._glances or self._glances[-1].end < now:
            begin = now - self._settings.glance - _EPS
            self._glances.append(self._classifier.classify([s.tick for s in hold if s.tick.time >= begin]))
        recent = [glance for glance in self._glances if glance.end >= now - span - _EPS]
        self._glances = [glance for glance in self._glances if glance.end >= now - self._settings.look_back - _EPS]
        mean = np.mean([glance.probabilities for glance in recent], axis=0)
        prediction = replace(recent[-1], probabilities=mean.astype(np.float32))
        word = np.where(self._shapes, prediction.probabilities, 0)
        if word.max() >= self._settings.shape_confidence:
            shares = word
        else:
            shares = np.where(self._spelled, prediction.probabilities, 0)
            shares = shares / max(float(shares.sum()), self._settings.floor)
        second, first = (int(i) for i in np.argsort(shares)[-2:])
        self._shares, self._time = shares, now
        return prediction, first, float(shares[first]), float(shares[first] - shares[second])

    def _decide(self, hold: Sequence[Sample], label: int, share: float, prediction: Prediction) -> SignEvent | None:
        self._read, self._read_pose, self._agreed = label, _settled(hold, self._settings), []
        if self._labels[label].name == NOTHING:
            return None
        return event(
            self._labels, prediction.probabilities, label, share, begin=hold[0].tick.time, prediction=prediction
        )


class MovementReader:
    """Reads one movement, or all of a short stay of the hand, once it is over."""

    def __init__(self, classifier: Classifier, labels: Sequence[LabelInfo], settings: RecognitionSettings) -> None:
        self._classifier = classifier
        self._labels = labels
        self._settings = settings
        self._moving = np.array([label.moving for label in labels])
        self._letters = np.array([label.moving and label.kind == "letter" for label in labels])
        self._words = np.array([label.kind == "word" for label in labels])

    def read(self, movement: Sequence[Sample], *, spelling: bool) -> SignEvent | None:
        """The sign, or None when it was a transition or nothing clear.

        ``spelling``: the movement began at a letter, so that a moving letter is likelier than a word, which then has
        to win outright.
        """
        settings = self._settings
        if not (self._moving.any() or self._words.any()):
            return None
        if _duration(movement) < settings.moving_time or path(movement) < settings.moving_path:
            return None
        prediction = self._classifier.classify([sample.tick for sample in movement])
        shares = np.where(self._letters if spelling else self._moving, prediction.probabilities, 0)
        shares = shares / max(float(shares.sum()), settings.floor_moving)
        label = int(shares.argmax())
        share = float(shares[label])
        if share < settings.moving_confidence or share - float(np.delete(shares, label).max()) < settings.margin:
            return self._word(movement, prediction)
        return event(
            self._labels, prediction.probabilities, label, share, begin=movement[0].tick.time, prediction=prediction
        )

    def read_stay(self, stay: Sequence[Sample]) -> SignEvent | None:
        """The word that a hand made which came, was read as nothing, and left; None when it made none."""
        if not self._words.any() or _duration(stay) < self._settings.moving_time:
            return None
        return self._word(stay, self._classifier.classify([sample.tick for sample in stay]))

    def _word(self, samples: Sequence[Sample], prediction: Prediction) -> SignEvent | None:
        """Any word, a held shape or not, that wins outright."""
        shares = np.where(self._words, prediction.probabilities, 0)
        label = int(shares.argmax())
        share = float(shares[label])
        if share < self._settings.shape_confidence:
            return None
        return event(
            self._labels, prediction.probabilities, label, share, begin=samples[0].tick.time, prediction=prediction
        )


def _duration(samples: Sequence[Sample]) -> float:
    return samples[-1].tick.time - samples[0].tick.time if samples else 0.0


def _settled(hold: Sequence[Sample], settings: RecognitionSettings) -> Pose:
    """The mean pose of the hold's last moments."""
    begin = hold[-1].tick.time - settings.change - _EPS
    return mean_pose([sample.pose for sample in hold if sample.tick.time >= begin])


def path(movement: Sequence[Sample]) -> float:
    """How far the hand travelled, in hand sizes."""
    return sum(b.pose.distance(a.pose) for a, b in pairwise(movement))


def went_away(movement: Sequence[Sample], place: Pose, settings: RecognitionSettings) -> bool:
    """Whether the hand was away from ``place`` (moved or changed) by enough and for long enough to mean it."""
    since: float | None = None
    for sample in movement:
        if sample.pose.distance(place) < settings.repeat:
            since = None
        elif since is None:
            since = sample.tick.time
        elif sample.tick.time - since >= settings.repeat_time - _EPS:
            return True
    return False


def event(
    labels: Sequence[LabelInfo],
    probabilities: FloatArray,
    label: int,
    confidence: float,
    *,
    begin: float,
    prediction: Prediction,
) -> SignEvent:
    """The event of a decision, with the likeliest other labels."""
    others = [int(i) for i in np.argsort(probabilities)[::-1] if i != label and probabilities[i] > 0][:_ALTERNATIVES]
    return SignEvent(
        label=labels[label].name,
        kind=labels[label].kind,
        confidence=confidence,
        begin=begin,
        end=prediction.end,
        captured=prediction.captured,
        alternatives=tuple((labels[i].name, float(probabilities[i])) for i in others),
    )
