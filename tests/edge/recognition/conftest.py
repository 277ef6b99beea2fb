"""A signer without a camera: hands as simple shapes that move as spelling hands do, and a network that knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from edge.engines import FakeEngine
from edge.recognition import LabelInfo, Recogniser, RecognitionSettings
from edge.types import AnyArray, Hands, SignEvent, State

ASPECT = 4 / 3
SHAPES = "ABCLO"
"""Letters: fingers stretched by different amounts."""
WAVE, TRACE = "wave", "Z"
LABELS = (
    *(LabelInfo(letter, "letter") for letter in SHAPES),
    LabelInfo("nothing", "key"),
    LabelInfo(TRACE, "letter", moving=True),
    LabelInfo(WAVE, "word", moving=True),
)
SIZE = 0.2
"""Wrist to middle knuckle, in heights of the picture."""
_REACH = {
    "A": (0.1, 0.1, 0.1, 0.1, 0.1),
    "B": (0.1, 1.0, 1.0, 1.0, 1.0),
    "C": (0.6, 0.5, 0.5, 0.5, 0.5),
    "L": (1.0, 1.0, 0.1, 0.1, 0.1),
    "O": (0.5, 0.3, 0.35, 0.3, 0.3),
    "nothing": (0.3, 0.8, 0.1, 0.1, 0.9),
}


def shape(letter: str) -> np.ndarray:
    """(21, 2): the landmarks of a letter in hand sizes, wrist at the origin, y down."""
    points = np.zeros((21, 2))
    for finger, reach in enumerate(_REACH[letter]):
        root = np.array([-0.5 + 0.22 * finger, -0.75 if finger == 0 else -1.0])
        for joint in range(4):
            points[1 + 4 * finger + joint] = root * (0.6 if finger == 0 and joint == 0 else 1) + [0, -reach * joint / 3]
    points[9] = (0.0, -1.0)
    return points


@dataclass
class Signer:
    """Makes the frames of a film; times in seconds, ways in hand sizes."""

    rng: np.random.Generator
    frames: list[tuple[float, np.ndarray | None]] = field(default_factory=list)
    time: float = 0.0
    place: np.ndarray = field(default_factory=lambda: np.zeros(2))
    now: np.ndarray | None = None
    step: float = 0.005

    def rest(self, seconds: float = 0.6) -> Signer:
        """No hand."""
        for _ in self._ticks(seconds):
            self._add(None)
        self.now = None
        return self

    def hold(self, letter: str, seconds: float = 0.8) -> Signer:
        """Hold a letter, swaying a little."""
        self.now = shape(letter)
        for _ in self._ticks(seconds):
            sway = 0.03 * np.array([np.sin(2.9 * self.time), np.sin(2.3 * self.time + 1)])
            self._add(self.now + self.place + sway)
        return self

    def glide(self, letter: str, seconds: float = 0.4, *, by: float = 0.0, lift: float = 0.0) -> Signer:
        """Go to the next letter, sideways ``by``, over a bounce of ``lift``."""
        before, after, start = self.now, shape(letter), self.place
        if before is None:
            before = after
        for share in self._ticks(seconds):
            ease = share * share * (3 - 2 * share)
            way = np.array([-by * ease, -lift * np.sin(np.pi * ease)])
            self._add(before + ease * (after - before) + start + way)
        self.place = start - np.array([by, 0.0])
        self.now = after
        return self

    def come(self, letter: str, seconds: float = 0.4) -> Signer:
        """Come in from below."""
        for share in self._ticks(seconds):
            self._add(shape(letter) + self.place + [0.0, 3.0 * (1 - share) ** 2])
        self.now = shape(letter)
        return self

    def spell(self, word: str, hold: float = 0.8, glide: float = 0.4) -> Signer:
        """A whole word; a doubled letter slides."""
        self.rest().come(word[0]).hold(word[0], hold)
        for before, after in pairwise(word):
            double = before == after
            self.glide(after, glide, by=0.35 * double, lift=0.12 * double).hold(after, hold)
        return self.rest()

    def wave(self, letter: str = "B", seconds: float = 1.2) -> Signer:
        """A large movement from side to side."""
        for share in self._ticks(seconds):
            self._add(shape(letter) + self.place + [1.5 * np.sin(2 * np.pi * share * 1.5), 0.0])
        self.now = shape(letter)
        return self

    def film(
        self,
        fps: float = 30,
        *,
        jitter: float = 0.008,
        drop: float = 0.0,
        uneven: float = 0.0,
        size: float = SIZE,
        aspect: float = ASPECT,
        slot: int = 1,
    ) -> list[Hands]:
        """What a camera of ``fps`` makes of it; ``jitter`` in hand sizes, ``drop`` the share of lost pictures."""
        times = np.arange(0, self.time, 1 / fps)
        times = np.sort(times[self.rng.random(len(times)) >= drop])
        times = times + self.rng.uniform(-0.3, 0.3, len(times)) * uneven / fps
        made = []
        for index, time in enumerate(np.clip(times, 0, self.time - self.step)):
            points = self.frames[int(time / self.step)][1]
            landmarks = np.zeros((2, 21, 3), np.float32)
            if points is not None and np.mean(points[:, 1] * size + 0.6 < 1) > 0.6:
                points = (points + self.rng.normal(0, jitter, points.shape)) * size
                landmarks[slot, :, 0] = 0.5 + points[:, 0] / aspect
                landmarks[slot, :, 1] = 0.6 + points[:, 1]
            seen = (float(landmarks[0].any()), float(landmarks[1].any()))
            made.append(Hands(landmarks, seen, aspect, float(time), float(time), index))
        return made

    def _ticks(self, seconds: float) -> Iterator[float]:
        count = round(seconds / self.step)
        for k in range(count):
            yield (k + 1) / count

    def _add(self, points: np.ndarray | None) -> None:
        self.frames.append((self.time, points))
        self.time += self.step


def knows_shapes(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Logits by the distance to each shape, and for `WAVE` by how far the wrist goes from side to side."""
    landmarks = feeds["landmarks"][0][feeds["mask"][0] > 0]
    hand = landmarks[np.any(landmarks, axis=(2, 3))][:, :, :2] * [ASPECT, 1]
    if not len(hand):
        return {"logits": np.zeros((1, len(LABELS)), np.float32)}
    size = np.maximum(np.linalg.norm(hand[:, 9] - hand[:, 0], axis=1), 1e-6)[:, None, None]
    relative = ((hand - hand[:, :1]) / size).mean(axis=0)
    far = [np.linalg.norm(relative - shape(label.name), axis=1).mean() for label in LABELS[:-2]]
    swing = np.ptp(hand[:, 0, 0]) / size.mean()
    return {"logits": np.array([[*(-20 * np.array(far)), 4 * (swing - 2) - 1, 4 * (swing - 2)]], np.float32)}


