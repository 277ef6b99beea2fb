import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.synthetic.kinematics import (
    Build,
    Pose,
    finger_chain,
    joints_and_skin,
    reach_with_thumb,
    turn_x,
    turn_y,
    turn_z,
)
from export.synthetic.mesh import INDEX, THUMB, HandMesh, hand_mesh

_OPEN = Pose(np.array([40.0, 20, -60, 0, 0]), np.zeros((4, 4)), np.zeros(3), np.eye(3))
_angle = st.floats(-30, 100, allow_nan=False)


@pytest.mark.usefixtures("mesh")
@settings(max_examples=30, deadline=None)
@given(st.lists(_angle, min_size=5, max_size=5), st.integers(0, 4))
def test_bones_keep_their_lengths(angles: list[float], finger: int) -> None:
    mesh = hand_mesh("male")
    bones, chain = finger_chain(mesh, finger, np.array(angles[: 5 if finger == THUMB else 4]))
    rest = np.linalg.norm(np.diff(mesh.joints[finger], axis=0), axis=1)
    np.testing.assert_allclose(np.linalg.norm(np.diff(chain, axis=0), axis=1), rest)
    np.testing.assert_allclose(bones @ bones.transpose(0, 2, 1), np.tile(np.eye(3), (3, 1, 1)), atol=1e-9)


def test_bending_brings_the_tip_to_the_palm_and_spreading_to_the_thumb(mesh: HandMesh) -> None:
    straight = finger_chain(mesh, INDEX, np.zeros(4))[1][3]
    bent = finger_chain(mesh, INDEX, np.array([0.0, 60, 60, 30]))[1][3]
    spread = finger_chain(mesh, INDEX, np.array([15.0, 0, 0, 0]))[1][3]
    assert bent[2] > straight[2] + 0.02
    assert bent[1] < straight[1] - 0.02
    assert spread[0] > straight[0] + 0.01


def test_joints_come_in_mediapipes_order_and_the_skin_goes_with_them(mesh: HandMesh) -> None:
    joints, skin = joints_and_skin(mesh, _OPEN)
    assert joints.shape == (21, 3)
    assert skin.shape == mesh.vertices.shape
    np.testing.assert_allclose(joints[0], 0)
    np.testing.assert_allclose(joints[[5, 9, 13, 17]], mesh.joints[1:, 0])
    # Every tip has skin around it, at most a fingertip away.
    for tip in joints[[4, 8, 12, 16, 20]]:
        assert np.linalg.norm(skin - tip, axis=1).min() < 0.012


def test_a_build_changes_size_and_fingers(mesh: HandMesh) -> None:
    joints, _ = joints_and_skin(mesh, _OPEN)
    larger, _ = joints_and_skin(mesh, _OPEN, Build(size=1.1))
    longer, _ = joints_and_skin(mesh, _OPEN, Build(length=1.2))
    np.testing.assert_allclose(larger, 1.1 * joints)
    np.testing.assert_allclose(longer[8] - longer[5], 1.2 * (joints[8] - joints[5]))
    np.testing.assert_allclose(longer[5], joints[5])


def test_the_thumb_reaches_what_it_can(mesh: HandMesh) -> None:
    angles = np.array([30.0, 40, -80, 20, 30])
    target = finger_chain(mesh, THUMB, angles)[1][3]
    found = reach_with_thumb(mesh, target, (20, 30, -70, 10, 10))
    assert np.linalg.norm(finger_chain(mesh, THUMB, found)[1][3] - target) < 0.004  # the pull of the prior


def test_a_pose_on_the_way_begins_and_ends_at_the_poses() -> None:
    other = Pose(np.zeros(5), np.full((4, 4), 50.0), np.ones(3), turn_y(80) @ turn_x(20))
    for share, expected in ((0, _OPEN), (1, other)):
        got = _OPEN.towards(other, share)
        np.testing.assert_allclose(got.fingers, expected.fingers)
        np.testing.assert_allclose(got.facing, expected.facing, atol=1e-9)
    np.testing.assert_allclose(_OPEN.towards(other, 0.5).fingers, 25)


@pytest.mark.parametrize("turn", [turn_x, turn_y, turn_z])
def test_turns_are_right_handed(turn) -> None:
    axis = {turn_x: 0, turn_y: 1, turn_z: 2}[turn]
    matrix = turn(90)
    np.testing.assert_allclose(matrix @ np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3], atol=1e-12)
    np.testing.assert_allclose(matrix @ np.eye(3)[axis], np.eye(3)[axis])
