"""Random stills of all letters as landmarks to train on: rendered, then seen by our own hand pipeline.

Every still is drawn by (seed, index) alone, so any part of a set can be made again. A set holds no picture.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.engines import Engine
from edge.errors import InputError
from edge.landmarks.pipeline import HandConfig, HandPipeline
from edge.types import LANDMARKS, LEFT, RIGHT, AnyArray, FloatArray, Frame, UInt8Array
from export.synthetic.frame import RenderedFrame
from export.synthetic.poses import LETTERS
from export.synthetic.stills import View, render_between, render_still
from export.synthetic.style import Style

LandmarkFinder = Callable[[UInt8Array], FloatArray | None]
"""A BGR picture to the landmarks (21, 3) of its one hand, image-normalised, or None."""


@dataclass(frozen=True, slots=True)
class Still:
    """What is drawn: a letter, or (where ``other`` is named) the hand a ``share`` of the way to another."""

    letter: str
    view: View
    style: Style
    other: str | None = None
    share: float = 0.0

    def render(self) -> RenderedFrame:
        """Draw it."""
        if self.other is None:
            return render_still(self.letter, view=self.view, style=self.style)
        return render_between(self.letter, self.other, self.share, view=self.view, style=self.style)


def draw_still(seed: int, index: int, *, between: float = 0.0) -> Still:
    """Still ``index`` of the set ``seed``: letters in a new order every 24, either hand, any style and view.

    With probability ``between`` the hand is on its way to another letter, in the middle third of the way.
    """
    order = np.random.default_rng((seed, index // len(LETTERS))).permutation(len(LETTERS))
    letter = LETTERS[order[index % len(LETTERS)]]
    rng = np.random.default_rng((seed, index // len(LETTERS), index % len(LETTERS)))
    style = Style.draw(int(rng.integers(1 << 31)), hand="left" if rng.random() < 0.5 else "right")
    view = View.draw(rng)
    if rng.random() >= between:
        return Still(letter, view, style)
    other = LETTERS[(LETTERS.index(letter) + int(rng.integers(1, len(LETTERS)))) % len(LETTERS)]
    return Still(letter, view, style, other, float(rng.uniform(1 / 3, 2 / 3)))


def pipeline_finder(palm: Engine, hand: Engine) -> LandmarkFinder:
    """Our own hand pipeline on single pictures."""

    def find(image: UInt8Array) -> FloatArray | None:
        # A pipeline of its own for each picture: nothing is followed from one to the next.
        hands = HandPipeline(palm, hand, config=HandConfig(hands=1)).process(Frame(image, 0.0, 0.0, 0))
        if not hands.count:
            return None
        return np.asarray(hands.landmarks[RIGHT if hands.presence[RIGHT] else LEFT])

    return find


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkSet:
    """``landmarks`` float32 (N, 21, 3) as `edge.types` has them (not mirrored), ``labels`` (N,) ("" between letters),
    ``aspect`` float32 (N,) width / height, ``hand`` (N,) "left" or "right": the signer's; ``joints`` float32
    (N, 21, 2) the true joints in the same units; ``index`` (N,) of the still. Stills whose hand was not found are left
    out; ``missed`` (M,) are their indices."""

    landmarks: FloatArray
    labels: np.ndarray[tuple[int], np.dtype[np.str_]]
    aspect: FloatArray
    hand: np.ndarray[tuple[int], np.dtype[np.str_]]
    joints: FloatArray
    index: np.ndarray[tuple[int], np.dtype[np.int64]]
    missed: np.ndarray[tuple[int], np.dtype[np.int64]]


def find_landmarks(stills: Iterable[Still], find: LandmarkFinder) -> LandmarkSet:
    """Draw the stills and find their hands."""
    landmarks, labels, aspects, hands, joints, index, missed = [], [], [], [], [], [], []
    for number, still in enumerate(stills):
        frame = still.render()
        height, width = frame.image.shape[:2]
        found = find(frame.image)
        if found is None:
            missed.append(number)
            continue
        landmarks.append(found)
        labels.append(frame.label)
        aspects.append(width / height)
        hands.append(still.style.hand)
        joints.append(frame.joints / [width, height])
        index.append(number)
    return LandmarkSet(
        np.array(landmarks, np.float32).reshape(-1, LANDMARKS, 3),
        np.array(labels, np.str_),
        np.array(aspects, np.float32),
        np.array(hands, np.str_),
        np.array(joints, np.float32).reshape(-1, LANDMARKS, 2),
        np.array(index, np.int64),
        np.array(missed, np.int64),
    )


def write_set(path: Path, data: LandmarkSet, *, made_by: str) -> None:
    """Write a set as an npz that needs no pickle; ``made_by`` is the command."""
    write_arrays(path, {name: getattr(data, name) for name in LandmarkSet.__slots__}, made_by=made_by)


def write_arrays(path: Path, arrays: Mapping[str, AnyArray], *, made_by: str) -> None:
    """Write arrays and the command that made them, all or nothing; `InputError` where there is no such folder."""
    if not path.parent.is_dir():
        raise InputError("no such folder", where=path.parent, remedy="make it, or name another --output")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        np.savez_compressed(unfinished, allow_pickle=False, made_by=np.array(made_by), **arrays)
        unfinished.replace(path)
