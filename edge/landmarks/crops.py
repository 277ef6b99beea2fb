"""What an image model is shown of a frame: the square around the hand, or the middle of the picture.

Image models were trained on pictures of one hand. Where the bundle carries hand networks, the hand is cut out of the
frame, so that it may be anywhere in front of the camera; else the signer has to fill the picture's middle.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from edge.landmarks.base import Landmarker
from edge.landmarks.regions import Cropper, Region, as_bgr
from edge.landmarks.slots import placed
from edge.types import FloatArray, Frame, Hands, UInt8Array

MARGIN = 2.3
"""Side of the square, in sizes of the hand (the longer side of the box around its landmarks): the median over the
pictures of the Kaggle set "ASL Alphabet" in which our pipeline finds a hand; half of them lie between 1.8 and 2.9."""


class HandPictures:
    """A `Landmarker` whose hands carry a picture of the largest one in ``size`` (H, W). Owns ``hands`` from here on."""

    def __init__(self, hands: Landmarker, size: tuple[int, int]) -> None:
        self._hands = hands
        self._shrink = _Shrink(size)

    def process(self, frame: Frame) -> Hands:
        """The hands of this frame; the picture only when there is one."""
        hands = self._hands.process(frame)
        seen = [around(hands.landmarks[slot], frame) for slot in (0, 1) if hands.presence[slot]]
        if not seen:
            return hands
        return replace(hands, picture=self._shrink(frame.image, max(seen, key=lambda region: region.side)))

    def reset(self) -> None:
        """Forget the hands that were followed."""
        self._hands.reset()

    def close(self) -> None:
        """Free the engines."""
        self._hands.close()


class WholePictures:
    """A `Landmarker` that looks for nothing: no hands, and the centred square of every frame in ``size`` (H, W)."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._shrink = _Shrink(size)

    def process(self, frame: Frame) -> Hands:
        """The picture."""
        height, width = frame.image.shape[:2]
        middle = Region(width / 2, height / 2, float(min(height, width)))
        return replace(placed(frame), picture=self._shrink(frame.image, middle))

    def reset(self) -> None:
        """Nothing is followed."""

    def close(self) -> None:
        """There are no engines."""


def around(landmarks: FloatArray, frame: Frame) -> Region:
    """The upright square around a hand (21, 3), in pixels; it may reach beyond the picture."""
    height, width = frame.image.shape[:2]
    points = landmarks[:, :2] * np.array([width, height], np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    return Region(float(x), float(y), max(float((high - low).max()) * MARGIN, 1.0))


class _Shrink:
    """Cuts out a square and brings it to a size, bilinear, as training pictures are."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._cropper = Cropper(max(size), repeat_border=True)

    def __call__(self, image: UInt8Array, region: Region) -> UInt8Array:
        square: UInt8Array = self._cropper.crop(as_bgr(image), region)[0]
        if square.shape[:2] == self._size:
            return square.copy()  # the cropper's buffer is overwritten by its next picture
        return np.asarray(cv2.resize(square, self._size[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
