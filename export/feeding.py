"""From an example, as `export.datasets` reads it, to what a bundle's classifier is fed: one window or one picture.

What fits what: pictures fit image models; recordings of landmarks fit hand and holistic models (where only hands were
recorded, a holistic model sees no face). Pictures fit a hand model too, where the bundle holds palm and hand networks:
they are looked at one by one, as if each were the first of a new scene, and the hands found fill the whole window.

A recording carries no timestamps: it is one sign from begin to end and becomes one window, thinned evenly where it is
longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from edge.bundle.manifest import InputContract, Task, Window
from edge.bundle.reader import Bundle
from edge.capture.opencv import quiet_cv2
from edge.errors import UsageError
from edge.holistic import hands_of_rows, holistic_rows
from edge.landmarks import Landmarker, open_hand_pipeline
from edge.recognition.resample import Resampler
from edge.types import LEFT, RIGHT, AnyArray, FloatArray, Frame, Hands
from export.datasets import Format, Part
from export.training.data import ASPECT

NOTHING = "nothing"
"""The class of a picture that shows no hand, as "ASL Alphabet" calls it: what a hand model answers, where it has this
class, when the landmark step finds none."""
Feeds = Mapping[str, AnyArray]
Convert = Callable[[AnyArray], Feeds | None]


@dataclass(frozen=True, slots=True)
class Feeder:
    """What the classifier of ``title`` (its ``task``) can be fed with: a function per format, from `Part.read` to
    inputs (1, ...) by tensor name, or to None where no hand is found."""

    title: str
    task: str
    convert: Mapping[Format, Convert]
    why: str = ""
    """Why pictures are not among them, where that could be otherwise."""

    def fitting(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """The parts that it can be fed with; raises UsageError when there is none."""
        found = tuple(part for part in parts if part.format in self.convert)
        if not found:
            raise UsageError(
                f"the data does not fit {self.title}, a model of the task {self.task}",
                expected=" or ".join(self.convert),
                found=", ".join(sorted({part.format for part in parts})),
                remedy=self.why or "name other data, or a bundle that reads it",
            )
        return found


def plain_feeder(title: str, task: Task, contract: InputContract) -> Feeder:
    """The feeder of a classifier that stands alone: no networks run in front of it."""
    span = contract.window
    if span is None:
        return Feeder(title, task, {"pictures": partial(_resized, contract=contract)})
    if task == "holistic-sequence":
        holistic: dict[Format, Convert] = {
            "isolated signs": partial(_holistic, contract=contract, span=span),
            "landmark npz": lambda hands: _holistic(_without_face(hands), contract, span),
        }
        return Feeder(title, task, holistic)
    recordings: dict[Format, Convert] = {
        "landmark npz": partial(_hand_window, contract=contract, span=span),
        "isolated signs": lambda rows: _hand_window(hands_of_rows(rows), contract, span),
    }
    return Feeder(title, task, recordings, "pictures need palm and hand networks in the bundle")


@contextmanager
def open_feeder(bundle: Bundle) -> Iterator[Feeder]:
    """The feeder of a bundle's classifier; its hand networks are open inside the ``with``."""
    manifest = bundle.manifest
    plain = plain_feeder(bundle.title, manifest.task, manifest.input)
    landmarker = _landmarker(bundle) if manifest.task == "hand-sequence" else None
    if landmarker is None or manifest.input.window is None:
        yield plain
        return
    try:
        yield with_pictures(plain, landmarker, manifest.input, manifest.input.window)
    finally:
        landmarker.close()


def with_pictures(feeder: Feeder, landmarker: Landmarker, contract: InputContract, span: Window) -> Feeder:
    """The feeder of a hand model that takes pictures too, by way of a ``landmarker``."""
    pictures = partial(_still, landmarker=landmarker, contract=contract, span=span)
    return replace(feeder, convert={**feeder.convert, "pictures": pictures}, why="")


def window(sequence: FloatArray, frames: int) -> tuple[FloatArray, FloatArray]:
    """(T, 2, 21, 3) to landmarks (frames, 2, 21, 3) and mask (frames,): whole where it fits, else evenly thinned."""
    sequence = thinned(sequence, frames)
    landmarks = np.zeros((frames, *sequence.shape[1:]), np.float32)
    mask = np.zeros(frames, np.float32)
    landmarks[: len(sequence)], mask[: len(sequence)] = sequence, 1
    return landmarks, mask


def thinned(sequence: FloatArray, frames: int) -> FloatArray:
    """(T, ...) to at most so many ``frames``, evenly from the first to the last."""
    if len(sequence) <= frames:
        return sequence
    return np.asarray(sequence[np.round(np.linspace(0, len(sequence) - 1, frames)).astype(int)], np.float32)


def _resized(image: AnyArray, contract: InputContract) -> Feeds:
    cv2 = quiet_cv2()
    height, width = contract.image_size or image.shape[:2]
    if image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return {contract.tensors[0].name: np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)[None]}


def _hand_window(hands: FloatArray, contract: InputContract, span: Window) -> Feeds:
    if contract.aspect not in (None, ASPECT):
        hands = np.stack([_at_aspect(_seen(frame, ASPECT), contract, span) for frame in hands])
    landmarks, mask = window(hands, span.frames)
    return {"landmarks": landmarks[None], "mask": mask[None]}


def _still(image: AnyArray, landmarker: Landmarker, contract: InputContract, span: Window) -> Feeds | None:
    landmarker.reset()
    hands = landmarker.process(Frame(image, time=0.0, captured=0.0, index=0))
    if not hands.count:
        return None
    frame = _at_aspect(hands, contract, span)
    return {
        "landmarks": np.repeat(frame[None, None], span.frames, axis=1),
        "mask": np.ones((1, span.frames), np.float32),
    }


def _holistic(rows: FloatArray, contract: InputContract, span: Window) -> Feeds:
    rows = thinned(rows, span.frames)
    fixed = contract.tensors[0].shape[1]
    if fixed is not None and len(rows) < fixed:  # as the device pads for a network of one length only
        rows = np.concatenate([rows, np.full((fixed - len(rows), *rows.shape[1:]), np.nan, np.float32)])
    return {contract.tensors[0].name: rows[None]}


def _without_face(hands: FloatArray) -> FloatArray:
    return np.stack([holistic_rows(frame, frame.any(axis=(1, 2)), None) for frame in hands])


def _seen(landmarks: FloatArray, aspect: float) -> Hands:
    presence = (float(landmarks[LEFT].any()), float(landmarks[RIGHT].any()))
    return Hands(landmarks, presence, aspect, time=0.0, captured=0.0, index=0)


def _at_aspect(hands: Hands, contract: InputContract, span: Window) -> FloatArray:
    """(2, 21, 3) as the device converts it."""
    return Resampler(span.rate, contract.aspect or hands.aspect).push(hands)[0].landmarks


def _landmarker(bundle: Bundle) -> Landmarker | None:
    palm, hand = bundle.manifest.variants("palm"), bundle.manifest.variants("hand")
    if not palm or not hand:
        return None
    quiet_cv2().setNumThreads(1)
    return open_hand_pipeline(bundle.network("palm", palm[0]), bundle.network("hand", hand[0]))
