"""What the shipped recogniser sees of two hands: a `Preprocess` module that travels inside the exported graph.

Raw landmarks go in, one vector a frame comes out. On the way everything that says *where* the hands are, *how large*
they appear and *which* of the two is signing is taken out, since none of it carries meaning for one-handed signs and
all of it differs between signers, cameras and the two MediaPipe APIs:

1. x and z are brought to units of the picture's height (``aspect`` is the width / height that the input refers to).
2. The *active* hand of the window is decided: seen more often, moving more, held higher. If it is the left one, the
   picture is mirrored and the slots exchanged, so that the active hand is always a right one. This makes the output
   exactly invariant to mirroring the picture with the slots exchanged, and is the only place that knows of mirroring.
3. The active hand's shape is described by bone directions, distances in palm sizes, angles, and on which side of each
   other neighbouring fingers lie (what tells R from U); the other hand's by its points relative to wrist and palm size.
   (Points of the active hand as well were tried: they made letters of left-out sources worse.)
4. Movement is described relative to the window's mean position, in palm sizes.

Masked frames and missing hands give zeros.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

ASPECT = 4 / 3
"""Width / height of the pictures that x refers to; nearly all training recordings are 640 x 480."""

_PARENT = (0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19)
"""The joint at the other end of the bone that ends in joint i + 1, in MediaPipe's order."""
_TIPS = (4, 8, 12, 16, 20)
_PAIRS = (
    *((a, b) for i, a in enumerate(_TIPS) for b in _TIPS[i + 1 :]),
    *((4, j) for j in (5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19)),
    *((0, tip) for tip in _TIPS),
    (6, 10),
    (10, 14),
    (14, 18),
    (7, 11),
    (11, 15),
    (15, 19),
)
"""Joints whose distance is a feature: fingertips to each other, the thumb to every finger joint, fingertips to the
wrist, and neighbouring fingers (spread or together)."""
_ANGLES = tuple((bone, bone + 1) for bone in range(19) if _PARENT[bone + 1] == bone + 1)
"""Pairs of bones that meet in a joint of one finger."""
_NEIGHBOURS = ((5, 9), (6, 10), (7, 11), (8, 12), (10, 14), (11, 15), (12, 16), (14, 18), (15, 19), (16, 20))
"""Joints of neighbouring fingers whose distance along the palm's width, with its sign, is a feature: fingers that cross
change it by a few hundredths of the palm only, so it is enlarged by `_CROSSING`."""
_CROSSING = 4.0
_EPS = 1e-6
_LIMIT = 5.0

HAND_FEATURES = 20 * 3 + len(_PAIRS) + len(_ANGLES) + len(_NEIGHBOURS)
"""Numbers that describe the active hand's shape in one frame."""
PASSIVE_FEATURES = 20 * 3
MOTION_FEATURES = 2 + 2 + 1 + 2 + 2
FEATURES = HAND_FEATURES + PASSIVE_FEATURES + MOTION_FEATURES
"""Numbers a frame is described with."""
POINT_FEATURES = 21 * 3
"""Numbers more when raw points stand beside them."""


