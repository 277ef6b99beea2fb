"""Which hand goes into which slot, and a frame's `Hands` with the slots filled.

The network guesses each hand's side by itself and wavers when a hand is seen edge-on, so a guess counts together with
those of the frames before. Two hands never share a slot: of the two arrangements the likelier is taken, even when both
hands look like the same side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from edge.types import LANDMARKS, LEFT, RIGHT, FloatArray, Frame, Hands

_KEEP = 0.8
"""Weight of the past in a hand's side: a new guess prevails after about three frames."""
_LOYALTY = 0.1
"""Advantage, in probability, of the slot that a hand is in."""


def smoothed(previous: float | None, right: float) -> float:
    """Probability of a right hand, over time."""
    return right if previous is None else _KEEP * previous + (1 - _KEEP) * right


def assign(hands: Sequence[tuple[float, int | None]]) -> tuple[int, ...]:
    """Slots of at most two hands, each given as (probability of a right hand, slot so far or None)."""
    merits = [_merit(right, slot) for right, slot in hands]
    if len(merits) == 1:
        return (RIGHT if merits[0] > 0 else LEFT,)
    if len(merits) == 2:
        return (RIGHT, LEFT) if merits[0] > merits[1] else (LEFT, RIGHT)
    return ()


def placed(frame: Frame, hands: Iterable[tuple[int, FloatArray, float]] = ()) -> Hands:
    """The frame's `Hands`, hands given as (slot, landmarks (21, 3) image-normalised, presence)."""
    landmarks = np.zeros((2, LANDMARKS, 3), np.float32)
    presence = [0.0, 0.0]
    for slot, points, sure in hands:
        landmarks[slot], presence[slot] = points, sure
    return Hands(
        landmarks=landmarks,
        presence=(presence[0], presence[1]),
        aspect=frame.aspect,
        time=frame.time,
        captured=frame.captured,
        index=frame.index,
    )


def _merit(right: float, slot: int | None) -> float:
    loyalty = 0.0 if slot is None else _LOYALTY if slot == RIGHT else -_LOYALTY
    return right - 0.5 + loyalty
