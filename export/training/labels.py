"""From what the recordings are called to the classes of a model: letters, keys and words."""

from __future__ import annotations

from string import ascii_uppercase

import numpy as np

from edge.bundle.manifest import Label
from edge.types import FloatArray
from export.training.data import Recordings

KEYS = ("space", "del", "nothing")
MOVING_LETTERS = "JZ"
_MOVING = 0.6
"""A word counts as moving when its hands travel more than this many palm lengths in a second of a typical recording."""
_RATE = 15.0
"""Frames a second the recordings are taken to have: theirs is not known, and webcam loops reach about this."""
_TEXTS = {
    "thankyou": "thank you",
    "iloveyou": "I love you",
    "goodjob": "good job",
    "howmuch": "how much",
    "seeyoulater": "see you later",
    "i": "I",
}


def make_labels(recordings: Recordings) -> tuple[Label, ...]:
    """The classes of these recordings: A-Z that occur, then the keys, then the words, each in alphabetical order."""
    names = set(recordings.labels.tolist())
    letters = [Label(name=n, kind="letter", moving=n in MOVING_LETTERS) for n in ascii_uppercase if n in names]
    keys = [Label(name=n, kind="key") for n in KEYS if n in names]
    words = sorted(names - set(ascii_uppercase) - set(KEYS))
    return (
        *letters,
        *keys,
        *(Label(name=n, kind="word", moving=travel(recordings, n) > _MOVING, text=_TEXTS.get(n)) for n in words),
    )


def travel(recordings: Recordings, label: str) -> float:
    """How far hands travel in this sign, in palm lengths a second: the mean over sources of each source's median."""
    by_source: dict[str, list[float]] = {}
    for i in np.flatnonzero(recordings.labels == label):
        by_source.setdefault(str(recordings.sources[i]), []).append(_travel(recordings.sequence(int(i))))
    return float(np.mean([np.median(values) for values in by_source.values()]))


def _travel(frames: FloatArray) -> float:
    present = np.abs(frames).sum((2, 3)) > 0
    seen = present[1:] & present[:-1]
    tips = frames[:, :, (0, 4, 8, 12, 16, 20), :2]
    palm = np.linalg.norm(frames[:, :, 9, :2] - frames[:, :, 0, :2], axis=-1)
    if not seen.any():
        return 0.0
    step = np.linalg.norm(tips[1:] - tips[:-1], axis=-1).mean(-1)
    return float(np.median(step[seen]) / np.median(palm[present]) * _RATE)
