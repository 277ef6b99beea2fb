import numpy as np

from export.synthetic.subdivide import subdivide

_CUBE = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
_CUBE_FACES = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])


def test_a_cube_becomes_what_catmull_and_clark_say() -> None:
    quads, uv, matrix = subdivide(_CUBE_FACES, np.zeros((24, 2)), 8)
    points = matrix @ _CUBE
    assert quads.shape == (24, 4)
    assert uv.shape == (96, 2)
    assert len(points) == 8 + 12 + 6
    # Corner: (mean of face centres + 2 mean of edge middles) / 3 = (1/3 + 2 * 2/3) / 3; edge: mean of ends and faces.
    np.testing.assert_allclose(np.abs(points[:8]), 5 / 9)
    np.testing.assert_allclose(np.sort(np.abs(points[8:20]), axis=1), np.tile([0, 0.75, 0.75], (12, 1)), atol=1e-12)
    np.testing.assert_allclose(np.sort(np.abs(points[20:]), axis=1), np.tile([0, 0, 1], (6, 1)), atol=1e-12)


def test_a_flat_sheet_with_a_triangle_keeps_its_straight_rim() -> None:
    points = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])
    faces = np.array([[0, 1, 4, 3], [1, 2, 4, -1], [2, 5, 4, -1]])
    quads, uv, matrix = subdivide(faces, np.tile([0.5, 0.5], (10, 1)), 6)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    new = matrix @ points
    assert new.min() >= 0
    assert np.isclose(new[1], [1, 0]).all()  # in the middle of a straight rim
    assert len(quads) == 10
    np.testing.assert_allclose(uv, 0.5)


def test_texture_follows_the_corners() -> None:
    square = np.array([[0, 1, 2, 3]])
    uv = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    quads, new_uv, matrix = subdivide(square, uv, 4)
    places = matrix @ uv
    # Of a flat square only the corners move (they are pulled in); edge middles and the centre keep place and texture.
    flat = quads.ravel()
    kept = flat >= 4
    np.testing.assert_allclose(new_uv[kept], places[flat[kept]])
