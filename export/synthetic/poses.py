"""The letters of the ASL alphabet as joint angles: what each hand shape is, before anyone's own way of making it.

Fingers are ``(spread, MCP, PIP, DIP)`` in degrees (see `kinematics`); a thumb is either five angles or a `Reach`: its
tip is brought to a joint of a finger plus an offset, so that it touches what it should whatever the hand's build.
J and Z are movements and are missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from export.synthetic.kinematics import Pose, finger_chain, reach_with_thumb, turn_x, turn_y, turn_z
from export.synthetic.mesh import INDEX, LITTLE, MIDDLE, RING, Array, Gender, hand_mesh

LETTERS = "ABCDEFGHIKLMNOPQRSTUVWXY"
"""The letters that are drawn."""

_Bend = tuple[float, float, float, float]
_Thumb = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Reach:
    """The thumb's tip touches ``joint`` (0 knuckle to 3 tip) of ``finger``, ``offset`` millimetres away in the hand
    frame; ``prior`` are the angles it starts from."""

    finger: int
    joint: int
    offset: tuple[float, float, float]
    prior: _Thumb


@dataclass(frozen=True, slots=True)
class Shape:
    """A letter: its thumb, its four fingers, and how the hand faces the camera."""

    thumb: _Thumb | Reach
    index: _Bend = (2, 84, 100, 62)
    middle: _Bend = (0, 86, 102, 62)
    ring: _Bend = (-2, 86, 102, 62)
    little: _Bend = (-5, 84, 98, 60)
    facing: Array | None = None


def letter_pose(letter: str, gender: Gender = "male") -> Pose:
    """The pose of a letter of `LETTERS`. Raises KeyError for any other."""
    return _solved(letter, gender)


def straight(spread: float, knuckle: float = 0) -> _Bend:
    """A stretched finger."""
    return (spread, knuckle, 3, 2)


def _aside(yaw: float, pitch: float = 0, roll: float = 0) -> Array:
    """Fingers up, the palm turned by ``yaw`` degrees towards the picture's right."""
    return turn_y(yaw) @ turn_x(pitch) @ turn_z(roll)


_LYING = np.array(
    [[0.0, 1, 0], [1, 0, 0], [0, 0, -1]]
)  # fingers to the picture's right, back of the hand to the camera
_SIDEWAYS = turn_y(18) @ turn_z(6) @ _LYING

_ACROSS = (22.0, 42.0, -80.0, 25.0, 35.0)  # a thumb laid across bent fingers

SHAPES: dict[str, Shape] = {
    "A": Shape(Reach(INDEX, 1, (13, 2, 2), (15, 10, -70, 5, 5))),
    "B": Shape(
        Reach(RING, 0, (6, -12, 22), (20, 40, -80, 20, 50)), straight(-4), straight(0), straight(3), straight(6)
    ),
    "C": Shape(
        (42, 62, -60, 0, 18), (0, 36, 44, 28), (0, 36, 46, 28), (0, 36, 46, 28), (-2, 36, 42, 26), facing=_aside(55)
    ),
    "D": Shape(
        Reach(MIDDLE, 3, (6, -5, 5), (30, 60, -85, 10, 20)),
        straight(2),
        (1, 72, 80, 40),
        (2, 76, 84, 42),
        (0, 78, 86, 44),
        facing=_aside(25),
    ),
    "E": Shape(
        Reach(MIDDLE, 3, (4, -14, 10), (18, 45, -80, 20, 55)),
        (0, 36, 108, 62),
        (0, 38, 110, 62),
        (0, 40, 110, 62),
        (-1, 42, 106, 60),
    ),
    "F": Shape(
        Reach(INDEX, 3, (2, -2, 13), (35, 50, -80, 10, 20)),
        (0, 58, 62, 36),
        straight(3, 4),
        straight(-6),
        straight(-14),
    ),
    "G": Shape(Reach(INDEX, 1, (32, -4, 12), (35, 20, -70, 0, 0)), straight(0, 5), facing=_SIDEWAYS),
    "H": Shape(Reach(RING, 1, (18, 6, 16), (25, 45, -80, 25, 35)), straight(-5), straight(3), facing=_SIDEWAYS),
    "I": Shape(Reach(MIDDLE, 1, (-2, -6, 19), _ACROSS), little=straight(-8)),
    "K": Shape(Reach(MIDDLE, 1, (11, -6, 8), (25, 40, -70, 5, 5)), straight(7), (-12, 28, 5, 3), facing=_aside(10)),
    "L": Shape((68, 8, -60, -5, -8), straight(3)),
    "M": Shape(
        Reach(RING, 0, (-6, 4, 20), (18, 40, -85, 25, 40)), (2, 58, 100, 22), (0, 60, 100, 22), (-2, 60, 100, 22)
    ),
    "N": Shape(Reach(MIDDLE, 0, (-8, 4, 20), (18, 40, -85, 25, 40)), (2, 58, 100, 22), (-1, 60, 100, 22)),
    "O": Shape(
        Reach(INDEX, 3, (-6, -6, 12), (35, 60, -75, 5, 25)),
        (0, 52, 60, 34),
        (0, 54, 62, 36),
        (0, 55, 64, 36),
        (-2, 55, 62, 34),
        facing=_aside(60),
    ),
    "P": Shape(
        Reach(MIDDLE, 1, (10, -6, 10), (25, 45, -70, 5, 5)),
        straight(6),
        (-6, 70, 16, 10),
        facing=turn_z(-10) @ turn_x(-40) @ _LYING,
    ),
    "Q": Shape(
        Reach(INDEX, 1, (30, -4, 20), (35, 35, -70, 0, 0)),
        (0, 32, 12, 8),
        facing=turn_y(12) @ turn_z(-62) @ _LYING,
    ),
    "R": Shape(Reach(RING, 1, (8, -4, 19), _ACROSS), (-12, 12, 6, 4), (17, -2, 8, 4)),
    "S": Shape(Reach(MIDDLE, 1, (-6, -14, 18), (20, 45, -85, 30, 45))),
    "T": Shape(Reach(INDEX, 1, (-13, 5, -6), (18, 30, -75, 10, 15)), (3, 58, 105, 35)),
    "U": Shape(Reach(RING, 1, (8, -4, 19), _ACROSS), straight(-5), straight(3)),
    "V": Shape(Reach(RING, 1, (8, -4, 19), _ACROSS), straight(14), straight(-10)),
    "W": Shape(
        Reach(LITTLE, 2, (10, 4, 14), (20, 48, -80, 25, 45)),
        straight(15),
        straight(0),
        straight(-16),
        (-4, 80, 88, 55),
    ),
    "X": Shape(Reach(MIDDLE, 1, (2, -8, 19), _ACROSS), (2, 4, 58, 48), facing=_aside(45)),
    "Y": Shape((64, 12, -60, -5, -10), little=straight(-26)),
}


@cache
def _solved(letter: str, gender: Gender) -> Pose:
    shape, mesh = SHAPES[letter], hand_mesh(gender)
    fingers = np.array([shape.index, shape.middle, shape.ring, shape.little], float)
    if isinstance(shape.thumb, Reach):
        reach = shape.thumb
        touched = finger_chain(mesh, reach.finger, fingers[reach.finger - 1])[1][reach.joint]
        thumb = reach_with_thumb(mesh, touched + np.array(reach.offset) / 1000, reach.prior)
    else:
        thumb = np.array(shape.thumb, float)
    return Pose(thumb, fingers, np.zeros(3), np.eye(3) if shape.facing is None else shape.facing)
