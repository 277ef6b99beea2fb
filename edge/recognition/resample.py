"""Frames at any rate in, ticks at one rate out.

A window is a stretch of time, so frames are brought to the model's rate by their capture timestamps: a camera of 8,
15 or 30 frames a second gives the same ticks. Between two frames a hand that both show is interpolated; one that
only one of them shows is taken from the nearer. Nothing is invented across a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.types import JUMP, FloatArray, Hands

_GAP = 0.5
"""Frames further apart than this (seconds) are not interpolated: what the hand did in between is unknown."""
_EPS = 1e-6


@dataclass(frozen=True, slots=True)
class Tick:
    """The hands at one instant, and the face for models that look at it.

    ``landmarks`` float32 (2, 21, 3), image-normalised at the model's aspect, zeros for a missing hand; ``time`` in
    source seconds; ``captured`` of the frame that completed it; ``face`` float32 (468, 3) likewise.
    """

    landmarks: FloatArray
    visible: tuple[bool, bool]
    time: float
    captured: float
    face: FloatArray | None = None


class Resampler:
    """Turns `Hands` into `Tick` at ``rate`` per second, with x and z converted to ``aspect`` (width / height).

    After a gap longer than `edge.types.JUMP`, or a step back as long, the ticks start anew at the next frame.

    Pictures of another aspect are taken to show the same scene with the same centre, at the same scale of height:
    ``x' = 0.5 + (x - 0.5) * a / aspect``; z is in units of the width, so it scales with it.
    """

    def __init__(self, rate: float, aspect: float) -> None:
        self._step = 1.0 / rate
        self._aspect = aspect
        self._last: Tick | None = None
        self._origin = 0.0
        self._next = 0

    def push(self, hands: Hands) -> list[Tick]:
        """The ticks up to this frame; none for a frame that is not later than the last."""
        frame = self._convert(hands)
        last = self._last
        if last is not None and last.time - JUMP < frame.time <= last.time + _EPS:
            return []
        self._last = frame
        if last is None or not 0 < frame.time - last.time <= JUMP:
            self._origin, self._next = frame.time, 1
            return [frame]
        ticks = []
        while (time := self._origin + self._next * self._step) <= frame.time + _EPS:
            ticks.append(_between(last, frame, time))
            self._next += 1
        return ticks

    def _convert(self, hands: Hands) -> Tick:
        landmarks = np.nan_to_num(np.asarray(hands.landmarks, np.float32))
        visible = (bool(np.any(landmarks[0])), bool(np.any(landmarks[1])))
        face = hands.face
        if abs(hands.aspect - self._aspect) > _EPS:
            factor = np.float32(hands.aspect / self._aspect)
            landmarks = np.stack([_widened(hand, factor) if hand.any() else hand for hand in landmarks])
            face = None if face is None else _widened(face, factor)
        return Tick(landmarks, visible, float(hands.time), float(hands.captured), face)


def _between(a: Tick, b: Tick, time: float) -> Tick:
    if b.time - a.time > _GAP:
        # A stalled camera: the hand is unknown until just before it is seen again.
        near = b if b.time - time < _EPS else None
        landmarks = near.landmarks if near else np.zeros_like(b.landmarks)
        visible, face = (near.visible, near.face) if near else ((False, False), None)
        return Tick(landmarks, visible, time, b.captured, face)
    weight = np.float32((time - a.time) / (b.time - a.time))
    nearer = a if weight < 0.5 else b
    landmarks = np.zeros_like(b.landmarks)
    for slot in (0, 1):
        if a.visible[slot] and b.visible[slot]:
            landmarks[slot] = (1 - weight) * a.landmarks[slot] + weight * b.landmarks[slot]
        elif nearer.visible[slot]:
            landmarks[slot] = nearer.landmarks[slot]
    visible = (bool(np.any(landmarks[0])), bool(np.any(landmarks[1])))
    face = nearer.face if a.face is None or b.face is None else (1 - weight) * a.face + weight * b.face
    return Tick(landmarks, visible, time, b.captured, face)


def _widened(points: FloatArray, factor: np.float32) -> FloatArray:
    """Points (n, 3) of a picture ``factor`` times as wide for its height as the model's."""
    return np.stack([0.5 + (points[:, 0] - 0.5) * factor, points[:, 1], points[:, 2] * factor], axis=1)
