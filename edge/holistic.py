"""The 543 rows of a holistic frame: face 468, left hand 21, pose 33, right hand 21, as in MediaPipe's holistic results.

Models for them were trained on rows in which what is missing is NaN; here a missing hand is zeros and a missing face
None. The pose is never there: it takes a network of its own, and the models do not look at it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.types import LANDMARKS, LEFT, RIGHT, FloatArray

FACE_LANDMARKS = 468
HOLISTIC_ROWS = 543

_HANDS = {LEFT: slice(468, 468 + LANDMARKS), RIGHT: slice(522, 522 + LANDMARKS)}


def holistic_rows(landmarks: FloatArray, visible: Sequence[float], face: FloatArray | None) -> FloatArray:
    """One frame (543, 3) float32 for a model, of hands (2, 21, 3), which of them count, and the face (468, 3)."""
    rows = np.full((HOLISTIC_ROWS, 3), np.nan, np.float32)
    if face is not None:
        rows[:FACE_LANDMARKS] = face
    for slot, place in _HANDS.items():
        if visible[slot]:
            rows[place] = landmarks[slot]
    return rows


def hands_of_rows(rows: FloatArray) -> FloatArray:
    """The hands (T, 2, 21, 3) of frames (T, 543, 3); one that is not whole is missing: zeros."""
    hands = np.stack([rows[:, _HANDS[LEFT]], rows[:, _HANDS[RIGHT]]], axis=1)
    whole = np.isfinite(hands).all(axis=(2, 3), keepdims=True)
    return np.where(whole, hands, np.float32(0))


def face_of_rows(row: FloatArray) -> FloatArray | None:
    """The face (468, 3) of one frame (543, 3), None when it is not whole."""
    face = row[:FACE_LANDMARKS]
    return face if np.isfinite(face).all() else None
