"""Square, rotated regions of a picture, and the crops that the networks see of them.

Formulas are MediaPipe's (0.10.21: ``PalmDetectionDetectionToRoi``, ``HandLandmarkLandmarksToRoi``,
``FaceDetectionFrontDetectionToRoi``, ``FaceLandmarksToRoi``), so that the networks see the same crops as there. All
positions are pixels of the picture, x right, y down; angles are radians, clockwise on the screen, 0 when the fingers
point up or the eyes are level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge.types import FloatArray, UInt8Array

_WRIST = 0
_FINGERS = (5, 9, 13)
"""The knuckles whose weighted middle gives the hand's direction."""
_PALM_SIDE = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
"""The landmarks that bound the region: without the outer joints, so that a moving finger does not move it."""
_LANDMARK_SCALE, _LANDMARK_SHIFT = 2.0, -0.1
_PALM_SCALE, _PALM_SHIFT = 2.6, -0.5
_FACE_FOUND_SCALE, _FACE_FOUND_SHIFT = 2.0, -0.1
_FACE_FOLLOWED_SCALE = 1.5
_EYE_CORNERS = (33, 263)
"""Of the face's 468 landmarks: the outer corners of the eye on the picture's left and on its right."""
_LARGEST_SIDE = 8_000
"""Larger pictures are thinned: OpenCV's maps hold pixel numbers in 16 bits, and a crop may reach beyond a picture."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square: centre, side and rotation."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def overlap(self, other: Region) -> float:
        """Intersection over union, rotation ignored (as MediaPipe's association does)."""
        width = min(self.x + self.side / 2, other.x + other.side / 2) - max(
            self.x - self.side / 2, other.x - other.side / 2
        )
        height = min(self.y + self.side / 2, other.y + other.side / 2) - max(
            self.y - self.side / 2, other.y - other.side / 2
        )
        if width <= 0 or height <= 0:
            return 0.0
        both = width * height
        return both / (self.side**2 + other.side**2 - both)

    def to_picture(self, points: FloatArray) -> FloatArray:
        """Points (N, 2) of the crop, 0 to 1, to pixels of the picture."""
        cos, sin = math.cos(self.angle) * self.side, math.sin(self.angle) * self.side
        x, y = points[:, 0] - 0.5, points[:, 1] - 0.5
        return np.stack([cos * x - sin * y + self.x, sin * x + cos * y + self.y], axis=1).astype(np.float32)


def forearm(hand: Region) -> Region:
    """Where the forearm of a hand in view is: a square like the hand's, next to it on the wrist's side."""
    x, y = hand.x - math.sin(hand.angle) * hand.side, hand.y + math.cos(hand.angle) * hand.side
    return Region(x, y, hand.side, hand.angle)


def whole(height: int, width: int) -> Region:
    """The square around a whole picture."""
    return Region(width / 2, height / 2, float(max(height, width)))


def from_palm(box: FloatArray, wrist: FloatArray, middle: FloatArray) -> Region:
    """The hand around a palm: ``box`` (xmin, ymin, xmax, ymax), ``wrist`` and ``middle``-finger joint (x, y)."""
    angle = _upright(middle[0] - wrist[0], middle[1] - wrist[1])
    width, height = float(box[2] - box[0]), float(box[3] - box[1])
    x, y = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
    return _grown((x, y), (width, height), angle, scale=_PALM_SCALE, shift=_PALM_SHIFT)


def from_landmarks(points: FloatArray) -> Region:
    """Where to look for a hand in the next frame: ``points`` (21, 2)."""
    index, middle, ring = (points[i] for i in _FINGERS)
    x, y = ((index + ring) / 2 + middle) / 2 - points[_WRIST]
    angle = _upright(x, y)
    cos, sin = math.cos(angle), math.sin(angle)
    points = points[list(_PALM_SIDE)]
    middle_of_box = (points.max(axis=0) + points.min(axis=0)) / 2
    offset = points - middle_of_box
    turned = np.stack([offset[:, 0] * cos + offset[:, 1] * sin, offset[:, 1] * cos - offset[:, 0] * sin], axis=1)
    low, high = turned.min(axis=0), turned.max(axis=0)
    x, y = (low + high) / 2
    centre = float(middle_of_box[0] + x * cos - y * sin), float(middle_of_box[1] + x * sin + y * cos)
    extent = float(high[0] - low[0]), float(high[1] - low[1])
    return _grown(centre, extent, angle, scale=_LANDMARK_SCALE, shift=_LANDMARK_SHIFT)


def from_face_points(points: FloatArray) -> Region:
    """The face around the detector's points (6, 2), which begin with the eyes, left in the picture first."""
    low, high = points.min(axis=0), points.max(axis=0)
    return _face_region(low, high, points[1] - points[0], scale=_FACE_FOUND_SCALE, shift=_FACE_FOUND_SHIFT)


def from_face_landmarks(points: FloatArray) -> Region:
    """Where to look for a face in the next frame: ``points`` (468, 2)."""
    left, right = _EYE_CORNERS
    low, high = points.min(axis=0), points.max(axis=0)
    return _face_region(low, high, points[right] - points[left], scale=_FACE_FOLLOWED_SCALE, shift=0.0)


class Cropper:
    """Cuts regions out of pictures into one buffer that is used again and again.

    Pixels are interpolated at 1/32 of a pixel, as the OpenCV 3 inside MediaPipe does it. OpenCV 5 interpolates exactly,
    which is no better for a network and shifts the landmarks of a doubtful hand by percents against MediaPipe's; with
    the same rounding both agree to 0.003 % of hand size.
    """

    def __init__(self, size: int, *, repeat_border: bool) -> None:
        self.size = size
        self._border = cv2.BORDER_REPLICATE if repeat_border else cv2.BORDER_CONSTANT
        self._steps = np.arange(size, dtype=np.float32)
        self._x, self._y = (np.zeros((size, size), np.float32) for _ in range(2))
        self._whole = np.zeros((size, size, 2), np.int16)
        self._fraction = np.zeros((size, size), np.uint16)
        self._bgr: UInt8Array = np.zeros((size, size, 3), np.uint8)
        self._rgb: UInt8Array = np.zeros((1, size, size, 3), np.uint8)

    def crop(self, image: UInt8Array, region: Region) -> UInt8Array:
        """``region`` of a BGR ``image`` as RGB (1, size, size, 3); valid until the next call."""
        scale = region.side / self.size
        cos, sin = np.float32(math.cos(region.angle) * scale), np.float32(math.sin(region.angle) * scale)
        half = self.size / 2
        along, across = self._steps * cos, self._steps * sin
        np.add((np.float32(region.x - (cos - sin) * half) - across)[:, None], along, out=self._x)
        np.add((np.float32(region.y - (sin + cos) * half) + along)[:, None], across, out=self._y)
        cv2.convertMaps(self._x, self._y, cv2.CV_16SC2, self._whole, self._fraction)
        cv2.remap(image, self._whole, self._fraction, cv2.INTER_LINEAR, self._bgr, self._border)
        cv2.cvtColor(self._bgr, cv2.COLOR_BGR2RGB, self._rgb[0])
        return self._rgb


def as_bgr(image: UInt8Array) -> UInt8Array:
    """Any 8-bit picture as three channels that OpenCV can address: grey is spread, alpha dropped, giants thinned."""
    step = -(-max(image.shape[:2]) // _LARGEST_SIDE)
    if step > 1:
        image = image[::step, ::step]
    if image.ndim == 2:
        image = image[:, :, None]
    if image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    image = image[:, :, :3]
    # OpenCV takes padded rows but no other gaps; anything else would be copied on each of its calls.
    packed = image.strides[2] == 1 and image.strides[1] == 3 and image.strides[0] >= image.shape[1] * 3
    return image if packed else np.ascontiguousarray(image)


def _upright(x: float, y: float) -> float:
    """The rotation that turns the vector upwards, in [-pi, pi)."""
    angle = math.pi / 2 - math.atan2(-float(y), float(x))
    return angle - 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))


def _face_region(low: FloatArray, high: FloatArray, eyes: FloatArray, *, scale: float, shift: float) -> Region:
    angle = math.atan2(float(eyes[1]), float(eyes[0]))
    centre = float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2
    return _grown(centre, (float(high[0] - low[0]), float(high[1] - low[1])), angle, scale=scale, shift=shift)


def _grown(
    centre: tuple[float, float], extent: tuple[float, float], angle: float, *, scale: float, shift: float
) -> Region:
    moved = extent[1] * shift
    x, y = centre[0] - moved * math.sin(angle), centre[1] + moved * math.cos(angle)
    return Region(x, y, max(extent) * scale, angle)
