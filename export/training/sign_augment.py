"""The five augmentations of the third seed document, on sequences (T, 118, 2) in which missing points are NaN.

Where the document gives no number, it is that of the solution it builds on. In two points it is read with care:

* it applies the affine transformation "independently to each frame", without altering the gesture; turning neighbouring
  frames by up to 30 degrees to either side would alter it, so all frames of a sequence are transformed alike;
* it zeroes frames in cutout, and sets others to NaN in masking: a frame at the picture's corner would move the scale,
  and the network sees zeros for what is missing, so both become NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.types import FloatArray
from export.models.signs_points import MIRRORED

_MIDDLE = np.float32(0.5)


@dataclass(frozen=True, slots=True)
class SignAugmentation:
    """How often each augmentation is applied, and how strongly; the defaults are the recipe's."""

    resample: float = 0.8
    speed: tuple[float, float] = (0.5, 1.5)
    """The new length as a multiple of the old."""
    flip: float = 0.5
    affine: float = 0.75
    scale: tuple[float, float] = (0.8, 1.2)
    shear: float = 0.15
    shift: float = 0.1
    """Of the picture's size."""
    rotation: float = 30.0
    """In degrees, to either side."""
    mask: float = 0.5
    masked: float = 0.4
    """At most this share of the frames, anywhere."""
    cutout: float = 0.5
    cut: tuple[float, float] = (0.1, 0.3)
    """Share of the frames, in one piece."""


def augment_signs(points: FloatArray, options: SignAugmentation, random: np.random.Generator) -> FloatArray:
    """All augmentations, each as often as ``options`` say; (T, 118, 2) to (T', 118, 2)."""
    if random.random() < options.resample:
        points = resampled(points, max(1, round(len(points) * random.uniform(*options.speed))))
    if random.random() < options.flip:
        points = flipped(points)
    if random.random() < options.affine:
        points = transformed(points, options, random)
    if random.random() < options.mask:
        points = without(points, random.random(len(points)) < random.uniform(0, options.masked))
    if random.random() < options.cutout:
        length = round(len(points) * random.uniform(*options.cut))
        begin = random.integers(0, len(points) - length + 1)
        places = np.arange(len(points))
        points = without(points, (places >= begin) & (places < begin + length))
    return points


def resampled(points: FloatArray, length: int) -> FloatArray:
    """``length`` frames evenly over the sequence, interpolated; beside a missing point the nearer frame counts."""
    places = np.linspace(0, len(points) - 1, length)
    before = np.floor(places).astype(int)
    after = np.minimum(before + 1, len(points) - 1)
    share = (places - before).astype(np.float32)[:, None, None]
    between = points[before] * (1 - share) + points[after] * share
    return np.asarray(np.where(np.isnan(between), points[np.round(places).astype(int)], between), np.float32)


def flipped(points: FloatArray) -> FloatArray:
    """The mirror image: left and right points change places."""
    mirrored = points[:, list(MIRRORED)]
    mirrored[..., 0] = 1 - mirrored[..., 0]
    return mirrored


def transformed(points: FloatArray, options: SignAugmentation, random: np.random.Generator) -> FloatArray:
    """Scaled, sheared, turned about the picture's middle and shifted."""
    angle = np.radians(random.uniform(-options.rotation, options.rotation))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    along, across = random.uniform(-options.shear, options.shear, 2) * (random.permutation(2) == 0)
    matrix = turn @ np.array([[1, along], [across, 1]]) * random.uniform(*options.scale)
    shift = random.uniform(-options.shift, options.shift, 2)
    moved = (points - _MIDDLE) @ matrix.T.astype(np.float32) + _MIDDLE + shift.astype(np.float32)
    return np.asarray(moved, np.float32)


def without(points: FloatArray, lost: NDArray[np.bool_]) -> FloatArray:
    """The frames ``lost`` (T,) become missing, unless that would be all of them."""
    if lost.all():
        return points
    return np.where(lost[:, None, None], np.float32(np.nan), points)
