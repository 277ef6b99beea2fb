"""Hands as joints alone: letters from any side and in the ways that people make them, without drawing a picture.

Drawing a hand and finding it again takes half a second, its joints a few milliseconds. What a camera would see of them
is exact here; what a landmark network makes of a picture is not in them, so they stand beside rendered stills.
Each skeleton is drawn by (seed, index) alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.types import FloatArray
from export.synthetic.camera import place
from export.synthetic.dataset import write_arrays
from export.synthetic.kinematics import Pose, finger_chain, turn_x, turn_y, turn_z
from export.synthetic.mesh import GENDERS, THUMB, Array, Gender, hand_mesh
from export.synthetic.poses import LETTERS, letter_pose, straight
from export.synthetic.stills import View

SKELETON_LETTERS = "".join(letter for letter in LETTERS if letter not in "AEMNST")
"""Letters that are drawn. Fists are not: what a landmark network sees of covered fingers is not where they are."""
_LOOSEST = 8.0
"""Degrees: the largest standard deviation of a skeleton's joint angles."""
_ACROSS = turn_z(90)
"""Palm to the camera, fingers to the picture's left: how many learners hold what should show the hand's back."""
_DOWN = turn_x(180)
_FACINGS: dict[str, tuple[Array, ...]] = {
    "C": (turn_y(30), turn_y(70)),
    "D": (turn_y(0), turn_y(50)),
    "G": (_ACROSS, turn_y(70)),
    "H": (_ACROSS,),
    "O": (turn_y(30),),
    "P": (_ACROSS, _DOWN, turn_x(150)),
    "Q": (turn_z(120), _DOWN, turn_z(150)),
    "X": (turn_y(10), turn_y(70)),
}
"""Other ways to face the camera, each as likely as the letter's own."""


def draw_skeleton(seed: int, index: int) -> tuple[str, FloatArray]:
    """Letter and landmarks (21, 3) of skeleton ``index`` of the set ``seed``: a right hand, all letters in turn.

    x and y are relative to a picture of 4:3; z is the depth before the wrist, nearer is negative, in units of x: what
    a landmark network states (`edge.types`).
    """
    random = np.random.default_rng((seed, index))
    letter = SKELETON_LETTERS[index % len(SKELETON_LETTERS)]
    gender = GENDERS[random.integers(len(GENDERS))]
    view = replace(View.draw(random), looseness=float(random.uniform(0, _LOOSEST)))
    pose = view.own(_manner(letter, gender, random))
    mesh = hand_mesh(gender)
    angles = [pose.thumb, *pose.fingers]
    chains = [finger_chain(mesh, finger, angles[finger], view.build.length)[1] for finger in range(THUMB, THUMB + 5)]
    joints = place(view.build.size * np.concatenate([np.zeros((1, 3)), *chains]), pose.facing, view.at, view.build.size)
    camera = view.camera
    scale = camera.focal / camera.depth(joints[:1])
    depth = (joints[0, 2] - joints[:, 2]) * scale
    return letter, np.column_stack([camera.project(joints), depth]).astype(np.float32) / _picture(camera.height)


def write_skeletons(path: Path, seed: int, count: int, *, made_by: str) -> None:
    """Write the first ``count`` of a set in the trainer's layout of letters; ``made_by`` is the command."""
    drawn = [draw_skeleton(seed, index) for index in range(count)]
    arrays = {
        "landmarks": np.array([points for _, points in drawn], np.float32),
        "labels": np.array([letter for letter, _ in drawn], np.str_),
        "hand": np.full(count, "right"),
    }
    write_arrays(path, arrays, made_by=made_by)


def _picture(height: int) -> FloatArray:
    # The trainer takes landmarks for those of 4:3 pictures; a hand in a wider one is only farther to the side.
    return np.array([height * 4 / 3, height, height * 4 / 3], np.float32)


def _manner(letter: str, gender: Gender, random: np.random.Generator) -> Pose:
    """The letter as its page in the book has it, or as somebody makes it."""
    pose = letter_pose(letter, gender)
    facings = (pose.facing, *_FACINGS.get(letter, ()))
    pose = replace(pose, facing=facings[random.integers(len(facings))])
    fingers = pose.fingers.copy()
    if letter == "X" and random.random() < 0.5:  # hooked more or less, from the knuckle or not
        fingers[0] = 2, random.uniform(0, 30), random.uniform(50, 85), random.uniform(35, 60)
    elif letter == "U" and random.random() < 0.5:  # the fingers not quite together
        fingers[0, 0] += random.uniform(0, 7)
    elif letter == "D" and random.random() < 0.4:  # the other fingers in a fist
        fist = letter_pose("X", gender)
        fingers, pose = fist.fingers.copy(), replace(pose, thumb=fist.thumb)
        fingers[0] = straight(2)
    return replace(pose, fingers=fingers)
