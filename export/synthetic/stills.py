"""One picture of a letter, from any side: what networks are trained and checked on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from export.synthetic.camera import Camera
from export.synthetic.frame import RenderedFrame, render_pose
from export.synthetic.kinematics import Build, Pose, turn_x, turn_y, turn_z
from export.synthetic.mesh import Array
from export.synthetic.poses import letter_pose
from export.synthetic.style import Style

_SHAPES = ((640, 480), (640, 480), (640, 480), (640, 360))  # one camera in four is wide


@dataclass(frozen=True, slots=True)
class View:
    """From where a hand is seen and whose it is.

    ``yaw``, ``pitch``, ``roll`` in degrees turn the hand on top of the letter's own facing; ``x``, ``y`` metres move it
    in the picture; ``build`` is the hand's; ``looseness`` (degrees, the standard deviation of every joint angle) and
    ``shape_seed`` make the letter one's own.
    """

    camera: Camera = field(default_factory=Camera)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0
    build: Build = field(default_factory=Build)
    looseness: float = 0.0
    shape_seed: int = 0

    @staticmethod
    def draw(rng: np.random.Generator) -> View:
        """A random view: turned by some 15 degrees about each axis (35 at most), 0.35 to 0.9 m away."""
        width, height = _SHAPES[rng.integers(len(_SHAPES))]
        # Near ones are as likely as far ones in terms of the hand's size in the picture.
        distance = float(0.35 * (0.9 / 0.35) ** rng.random())
        yaw, pitch, roll = np.clip(rng.normal(scale=(16, 13, 13)), -35, 35)
        room = 0.12 * (distance - 0.25)
        return View(
            camera=Camera(width, height, field=float(rng.uniform(36, 52)), distance=distance),
            yaw=float(yaw),
            pitch=float(pitch),
            roll=float(roll),
            x=float(rng.uniform(-3, 3) * room),
            y=float(rng.uniform(-1, 1) * room),
            build=Build(
                size=float(rng.uniform(0.9, 1.08)),
                length=float(rng.uniform(0.9, 1.1)),
                width=float(rng.uniform(0.9, 1.1)),
            ),
            looseness=float(rng.uniform(0, 5)),
            shape_seed=int(rng.integers(1 << 31)),
        )

    @property
    def turn(self) -> Array:
        """The rotation (3, 3) by yaw, pitch and roll."""
        return turn_y(self.yaw) @ turn_x(self.pitch) @ turn_z(self.roll)

    @property
    def at(self) -> Array:
        """Where the hand's centre is (3,), in the world."""
        return np.array([self.x, self.y, 0.0])

    def own(self, pose: Pose) -> Pose:
        """The pose as this signer makes it, turned as it is seen."""
        rng = np.random.default_rng(self.shape_seed)
        loose = replace(
            pose,
            thumb=pose.thumb + self.looseness * rng.normal(size=5),
            # A finger's spread varies less than its bends do; a straight finger hardly bends back.
            fingers=pose.fingers + self.looseness * rng.normal(size=(4, 4)) * [0.5, 1, 1, 0.7],
            wrist=pose.wrist + 2 * self.looseness * rng.normal(size=3) * [1, 1, 0.5],
        )
        return loose.turned(self.turn)


def render_still(letter: str, *, view: View | None = None, style: Style | None = None) -> RenderedFrame:
    """A picture of a letter of `poses.LETTERS`. Raises KeyError for any other."""
    view, style = view or View(), style or Style()
    return _render(letter_pose(letter, style.gender), view, style, letter)


def render_between(letter: str, other: str, share: float, *, view: View, style: Style) -> RenderedFrame:
    """A picture of the hand a ``share`` (0 to 1) of the way from one letter to another; its label is ""."""
    pose = letter_pose(letter, style.gender).towards(letter_pose(other, style.gender), share)
    return _render(pose, view, style, "")


def _render(pose: Pose, view: View, style: Style, label: str) -> RenderedFrame:
    own = view.own(pose)
    return render_pose(own, view.at, camera=view.camera, style=style, build=view.build, label=label)