@pytest.fixture
def signer() -> Signer:
    return Signer(np.random.default_rng(7))


@dataclass
class Reading:
    """What a recogniser made of a film."""

    results: list[SignEvent | State]

    @property
    def signs(self) -> list[SignEvent]:
        return [r for r in self.results if isinstance(r, SignEvent)]

    @property
    def states(self) -> list[State]:
        return [r for r in self.results if isinstance(r, State)]

    @property
    def labels(self) -> list[str]:
        return [sign.label for sign in self.signs]

    @property
    def text(self) -> str:
        return "".join(self.labels)


@pytest.fixture
def make_recogniser():
    """A recogniser with the network that knows the shapes; takes its other arguments."""

    def make(**options: object) -> Recogniser:
        function = options.pop("function", knows_shapes)
        defaults = {"labels": LABELS, "rate": 15.0, "window": 30, "aspect": ASPECT, "settings": RecognitionSettings()}
        return Recogniser(FakeEngine(function), **(defaults | options))

    return make


@pytest.fixture
def read(make_recogniser):
    """Reads a film; takes what `make_recogniser` does."""

    def run(film: Sequence[Hands], **options: object) -> Reading:
        recogniser = make_recogniser(**options)
        results = [result for hands in film for result in recogniser.push(hands)]
        return Reading(results + recogniser.finish())

    return run
