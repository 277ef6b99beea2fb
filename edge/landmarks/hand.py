"""The hand network: 21 landmarks of the hand in one region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.engines import Engine
from edge.landmarks.regions import Cropper, Region
from edge.types import LANDMARKS, FloatArray, UInt8Array

SIZE = 224
"""Side of the picture that the network takes."""

_DEPTH_SCALE = 0.4
"""MediaPipe's ``normalize_z``: evens out how depth was scaled in the network's training."""


@dataclass(frozen=True, slots=True)
class HandResult:
    """One hand: ``points`` (21, 2) pixels of the picture, ``depth`` (21,) likewise in pixels, probabilities."""

    points: FloatArray
    depth: FloatArray
    presence: float
    right: float
    """That this is the signer's right hand, in a picture that is not mirrored."""


class HandNetwork:
    """Runs a network of `export.graphs.hands` (role ``hand``)."""

    def __init__(self, engine: Engine, *, threshold: float) -> None:
        self._engine = engine
        self._threshold = threshold
        self._cropper = Cropper(SIZE, repeat_border=True)

    def find(self, image: UInt8Array, region: Region) -> HandResult | None:
        """The hand in ``region`` of a BGR picture, or None when there is none."""
        out = self._engine.run({"image": self._cropper.crop(image, region)})
        presence = float(out["presence"].reshape(-1)[0])
        raw: FloatArray = out["landmarks"].reshape(LANDMARKS, 3)
        # Written so that a NaN is no hand.
        if not presence > self._threshold or not np.isfinite(raw).all():
            return None
        # MediaPipe reads this value as "left", for the mirrored pictures it expects: unmirrored, the signer's right.
        right = float(out["handedness"].reshape(-1)[0])
        depth = raw[:, 2] * np.float32(region.side / SIZE / _DEPTH_SCALE)
        return HandResult(region.to_picture(raw[:, :2] / np.float32(SIZE)), depth, min(presence, 1.0), right)
