"""What passes between the rooms of the device: small frozen dataclasses.

The flow is one way: ``Frame`` (capture) -> ``Hands`` (landmarks) -> ``Prediction`` and ``SignEvent`` (recognition)
-> ``Caption`` (language) -> outputs.

Conventions, which hold from the landmarker's boundary on:

* Pictures are **not mirrored**: the signer's right hand is (usually) on the left of the picture.
* Hand slot 0 is the **signer's left** hand, slot 1 the **signer's right**.
* Landmark x and y are relative to the picture's width and height, origin top left, y down; z is MediaPipe's relative
  depth in units of the picture's width, smaller is nearer to the camera, 0 at the wrist.
* A missing hand is all zeros.
* Two clocks: ``time`` is the source's timeline in seconds (a clip's media time, a camera's capture time), on which
  windows are measured; ``captured`` is ``time.monotonic()`` when the picture became available, on which latency is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]
FloatArray = NDArray[np.float32]
AnyArray = NDArray[Any]

LEFT = 0
"""Hand slot of the signer's left hand."""
RIGHT = 1
"""Hand slot of the signer's right hand."""
LANDMARKS = 21
"""Landmarks of one hand, in MediaPipe's order: wrist, thumb 1-4, index 5-8, middle 9-12, ring 13-16, little 17-20."""
JUMP = 2.0
"""Two frames further apart than this (seconds of the source), or in the wrong order, do not show one scene: whoever
follows something from frame to frame starts anew."""

EventKind = Literal["letter", "word", "key"]
StateName = Literal[
    "starting",
    "waiting",
    "hand",
    "recognising",
    "sure",
    "unsure",
    "camera-lost",
    "ended",
    "updating",
    "rolled-back",
    "too-hot",
    "on-cpu",
    "building",
    "safe-mode",
]
BESIDE: frozenset[StateName] = frozenset(("updating", "rolled-back", "too-hot", "on-cpu", "building"))
"""States that stand beside what the recogniser does, until one of the same name is ``over``; any other replaces the one
before."""
ActionName = Literal["clear", "undo-letter", "undo-word", "restore", "space", "complete", "speak", "sentence", "forget"]
"""What somebody may ask of the text: see `Action`."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source.

    ``image`` uint8 (H, W, 3), BGR as OpenCV delivers it, not mirrored; never written to by later rooms.
    """

    image: UInt8Array
    time: float
    captured: float
    index: int

    @property
    def aspect(self) -> float:
        """Width divided by height."""
        return float(self.image.shape[1]) / float(self.image.shape[0])


@dataclass(frozen=True, slots=True)
class Hands:
    """The hands of one frame, and what else the bundle's task needs of it.

    ``landmarks`` float32 (2, 21, 3), see the module's conventions; ``presence`` the hand network's probability per
    slot, 0 for a missing hand; ``aspect`` width / height of the picture that x and y are relative to. ``face``
    float32 (468, 3), relative like a hand's, for holistic models; ``picture`` uint8 (H, W, 3) RGB, what an image
    model is to see of the frame. None where it was not asked for or is not there.
    """

    landmarks: FloatArray
    presence: tuple[float, float]
    aspect: float
    time: float
    captured: float
    index: int
    face: FloatArray | None = None
    picture: UInt8Array | None = None

    @property
    def count(self) -> int:
        """How many hands are visible."""
        return sum(p > 0 for p in self.presence)


@dataclass(frozen=True, slots=True)
class Prediction:
    """Probabilities of one window: ``probabilities`` float32 (classes,), ``begin``/``end`` in source seconds."""

    probabilities: FloatArray
    begin: float
    end: float
    captured: float


@dataclass(frozen=True, slots=True)
class SignEvent:
    """A decided sign.

    ``begin``/``end`` in source seconds; ``captured`` of the frame that decided it; ``alternatives`` the likeliest
    other labels with their probabilities, best first.
    """

    label: str
    kind: EventKind
    confidence: float
    begin: float
    end: float
    captured: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Guess:
    """What the recogniser thinks now, undecided.

    ``confidence`` 0-1; ``alternatives`` the likeliest other labels with theirs, best first; ``time`` in source seconds.
    """

    label: str
    kind: EventKind
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    time: float


@dataclass(frozen=True, slots=True)
class State:
    """What the recogniser is doing, for the person in front of it, or what the device is in (`BESIDE`).

    ``sure`` stands for a moment after a decision. ``unsure`` carries the two likeliest labels with their confidences.
    ``detail`` says why, for those that have a reason. ``over`` ends a state of `BESIDE`.
    """

    name: StateName
    time: float
    detail: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    over: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """Something that somebody asks of the text; told to the outputs when it has been done.

    ``name``: ``clear`` the text, ``undo-letter``, ``undo-word``, ``restore`` what the last of these three took away,
    ``space`` ends the word that is spelled, ``complete`` it with ``value`` (one of the `Suggestions`), ``speak`` the
    last sentence (the text, where there is none since), ``sentence`` makes one now, ``forget`` the text and the past.
    ``origin``: ``touch``, ``key``, ``gesture``, ``mqtt``, ``nobody`` (who was there has left), ...
    """

    name: ActionName
    origin: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Caption:
    """The whole text shown, after the event that changed it.

    ``latency`` is the capture-to-caption latency in seconds; ``None`` when no frame caused the change (a key press,
    the end of the source).
    """

    text: str
    time: float
    latency: float | None = None
    event: SignEvent | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SpellingChange:
    """A spelled word that was corrected: as ``read``, as ``written``, and the next likeliest ``others``."""

    read: str
    written: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One utterance in English.

    ``read``: the words as they were read; ``changes``: the spelled ones that were corrected; ``by``: what made the
    sentence (``rules`` or ``t5``); ``time`` in seconds of the source.
    """

    text: str
    read: str
    time: float
    by: str
    changes: tuple[SpellingChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Gesture:
    """A gesture that the hands have just completed: what it asks for; ``begin`` and ``end`` in source seconds."""

    name: ActionName
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What the word that is being spelled may become, in capitals, likeliest first; none when nothing is spelled.

    ``spelled``: the letters so far. Sent whenever the list changes.
    """

    words: tuple[str, ...]
    spelled: str
    time: float


@dataclass(frozen=True, slots=True)
class Speak:
    """Somebody asked for this text to be spoken aloud."""

    text: str
    time: float


@dataclass(frozen=True, slots=True)
class Past:
    """All sentences that are still remembered, oldest first. Sent whenever the list changes; never written anywhere."""

    sentences: tuple[Sentence, ...]
    time: float
