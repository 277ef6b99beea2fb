"""Whether anything in view has moved: what decides how often it is worth looking for hands.

What a followed hand does is no news, and neither is what it uncovers: a cell that one of the regions to ignore has
covered since the remembered picture does not count until the next one is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.landmarks.regions import Region
from edge.types import FloatArray, UInt8Array

_COLUMNS, _ROWS = 32, 24
_SAMPLES = 5
"""Pixels taken per cell and axis: enough to average a camera's noise away, few enough to cost nothing."""
_THRESHOLD = 6.0
"""Change of a cell's mean brightness, of 255, that counts as movement."""


class MotionSense:
    """Compares pictures, reduced to a few cells, with a remembered one."""

    def __init__(self) -> None:
        self._reference: FloatArray | None = None
        self._latest: FloatArray | None = None
        self._ignored = self._ignored_now = _nowhere()

    def moved(self, image: UInt8Array, ignore: Sequence[Region] = ()) -> bool:
        """Whether any cell changed since `remember` that no region to ``ignore`` has covered since; True when nothing
        is known."""
        height, width = image.shape[:2]
        step_y, step_x = max(height // (_ROWS * _SAMPLES), 1), max(width // (_COLUMNS * _SAMPLES), 1)
        sparse = np.ascontiguousarray(image[::step_y, ::step_x, 1])
        self._latest = cv2.resize(sparse, (_COLUMNS, _ROWS), interpolation=cv2.INTER_AREA).astype(np.float32)
        self._ignored_now = _nowhere()
        for region in ignore:
            half = region.side / 2
            left, right = ((region.x + s * half) / width * _COLUMNS for s in (-1, 1))
            top, bottom = ((region.y + s * half) / height * _ROWS for s in (-1, 1))
            self._ignored_now[
                max(int(top), 0) : max(int(bottom) + 1, 0), max(int(left), 0) : max(int(right) + 1, 0)
            ] = True
        self._ignored |= self._ignored_now
        if self._reference is None:
            return True
        return bool(((np.abs(self._latest - self._reference) > _THRESHOLD) & ~self._ignored).any())

    def remember(self) -> None:
        """Later pictures are compared with the latest one from now on."""
        self._reference, self._ignored = self._latest, self._ignored_now.copy()

    def forget(self) -> None:
        """Nothing is known: the next picture counts as moved."""
        self._reference, self._ignored = None, _nowhere()


def _nowhere() -> NDArray[np.bool_]:
    return np.zeros((_ROWS, _COLUMNS), np.bool_)