class HandPreprocess(nn.Module):
    """``landmarks`` (N, T, 2, 21, 3) and ``mask`` (N, T) to features (N, T, ``features``) and hand presence (N, T).

    Coordinates as `edge.types` states them, at `ASPECT`. Presence is 1 in unmasked frames that show the active hand.
    """

    def __init__(
        self, aspect: float = ASPECT, *, crossings: bool = True, mirroring: bool = True, points: bool = False
    ) -> None:
        """The options are for comparisons only: ``crossings`` False leaves zeros where neighbouring fingers' sides
        would stand, ``mirroring`` False takes the right slot's hand as the active one, and with ``points`` the active
        hand's raw points stand beside its shape."""
        super().__init__()
        self._crossing = _CROSSING if crossings else 0.0
        self._mirroring, self._points = mirroring, points
        self.features = FEATURES + POINT_FEATURES * points
        self._constant("unit", torch.tensor([aspect, 1.0, aspect]))
        self._constant("mirror", torch.tensor([-1.0, 1.0, 1.0]))
        self._constant("parent", torch.tensor(_PARENT))
        self._constant("pair_a", torch.tensor([a for a, _ in _PAIRS]))
        self._constant("pair_b", torch.tensor([b for _, b in _PAIRS]))
        self._constant("side_a", torch.tensor([a for a, _ in _NEIGHBOURS]))
        self._constant("side_b", torch.tensor([b for _, b in _NEIGHBOURS]))
        self._constant("bone_a", torch.tensor([a for a, _ in _ANGLES]))
        self._constant("bone_b", torch.tensor([b for _, b in _ANGLES]))

    def _constant(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value, persistent=False)

    def forward(self, landmarks: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features and presence; see the class."""
        present = (landmarks.abs().sum(dim=(3, 4)) > 0).to(landmarks.dtype) * mask.unsqueeze(2)
        points = landmarks * cast(Tensor, self.unit)
        if self._mirroring:
            points, present = self._active_is_right(points, present)
        size = _palm_size(points)
        shape = self._shape(points[:, :, 1], size[:, :, 1])
        passive = _relative(points[:, :, 0], size[:, :, 0])
        motion = _motion(points, present, size)
        active = present[:, :, 1]
        features = torch.cat(
            [shape * active.unsqueeze(2), passive * present[:, :, :1], motion * mask.unsqueeze(2)], dim=2
        )
        if self._points:
            features = torch.cat([features, points[:, :, 1].flatten(2) * active.unsqueeze(2)], dim=2)
        return features.clamp(-_LIMIT, _LIMIT), active

    def _active_is_right(self, points: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        size = _window_mean(_palm_size(points).unsqueeze(3), present).squeeze(3)  # (N, 1, 2)
        centre = points[:, :, :, (0, 5, 9, 13, 17), :2].mean(dim=3)
        both = present.unsqueeze(3)
        mean = (centre * both).sum(dim=(1, 2), keepdim=True) / both.sum(dim=(1, 2), keepdim=True).clamp(min=1)
        height = ((mean - centre)[..., 1] / (size + _EPS)).clamp(-2, 2)
        seen_twice = present * _before(present)
        path = (_norm(centre - _before(centre)).squeeze(3) / (size + _EPS)).clamp(max=1) * seen_twice
        score = (present * (1 + 0.25 * height)).sum(dim=1) + 2 * path.sum(dim=1)  # (N, 2)
        left = (score[:, 0] > score[:, 1] + 1e-4).reshape(-1, 1, 1)
        mirrored = (points * cast(Tensor, self.mirror)).flip(2)
        return (
            torch.where(left.reshape(-1, 1, 1, 1, 1), mirrored, points),
            torch.where(left, present.flip(2), present),
        )

    def _shape(self, hand: Tensor, size: Tensor) -> Tensor:
        relative = (hand - hand[:, :, :1]) / (size[..., None, None] + _EPS)
        bones = relative[:, :, 1:] - relative.index_select(2, cast(Tensor, self.parent))
        directions = _unit(bones)
        distances = _norm(
            relative.index_select(2, cast(Tensor, self.pair_a)) - relative.index_select(2, cast(Tensor, self.pair_b))
        ).squeeze(3)
        cosines = (
            directions.index_select(2, cast(Tensor, self.bone_a))
            * directions.index_select(2, cast(Tensor, self.bone_b))
        ).sum(dim=3)
        return torch.cat([directions.flatten(2), distances, cosines, self._sides(relative)], dim=2)

    def _sides(self, relative: Tensor) -> Tensor:
        up = _unit(relative[:, :, 9])
        width = relative[:, :, 5] - relative[:, :, 17]
        across = _unit(width - (width * up).sum(dim=2, keepdim=True) * up)
        apart = relative.index_select(2, cast(Tensor, self.side_a)) - relative.index_select(
            2, cast(Tensor, self.side_b)
        )
        return self._crossing * (apart * across.unsqueeze(2)).sum(dim=3)


def _relative(hand: Tensor, size: Tensor) -> Tensor:
    return ((hand - hand[:, :, :1])[:, :, 1:] / (size[..., None, None] + _EPS)).flatten(2)


def _motion(points: Tensor, present: Tensor, size: Tensor) -> Tensor:
    """Place (2) and velocity (2) of the active hand, its growth (1), the way to the other hand (2), presence (2)."""
    centre = points[:, :, :, (0, 5, 9, 13, 17), :2].mean(dim=3)
    window_size = _window_mean(size.unsqueeze(3), present).squeeze(3)[:, :, 1:] + _EPS  # (N, 1, 1)
    active = present[:, :, 1:]
    place = (centre[:, :, 1] - _window_mean(centre, present)[:, :, 1]) / window_size * active
    velocity = (place - _before(place)) * active * _before(active)
    growth = torch.log(size[:, :, 1:] / window_size + 0.05) * active
    way = (centre[:, :, 0] - centre[:, :, 1]) / window_size * active * present[:, :, :1]
    return torch.cat([place, velocity * 4, growth, way / 2, present], dim=2)


def _before(values: Tensor) -> Tensor:
    """The previous frame's values along axis 1; the first frame's are its own."""
    return torch.cat([values[:, :1], values[:, :-1]], dim=1)


def _palm_size(points: Tensor) -> Tensor:
    """(..., 21, 3) to (...): mean length of the palm's sides."""
    sides = points[..., (5, 9, 13, 17), :] - points[..., (0, 0, 0, 5), :]
    return _norm(sides).squeeze(-1).mean(dim=-1)


def _window_mean(values: Tensor, present: Tensor) -> Tensor:
    """Mean over the frames that show the hand: (N, T, 2, K) to (N, 1, 2, K); 0 where there are none."""
    weight = present.unsqueeze(3)
    return (values * weight).sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True).clamp(min=1)


def _norm(vectors: Tensor) -> Tensor:
    return (vectors.square().sum(dim=-1, keepdim=True) + _EPS**2).sqrt()


def _unit(vectors: Tensor) -> Tensor:
    return vectors / (_norm(vectors) + _EPS)
