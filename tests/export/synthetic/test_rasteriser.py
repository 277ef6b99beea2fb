import numpy as np
import pytest

from export.synthetic.raster import rasterise


def _draw(points, depth, colours, triangles, size=(16, 12)):
    return rasterise(
        np.array(points, np.float32),
        np.array(depth, np.float32),
        np.array(colours, np.float32),
        np.array(triangles),
        size,
    )


def test_a_rectangle_covers_the_pixels_whose_centres_it_holds() -> None:
    points = [(2, 3), (2, 9), (7, 9), (7, 3)]  # y down: this order is seen from the front
    picture, cover = _draw(points, [1] * 4, [(1, 0.5, 0)] * 4, [[0, 1, 2], [0, 2, 3]])
    expected = np.zeros((12, 16))
    expected[3:9, 2:7] = 1
    np.testing.assert_array_equal(cover, expected)
    np.testing.assert_allclose(picture[cover > 0], np.tile([1, 0.5, 0], (30, 1)), atol=1e-6)
    assert not picture[cover == 0].any()


def test_what_is_seen_from_behind_is_not_drawn() -> None:
    _, cover = _draw([(2, 3), (7, 9), (2, 9)], [1] * 3, [(1, 1, 1)] * 3, [[0, 1, 2]])
    assert not cover.any()


def test_the_nearer_one_wins_whatever_the_order() -> None:
    points = [(0, 0), (0, 12), (16, 0)] * 2
    colours = [(1, 0, 0)] * 3 + [(0, 1, 0)] * 3
    for triangles in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        picture, _ = _draw(points, [1, 1, 1, 2, 2, 2], colours, triangles)
        np.testing.assert_allclose(picture[2, 2], [1, 0, 0])


def test_tilted_triangles_cross_where_their_depths_meet() -> None:
    points = [(0, -50), (0, 50), (100, 0)] * 2
    colours = [(1, 0, 0)] * 3 + [(0, 1, 0)] * 3
    picture, _ = _draw(points, [0, 0, 10, 0.8, 0.8, 0.8], colours, [[0, 1, 2], [3, 4, 5]])
    row = picture[6]
    # Red's depth is a tenth of x: nearer than 0.8 up to x = 8.
    np.testing.assert_allclose(row[:8], np.tile([1, 0, 0], (8, 1)))
    np.testing.assert_allclose(row[8:], np.tile([0, 1, 0], (8, 1)))


def test_parts_outside_the_picture_are_cut_off() -> None:
    _, cover = _draw([(-40, -40), (-40, 90), (90, -40)], [1] * 3, [(1, 1, 1)] * 3, [[0, 1, 2]])
    assert cover.all()
    _, cover = _draw([(-40, -40), (-40, -20), (-20, -40)], [1] * 3, [(1, 1, 1)] * 3, [[0, 1, 2]])
    assert not cover.any()


@pytest.mark.parametrize("seed", range(20))
def test_it_agrees_with_a_test_of_every_pixel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, depth = rng.uniform(-4, 20, (9, 2)), rng.uniform(1, 2, 9)
    colours, triangles = rng.random((9, 3)), np.arange(9).reshape(3, 3)
    picture, cover = _draw(points, depth, colours, triangles)
    expected, nearest = np.zeros((12, 16, 3)), np.full((12, 16), np.inf)
    for i, j, k in triangles:
        a, b, c = points[[i, j, k]]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area >= 0:
            continue
        for y in range(12):
            for x in range(16):
                solved = np.linalg.solve(np.stack([b - a, c - a], axis=1), np.array([x + 0.5, y + 0.5]) - a)
                weights = np.array([1 - solved.sum(), *solved])
                z = weights @ depth[[i, j, k]]
                if (weights >= 0).all() and z < nearest[y, x]:
                    nearest[y, x], expected[y, x] = z, weights @ colours[[i, j, k]]
    np.testing.assert_array_equal(cover, np.isfinite(nearest))
    np.testing.assert_allclose(picture, expected, atol=2e-4)
