"""A pinhole camera that looks along -Z, and where it sees the hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from export.synthetic.mesh import Array

HAND_CENTRE = np.array([0.0, 0.07, 0.01])
"""The point of the hand frame (metres) about which a hand turns and which is put where the hand is wanted."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Picture size in pixels, vertical field of view in degrees, and the distance in metres to the world's origin,
    which is in the middle of the picture."""

    width: int = 640
    height: int = 480
    field: float = 42.0
    distance: float = 0.5

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return float(self.height / (2 * np.tan(np.radians(self.field) / 2)))

    def depth(self, points: Array) -> Array:
        """Distance (N,) along the optical axis, metres, of world points (N, 3)."""
        return np.asarray(self.distance - points[:, 2])

    def project(self, points: Array) -> Array:
        """Pixels (N, 2), origin top left, y down, of world points (N, 3)."""
        scale = self.focal / self.depth(points)
        return np.stack([self.width / 2 + scale * points[:, 0], self.height / 2 - scale * points[:, 1]], axis=1)


def place(points: Array, facing: Array, at: Array, size: float = 1.0) -> Array:
    """Points (N, 3) of the hand frame in the world: turned by ``facing`` about the hand's centre, which comes to
    ``at`` (3,). ``size`` is the hand's own scale."""
    return np.asarray((points - size * HAND_CENTRE) @ facing.T + at)
