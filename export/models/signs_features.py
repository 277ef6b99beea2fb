"""From raw landmarks to what the networks for isolated signs read: 118 points, centred, scaled, with their motion.

Three points in which the third seed document leaves a choice:

* the scale is the root mean square distance from the centre over all points and frames, for x and y separately, as in
  the solution that the document builds on; it also takes the picture's aspect ratio out;
* acceleration is the difference of two neighbouring velocities, as the document writes it (that solution takes the
  difference of frames two apart);
* a frame has no velocity where it or the next is missing, so what is padding never changes a result.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from export.models.signs_points import CENTRE, POINTS

MAX_FRAMES = 384
"""Longer sequences are cut off, as in the document."""
FEATURES = len(POINTS) * 2 * 3
_MIDDLE = 0.5
"""The centre of a sequence that never shows the point to centre on."""
_LEAST = 1e-6


class SignFeatures(nn.Module):
    """``landmarks`` (N, T, 543, 3), missing = NaN, to features (N, T, 708) and mask (N, T).

    The frames after the last one in which any of the points is seen are padding: masked, and without influence.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("points", torch.tensor(POINTS), persistent=False)

    def forward(self, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Features and mask of at most `MAX_FRAMES` frames."""
        return self.of_points(landmarks[:, :, :, :2].index_select(2, cast(Tensor, self.points)))

    def of_points(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """The same for x and y of the points alone, (N, T, 118, 2): what a training keeps in memory."""
        points = points[:, :MAX_FRAMES]
        scaled = (points - _centre(points)) / _scale(points)
        nothing = torch.full_like(scaled[:, :1], torch.nan)
        velocity = torch.cat([scaled[:, 1:], nothing], dim=1) - scaled
        acceleration = torch.cat([velocity[:, 1:], nothing], dim=1) - velocity
        features = torch.cat([part.flatten(2) for part in (scaled, velocity, acceleration)], dim=2)
        return _filled(features), _mask(points)


def _filled(values: Tensor) -> Tensor:
    return torch.where(torch.isnan(values), torch.zeros_like(values), values)


def _count(values: Tensor, dims: tuple[int, ...]) -> Tensor:
    return (~torch.isnan(values)).to(values.dtype).sum(dim=dims, keepdim=True)


def _centre(points: Tensor) -> Tensor:
    """(N, 1, 1, 2)"""
    middle = points[:, :, CENTRE : CENTRE + 1]
    count = _count(middle, (1, 2))
    mean = _filled(middle).sum(dim=(1, 2), keepdim=True) / count.clamp(min=1)
    return torch.where(count > 0, mean, torch.full_like(mean, _MIDDLE))


def _scale(points: Tensor) -> Tensor:
    """(N, 1, 1, 2)"""
    squares = _filled((points - _centre(points)).square()).sum(dim=(1, 2), keepdim=True)
    return (squares / _count(points, (1, 2)).clamp(min=1)).sqrt().clamp(min=_LEAST)


def _mask(points: Tensor) -> Tensor:
    """1 up to the last frame with a point in it (at least for the first frame), then 0."""
    seen = (_count(points, (2, 3)).flatten(1) > 0).to(points.dtype)
    first = torch.cat([torch.ones_like(seen[:, :1]), torch.zeros_like(seen[:, 1:])], dim=1)
    still_to_come = seen.sum(dim=1, keepdim=True) - seen.cumsum(dim=1) + seen
    return ((still_to_come + first) > 0).to(points.dtype)
