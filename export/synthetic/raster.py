"""A z-buffered triangle rasteriser in numpy: triangles are cut into spans, spans into pixels, all at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Ints = NDArray[np.int64]


def rasterise(
    points: Float32, depth: Float32, colours: Float32, triangles: Ints, size: tuple[int, int]
) -> tuple[Float32, Float32]:
    """Draw ``triangles`` (T, 3) over ``points`` (V, 2) in pixels (y down), ``depth`` (V,) and ``colours`` (V, 3).

    Only triangles that run clockwise in the picture's eyes are drawn (the mesh is closed, the others are behind).
    Colours are interpolated linearly. Returns the picture (height, width, 3) and its coverage (height, width), 0 or 1.
    """
    width, height = size
    picture, cover = np.zeros((height * width, 3), np.float32), np.zeros(height * width, np.float32)
    a, b, c = (points[triangles[:, k]] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    shown = np.nonzero(area < -1e-9)[0]
    triangles, area = triangles[shown], area[shown]
    corners = points[triangles]  # (T, 3, 2)

    owner, x, y = _pixels(corners, width, height)
    if not len(owner):
        return picture.reshape(height, width, 3), cover.reshape(height, width)
    slopes = _slopes(corners, area)
    z = depth[triangles]
    # Depth is a plane over the picture: one look-up of its three numbers a pixel.
    tilt = (z[:, 1:2] - z[:, :1]) * slopes[:, 0] + (z[:, 2:] - z[:, :1]) * slopes[:, 1]
    level = z[:, 0] - (tilt * (corners[:, 0] - 0.5)).sum(axis=1)
    plane = np.column_stack([level, tilt]).astype(np.float64).take(owner, axis=0)
    at = plane[:, 0] + plane[:, 1] * x + plane[:, 2] * y

    pixel = y * width + x
    nearest = np.full(height * width, np.inf)
    np.minimum.at(nearest, pixel, at)
    front = np.nonzero(at <= nearest[pixel])[0]
    pixel, owner = pixel[front], owner[front]
    offset = (
        np.stack([x[front], y[front]], axis=1).astype(np.float32) + np.float32(0.5) - corners[:, 0].take(owner, axis=0)
    )
    weights = np.einsum("pki,pi->pk", slopes.take(owner, axis=0), offset)
    mixed = colours[triangles]  # (T, 3, 3)
    base, rise = mixed[:, 0], mixed[:, 1:] - mixed[:, :1]
    picture[pixel] = base.take(owner, axis=0) + np.einsum("pk,pkc->pc", weights, rise.take(owner, axis=0))
    cover[pixel] = 1
    return picture.reshape(height, width, 3), cover.reshape(height, width)


def _pixels(corners: Float32, width: int, height: int) -> tuple[Ints, Ints, Ints]:
    """Triangle, column and row of every pixel whose centre a triangle (T, 3, 2) covers."""
    top = np.clip(np.ceil(corners[:, :, 1].min(axis=1) - 0.5), 0, height).astype(np.int64)
    bottom = np.clip(np.ceil(corners[:, :, 1].max(axis=1) - 0.5), 0, height).astype(np.int64)
    triangle, row = _ranges(top, bottom)
    centre = row + 0.5
    flat = corners.reshape(-1, 6).take(triangle, axis=0)
    left, right = np.full(len(row), np.inf), np.full(len(row), -np.inf)
    for k in range(3):
        x0, y0 = flat[:, 2 * k], flat[:, 2 * k + 1]
        x1, y1 = flat[:, (2 * k + 2) % 6], flat[:, (2 * k + 3) % 6]
        crossed = (y0 <= centre) != (y1 <= centre)
        x = x0 + (centre - y0) * (x1 - x0) / np.where(crossed, y1 - y0, 1)
        left = np.where(crossed, np.minimum(left, x), left)
        right = np.where(crossed, np.maximum(right, x), right)
    found = right >= left
    triangle, row, left, right = triangle[found], row[found], left[found], right[found]
    begin = np.clip(np.ceil(left - 0.5), 0, width).astype(np.int64)
    end = np.clip(np.ceil(right - 0.5), 0, width).astype(np.int64)
    span, column = _ranges(begin, end)
    return triangle[span], column, row[span]


def _ranges(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Every integer of the half-open ranges [begin, end), with the index of its range."""
    counts = np.maximum(end - begin, 0)
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + begin[owner]


def _slopes(corners: Float32, area: Float32) -> Float32:
    """(T, 2, 2): the slopes over x and y of the barycentric weights of corners 1 and 2."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    of_b = np.stack([c[:, 1] - a[:, 1], a[:, 0] - c[:, 0]], axis=1)
    of_c = np.stack([a[:, 1] - b[:, 1], b[:, 0] - a[:, 0]], axis=1)
    return np.asarray(np.stack([of_b, of_c], axis=1) / area[:, None, None], np.float32)
