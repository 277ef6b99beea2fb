import numpy as np

from export.synthetic.mesh import BONES, INDEX, LITTLE, MIDDLE, THUMB, HandMesh


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
