from pathlib import Path

import numpy as np
import pytest

from export.graphs.mediapipe_wheel import default_cache
from export.synthetic.mesh import BONES, INDEX, LITTLE, MIDDLE, THUMB, HandMesh, hand_mesh
from export.synthetic.wheel import WHEEL


def test_it_is_a_right_hand_of_human_size_in_the_hand_frame(mesh: HandMesh) -> None:
    knuckles = mesh.joints[:, 0]
    assert knuckles[INDEX, 0] > knuckles[MIDDLE, 0] > knuckles[LITTLE, 0]  # X towards the thumb
    assert mesh.joints[THUMB, 3, 0] > knuckles[INDEX, 0]
    assert (mesh.joints[1:, 3, 1] > knuckles[1:, 1]).all()  # Y towards the fingertips
    lengths = np.linalg.norm(np.diff(mesh.joints, axis=1), axis=2).sum(axis=1)
    assert ((lengths > 0.05) & (lengths < 0.12)).all()


def test_every_vertex_is_moved_wholly_by_bones_of_the_arm(mesh: HandMesh) -> None:
    assert mesh.weights.shape == (len(mesh.vertices), BONES)
    np.testing.assert_allclose(mesh.weights.sum(axis=1), 1)
    assert (mesh.weights >= 0).all()
    assert (mesh.weights.max(axis=0) > 0.75).all()  # no bone is idle


def test_faces_refer_to_vertices_and_texture_corner_by_corner(mesh: HandMesh) -> None:
    assert set(mesh.faces[mesh.faces >= 0]) == set(range(len(mesh.vertices)))
    assert (mesh.faces[:, :3] >= 0).all()
    assert len(mesh.uv) == (mesh.faces >= 0).sum()


def test_rest_frames_are_rotations_along_the_bones(mesh: HandMesh) -> None:
    for finger in range(5):
        for bone in range(3):
            frame = mesh.frames[finger, bone]
            along = mesh.joints[finger, bone + 1] - mesh.joints[finger, bone]
            np.testing.assert_allclose(frame.T @ frame, np.eye(3), atol=1e-9)
            np.testing.assert_allclose(frame[:, 1], along / np.linalg.norm(along), atol=1e-9)


def test_a_damaged_cache_is_made_anew(mesh: HandMesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = default_cache() / WHEEL
    if not wheel.exists():
        pytest.skip("only the hand is cached, not the wheel it was cut from")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "fingerpost"
    folder.mkdir()
    (folder / WHEEL).symlink_to(wheel)
    hand_mesh("male")
    (cached,) = folder.glob("hand-male-*.npz")
    whole = cached.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"nonsense"):
        cached.write_bytes(damaged)
        np.testing.assert_array_equal(hand_mesh("male").vertices, mesh.vertices)
