"""What every rendering gives: a picture with the truth about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge.types import UInt8Array
from export.synthetic.camera import Camera, place
from export.synthetic.kinematics import Build, Pose, joints_and_skin
from export.synthetic.mesh import Array, hand_mesh
from export.synthetic.render import renderer
from export.synthetic.style import Style


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFrame:
    """``image`` uint8 (H, W, 3) BGR; ``label`` the letter, or "" between letters; ``joints`` (21, 2) the true joints in
    pixels, also where they lie outside the picture; ``time`` in seconds."""

    image: UInt8Array
    label: str
    joints: Array
    time: float = 0.0

    def mirrored(self) -> RenderedFrame:
        """The same with the other hand."""
        width = self.image.shape[1]
        joints = np.stack([width - self.joints[:, 0], self.joints[:, 1]], axis=1)
        return replace(self, image=np.ascontiguousarray(self.image[:, ::-1]), joints=joints)

    @property
    def whole(self) -> bool:
        """Whether all joints lie in the picture."""
        height, width = self.image.shape[:2]
        return bool(((self.joints >= 0) & (self.joints < [width, height])).all())


def render_pose(
    pose: Pose,
    at: Array,
    *,
    camera: Camera,
    style: Style,
    build: Build | None = None,
    label: str = "",
    time: float = 0.0,
    noise_seed: int | None = None,
) -> RenderedFrame:
    """Draw one pose with the hand's centre ``at`` (3,) in the world (metres); a left-handed style mirrors it."""
    build = build or Build()
    joints, skin = joints_and_skin(hand_mesh(style.gender), pose, build)
    skin, joints = (place(points, pose.facing, at, build.size) for points in (skin, joints))
    image = renderer(style.gender).draw(skin, camera, style, noise_seed=noise_seed)
    frame = RenderedFrame(image, label, camera.project(joints), time)
    return frame.mirrored() if style.hand == "left" else frame
