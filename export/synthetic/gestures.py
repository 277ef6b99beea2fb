"""Films of hands as joints alone: an open hand or a letter, moved across the picture.

For what depends on where hands are and go (`edge.recognition.gestures`), where drawing pictures would only cost time.
Each hand is one's own: build, looseness, the way it faces the camera, and a landmark network's trembling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from edge.types import LEFT, RIGHT, FloatArray, Hands
from export.synthetic.camera import Camera, place
from export.synthetic.kinematics import Pose, finger_chain
from export.synthetic.mesh import GENDERS, THUMB, Array, Gender, hand_mesh
from export.synthetic.poses import letter_pose, straight
from export.synthetic.stills import View

Path = Callable[[float], tuple[float, float] | None]
"""Where a hand is (metres right and up of the picture's middle) at a time in seconds; None where it is not there."""
_TREMBLING = 0.6
"""Pixels of a 640 x 480 picture: the landmarks' standard deviation."""
_LOOSEST = 4.0
_DISTANCES = (0.6, 0.9)
"""Metres to the camera: closer hands leave the picture when they are swept."""


class MovedHand:
    """Somebody's right hand, open or showing a ``letter``; ``seed`` says whose."""

    def __init__(self, seed: int, letter: str | None = None) -> None:
        self._random = np.random.default_rng(seed)
        gender = GENDERS[seed % len(GENDERS)]
        looseness = float(self._random.uniform(0, _LOOSEST))
        view = replace(View.draw(self._random), looseness=looseness, x=0.0, y=0.0)
        joints = _joints(view.own(_open(gender) if letter is None else letter_pose(letter, gender)), gender, view)
        camera = Camera(distance=float(self._random.uniform(*_DISTANCES)))
        self._picture = np.array([camera.width, camera.height])
        self._pixels, self._metre = camera.project(joints), camera.focal / camera.distance

    def seen(self, at: tuple[float, float]) -> FloatArray:
        """The joints float32 (21, 3) as `edge.types` has them, without depth, of the hand moved there."""
        moved = self._pixels + self._metre * np.array([at[0], -at[1]])
        moved = (moved + self._random.normal(0, _TREMBLING, moved.shape)) / self._picture
        return np.column_stack([moved, np.zeros(len(moved))]).astype(np.float32)


def film(
    fps: float,
    seconds: float,
    *,
    left: tuple[MovedHand, Path] | None = None,
    right: tuple[MovedHand, Path] | None = None,
) -> Iterator[Hands]:
    """What a camera of 4:3 sees; the signer's ``left`` hand is a right one in the mirror."""
    for index in range(round(seconds * fps)):
        time = index / fps
        landmarks = np.zeros((2, 21, 3), np.float32)
        if right is not None and (at := right[1](time)) is not None:
            landmarks[RIGHT] = right[0].seen(at)
        if left is not None and (at := left[1](time)) is not None:
            landmarks[LEFT] = left[0].seen((-at[0], at[1]))
            landmarks[LEFT, :, 0] = 1 - landmarks[LEFT, :, 0]
        presence = (float(landmarks[LEFT].any()), float(landmarks[RIGHT].any()))
        yield Hands(landmarks, presence, 4 / 3, time, time, index)


def sweep(way: float, *, begin: float = 0.6, seconds: float = 0.4) -> Path:
    """Still until ``begin``, then sideways by ``way`` metres (to the picture's right), then still again."""

    def path(time: float) -> tuple[float, float]:
        share = min(max((time - begin) / seconds, 0.0), 1.0)
        return -way / 2 + way * share * share * (3 - 2 * share), 0.01 * float(np.sin(3 * time))

    return path


def _open(gender: Gender) -> Pose:
    """All fingers stretched and apart, the thumb too."""
    fingers = np.array([straight(12), straight(2), straight(-8), straight(-18)], float)
    return replace(letter_pose("L", gender), fingers=fingers)


def _joints(pose: Pose, gender: Gender, view: View) -> Array:
    mesh, angles = hand_mesh(gender), [pose.thumb, *pose.fingers]
    chains = [finger_chain(mesh, finger, angles[finger], view.build.length)[1] for finger in range(THUMB, THUMB + 5)]
    joints = view.build.size * np.concatenate([np.zeros((1, 3)), *chains])
    return place(joints, pose.facing, np.zeros(3), view.build.size)
