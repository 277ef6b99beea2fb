"""From joint angles to joints and skin: forward kinematics, linear blend skinning, and the thumb's inverse kinematics.

Angles are in degrees. A finger has spread (towards the thumb is positive) and the bends of its knuckle (MCP), middle
(PIP) and end joint (DIP). The thumb has radial (away from the hand, in its plane), palmar (out of the plane), roll
(about its own axis), and the bends of its MCP and IP. The wrist has flexion, deviation and the twist of the forearm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation, Slerp

from export.synthetic.mesh import BONES, FOREARM, THUMB, Array, HandMesh

THUMB_LOW = np.array([-15.0, -5.0, -125.0, -10.0, -20.0])
THUMB_HIGH = np.array([75.0, 80.0, 10.0, 60.0, 85.0])
"""Range of the thumb's angles: a little more than a supple hand has."""


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A posed hand: ``thumb`` (5,), ``fingers`` (4, 4), ``wrist`` (3,) in degrees; ``facing`` (3, 3) turns the hand
    frame into the world's (the identity: fingers up, palm to the camera)."""

    thumb: Array
    fingers: Array
    wrist: Array
    facing: Array

    def towards(self, other: Pose, share: float) -> Pose:
        """The pose a ``share`` (0 to 1) of the way to ``other``."""
        turn = Slerp([0, 1], Rotation.from_matrix([self.facing, other.facing]))
        return Pose(
            thumb=self.thumb + share * (other.thumb - self.thumb),
            fingers=self.fingers + share * (other.fingers - self.fingers),
            wrist=self.wrist + share * (other.wrist - self.wrist),
            facing=np.asarray(turn(share).as_matrix()),
        )

    def turned(self, rotation: Array) -> Pose:
        """The pose after a further ``rotation`` (3, 3) in the world."""
        return replace(self, facing=rotation @ self.facing)


@dataclass(frozen=True, slots=True)
class Build:
    """How a hand differs from the mesh: ``size``, and the fingers' ``length`` and ``width`` on top of it."""

    size: float = 1.0
    length: float = 1.0
    width: float = 1.0


def turn_x(degrees: float) -> Array:
    """Rotation matrix about X."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def turn_y(degrees: float) -> Array:
    """Rotation matrix about Y."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def turn_z(degrees: float) -> Array:
    """Rotation matrix about Z."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def finger_chain(mesh: HandMesh, finger: int, angles: Array, length: float = 1.0) -> tuple[Array, Array]:
    """Rotations (3, 3, 3) of a finger's bones and its joints (4, 3), in the hand frame."""
    if finger == THUMB:
        first = turn_z(-angles[0]) @ turn_x(angles[1]) @ turn_y(angles[2])
        second = first @ turn_x(angles[3])
        bones = np.array([first, second, second @ turn_x(angles[4])])
    else:
        first = turn_z(-angles[0]) @ turn_x(angles[1])
        bones = np.array([first, first @ turn_x(angles[2]), first @ turn_x(angles[2] + angles[3])])
    rest = mesh.joints[finger]
    lengths = np.linalg.norm(np.diff(rest, axis=0), axis=1) * length
    steps = np.cumsum(bones[:, :, 1] * lengths[:, None], axis=0)
    return bones, np.concatenate([rest[:1], rest[:1] + steps])


def joints_and_skin(mesh: HandMesh, pose: Pose, build: Build | None = None) -> tuple[Array, Array]:
    """The 21 joints (21, 3) in MediaPipe's order and the skin (V, 3), in the hand frame (metres).

    The skin is blended linearly between the bones that move a vertex.
    """
    build = build or Build()
    matrices, offsets = np.empty((BONES, 3, 3)), np.zeros((BONES, 3))
    flexion, deviation, twist = pose.wrist
    matrices[:] = np.eye(3)
    matrices[FOREARM] = turn_z(deviation) @ turn_x(-flexion) @ turn_y(twist) @ mesh.forearm.T
    joints = [np.zeros((1, 3))]
    stretch = np.diag([build.width, build.length, build.width])
    for finger in range(5):
        angles = pose.thumb if finger == THUMB else pose.fingers[finger - 1]
        bones, chain = finger_chain(mesh, finger, angles, build.length)
        joints.append(chain)
        for i in range(3):
            k = 2 + 3 * finger + i
            matrices[k] = bones[i] @ stretch @ mesh.frames[finger, i].T
            offsets[k] = chain[i] - matrices[k] @ mesh.joints[finger, i]
    moved = np.einsum("vb,bij,vj->vi", mesh.weights, matrices, mesh.vertices, optimize=True)
    skin = moved + mesh.weights @ offsets
    return build.size * np.concatenate(joints), build.size * skin


def reach_with_thumb(mesh: HandMesh, target: Array, prior: tuple[float, ...]) -> Array:
    """The thumb's angles (5,) that bring its tip to ``target`` (hand frame, metres), near ``prior`` (degrees).

    The prior's pull leaves the tip a few millimetres short; a target out of reach is come as near to as can be.
    """
    start = np.clip(np.array(prior), THUMB_LOW + 1e-3, THUMB_HIGH - 1e-3)

    def residual(angles: Array) -> Array:
        tip = finger_chain(mesh, THUMB, angles)[1][3]
        # Centimetres of miss; a fiftieth of a centimetre per degree away from the prior picks among equals.
        return np.concatenate([(tip - target) * 100, 0.02 * (angles - start)])

    return np.asarray(least_squares(residual, start, bounds=(THUMB_LOW, THUMB_HIGH)).x)
