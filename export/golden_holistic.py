"""Golden inputs of holistic models: the hands of the shipped clip's windows, and a face beside them.

No face is shipped. What stands for one is a fixed pattern of 468 points over an ellipse, a little elsewhere and of
another size in each window, nodding slowly; some windows have none, as for people who turn away. A network reads
coordinates, so it is as good a test of its arithmetic as a portrait. The pose is missing, as on the device.
"""

from __future__ import annotations

import numpy as np

from edge.holistic import FACE_LANDMARKS, HOLISTIC_ROWS, holistic_rows
from edge.types import AnyArray, FloatArray

_EVERY = 5
"""A face makes a window thirteen times as large: of the windows on hands so many take one."""
_FACELESS = 5
_GRID = 2048
"""Faces lie on a grid of so many steps: they then take half the room in the bundle."""
_SEED = 20260102
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def holistic_windows(landmarks: FloatArray, masks: FloatArray) -> dict[str, AnyArray]:
    """``landmarks`` (N, T, 543, 3), missing and padding NaN, of windows on hands (M, T, 2, 21, 3) and (M, T)."""
    rng = np.random.default_rng(_SEED)
    face = _face()
    windows = []
    for number, (hands, mask) in enumerate(zip(landmarks[::_EVERY], masks[::_EVERY], strict=True)):
        place, size = rng.uniform(0.35, 0.65, 2), rng.uniform(0.6, 1.2)
        nod = 0.02 * np.sin(np.arange(len(hands)) * rng.uniform(0.2, 0.6))
        window = np.full((len(hands), HOLISTIC_ROWS, 3), np.nan, np.float32)
        for t in np.flatnonzero(mask):
            moved = face * size + (place[0], place[1] - 0.2 + nod[t], 0)
            shown = None if number % _FACELESS == _FACELESS - 1 else _on_grid(moved)
            window[t] = holistic_rows(hands[t], hands[t].any(axis=(1, 2)), shown)
        windows.append(window)
    return {"landmarks": np.stack(windows)}


def _face() -> FloatArray:
    """Points (468, 3) spread evenly over an ellipse of a third of the picture's height, its middle nearest."""
    number = np.arange(FACE_LANDMARKS)
    radius, angle = np.sqrt((number + 0.5) / FACE_LANDMARKS), number * _GOLDEN_ANGLE
    points = [0.1 * radius * np.cos(angle), 0.16 * radius * np.sin(angle), 0.05 * (radius**2 - 1)]
    return np.stack(points, axis=1).astype(np.float32)


def _on_grid(points: FloatArray) -> FloatArray:
    return np.asarray(np.round(points * _GRID) / _GRID, np.float32)
