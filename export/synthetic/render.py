"""Draws a posed hand: subdivided skin, sky and shadow by depth maps, wrapped light, a background, a camera's noise.

Shading is per vertex. How much of the sky and of the lamp a vertex sees is found by splatting the vertices into depth
maps (the middle subdivision level is fine enough for that); the finest level is what is drawn, at twice the picture's
size, then averaged. One thread of a laptop draws a 640 x 480 picture in about 0.15 s.
"""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from edge.types import UInt8Array
from export.synthetic.camera import Camera
from export.synthetic.looks import BACKDROPS, LAMPS, SKINS, Lamp
from export.synthetic.mesh import Array, Gender, HandMesh, hand_mesh
from export.synthetic.raster import rasterise
from export.synthetic.style import Background, Style
from export.synthetic.subdivide import subdivide

Float32 = NDArray[np.float32]
Ints = NDArray[np.int64]

_OVERSAMPLING = 2
_SKY_DIRECTIONS = 40
_LAMP_SAMPLES = 8
_GREY = np.linspace(0, 1, 1 << 15)
_SRGB = np.where(_GREY <= 0.0031308, _GREY * 12.92, 1.055 * np.maximum(_GREY, 1e-6) ** (1 / 2.4) - 0.055).astype(
    np.float32
)
"""The sRGB transfer curve, sampled."""
_WRAP = np.array([0.35, 0.18, 0.12], np.float32)  # red light goes furthest through skin


class Renderer:
    """Draws one hand mesh; making it takes some tenths of a second, so keep it (see `renderer`)."""

    def __init__(self, mesh: HandMesh) -> None:
        quads, uv, self._coarse = subdivide(mesh.faces, mesh.uv, len(mesh.vertices))
        self._coarse_triangles = _halved(quads)
        quads, uv, fine = subdivide(quads, uv, self._coarse.shape[0])
        self._fine = sparse.csr_array(fine.astype(np.float32))
        self._coarse = sparse.csr_array(self._coarse.astype(np.float32))
        self._triangles = _halved(quads)
        self._nail = _nail_mask(mesh, quads, uv, fine.shape[0])
        rest = self._fine @ (self._coarse @ mesh.vertices.astype(np.float32))
        self._palm = np.clip(0.5 + 1.6 * _normals(rest, self._triangles)[:, 2], 0, 1)
        self._mottle = _mottle(rest)
        self._sky = _sphere(_SKY_DIRECTIONS)

    def draw(self, skin: Array, camera: Camera, style: Style, *, noise_seed: int | None = None) -> UInt8Array:
        """The picture, uint8 (height, width, 3) BGR, of ``skin`` (V, 3) in the world, metres.

        ``noise_seed`` draws the sensor's noise (else the style's seed does), so that a film's frames differ.
        """
        coarse = self._coarse @ skin.astype(np.float32)
        fine = self._fine @ coarse
        lamp = LAMPS[style.light]
        colours = self._shade(coarse, fine, camera, style, lamp)
        size = (camera.width * _OVERSAMPLING, camera.height * _OVERSAMPLING)
        picture, cover = rasterise(
            (camera.project(fine) * _OVERSAMPLING).astype(np.float32),
            camera.depth(fine).astype(np.float32),
            colours,
            self._triangles,
            size,
        )
        small = (camera.width, camera.height)
        hand = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.float32)
        share = np.asarray(cv2.resize(cover, small, interpolation=cv2.INTER_AREA), np.float32)[..., None]
        behind = _backdrop(style.background, style.seed, *small) * np.float32(lamp.ambient * 1.5 + lamp.strength * 0.5)
        return _develop(hand + behind * (1 - share), style.seed if noise_seed is None else noise_seed)

    def _shade(self, coarse: Float32, fine: Float32, camera: Camera, style: Style, lamp: Lamp) -> Float32:
        """Linear RGB (V, 3) of the fine vertices."""
        sky, lit = self._light_seen(coarse, lamp)
        normals = _normals(fine, self._triangles)
        key, fill = _unit(lamp.direction), _unit(lamp.fill)
        view = np.array([0, 0, camera.distance], np.float32) - fine
        view /= np.linalg.norm(view, axis=1, keepdims=True)

        wrapped = np.clip(((normals @ key)[:, None] + _WRAP) / (1 + _WRAP), 0, 1)
        diffuse = wrapped * (lit[:, None] * (1 - 0.15 * _WRAP) + 0.075 * _WRAP)
        filled = np.clip((normals @ fill + 0.3) / 1.3, 0, 1)
        half = view + key
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        shine = np.clip(np.einsum("vi,vi->v", normals, half), 0, 1) ** 28 * 0.10 * lit * (1 + 2 * self._nail)
        edge = (1 - np.clip(np.einsum("vi,vi->v", normals, view), 0, 1)) ** 4 * 0.10 * sky

        look = SKINS[style.tone]
        skin = look.back + (look.palm - look.back) * self._palm[:, None]
        skin = skin * (1 + 0.10 * self._mottle[:, None] * np.array([0.6, 1.0, 1.0], np.float32))
        skin += (look.nail - skin) * self._nail[:, None] * 0.8
        # Light that has bounced between fingers turns warm.
        bounce = np.array([1.06, 0.98, 0.94], np.float32) ** (1.5 * (1 - np.clip(sky, 0, 1)))[:, None]
        light = lamp.strength * 1.25 * diffuse + lamp.ambient * sky[:, None] * bounce
        colours = skin * (light + lamp.fill_strength * filled[:, None])
        return np.asarray(colours + (shine * lamp.strength + edge * lamp.ambient)[:, None], np.float32)

    def _light_seen(self, coarse: Float32, lamp: Lamp) -> tuple[Float32, Float32]:
        """How much of the sky (1 for a free flat surface) and of the lamp (0 to 1) the fine vertices see."""
        normals = _normals(coarse, self._coarse_triangles)
        lifted = coarse + normals * np.float32(0.001)
        brightness = 0.6 + 0.4 * self._sky[:, 1]  # brighter from above
        sky = np.zeros(len(coarse), np.float32)
        for direction, bright in zip(self._sky, brightness, strict=True):
            facing = np.clip(normals @ direction, 0, 1)
            sky += bright * facing * _visible(lifted, direction, cell=0.0028)
        sky = (sky * 4 / brightness.sum()) ** 1.8
        rng = np.random.default_rng(7)  # the same soft lamp in every frame
        lit = np.zeros(len(coarse), np.float32)
        for _ in range(_LAMP_SAMPLES):
            lit += _visible(lifted, _unit(_unit(lamp.direction) + rng.normal(size=3) * 0.13), cell=0.0024)
        return self._fine @ sky, np.clip(self._fine @ (lit / _LAMP_SAMPLES), 0, 1)


@cache
def renderer(gender: Gender) -> Renderer:
    """The renderer of a gender's mesh, made once."""
    return Renderer(hand_mesh(gender))


def _halved(quads: Ints) -> Ints:
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _unit(vector: Array | tuple[float, ...]) -> Float32:
    values = np.asarray(vector, np.float32)
    return np.asarray(values / np.linalg.norm(values), np.float32)


def _normals(points: Float32, triangles: Ints) -> Float32:
    """Unit normals (V, 3), the triangles weighted by their area."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    u, v = b - a, c - a
    of_triangle = np.stack(
        [u[:, (k + 1) % 3] * v[:, (k + 2) % 3] - u[:, (k + 2) % 3] * v[:, (k + 1) % 3] for k in range(3)]
    )
    flat, count = triangles.ravel(), len(points)
    total = np.stack([np.bincount(flat, np.repeat(of_triangle[k], 3), count) for k in range(3)], axis=1)
    return np.asarray(total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12), np.float32)


def _visible(points: Float32, direction: Float32, cell: float) -> Float32:
    """How freely (0 to 1) each point sees along ``direction``, by a depth map of all points with ``cell`` metres."""
    across = _unit(np.cross(direction, [0.31, 0.9, 0.2] if abs(direction[1]) < 0.9 else [1.0, 0, 0]))
    axes = np.stack([across, np.cross(direction, across), direction], axis=1).astype(np.float32)
    u, v, height = (points @ axes).T
    column, row = ((u - u.min()) / cell).astype(np.int64) + 1, ((v - v.min()) / cell).astype(np.int64) + 1
    shape = (int(row.max()) + 2, int(column.max()) + 2)
    place = row * shape[1] + column
    highest = np.full(shape[0] * shape[1], -9, np.float32)
    np.maximum.at(highest, place, height)
    above = cv2.dilate(highest.reshape(shape), np.ones((2, 2), np.uint8)).ravel()[place] - height
    # A surface this little above is the point's own neighbourhood; above that, shadow grows over 6 mm.
    return np.asarray(1 - np.clip((above - 0.003) / 0.006, 0, 1), np.float32)


def _nail_mask(mesh: HandMesh, quads: Ints, uv: Array, count: int) -> Float32:
    """How much of each vertex (count,) is finger nail, read off the nail texture."""
    height, width = mesh.nails.shape
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    flat = quads.ravel()
    total = np.bincount(flat, mesh.nails[row, column] / 255, count)
    return np.asarray(total / np.maximum(np.bincount(flat, minlength=count), 1), np.float32)


def _mottle(rest: Float32) -> Float32:
    """The skin's unevenness (V,), about -1 to 1: waves of several lengths."""
    rng = np.random.default_rng(1)
    total = np.zeros(len(rest))
    for frequency, amount in ((60, 0.5), (160, 0.3), (420, 0.3), (900, 0.25)):
        for _ in range(6):
            wave = _unit(rng.normal(size=3)) * frequency * rng.uniform(0.7, 1.4)
            total += amount / 3 * np.sin(rest @ wave + rng.uniform(0, 2 * np.pi))
    return total.astype(np.float32)


def _sphere(count: int) -> Float32:
    """Evenly spread directions (count, 3) on the unit sphere: a golden spiral."""
    i = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * i / count), np.pi * (1 + 5**0.5) * i
    return np.stack([np.cos(turn) * np.sin(polar), np.cos(polar), np.sin(turn) * np.sin(polar)], axis=1).astype(
        np.float32
    )


@lru_cache(maxsize=1)
def _backdrop(background: Background, seed: int, width: int, height: int) -> Float32:
    """Linear RGB (height, width, 3) of a wall under unit light: two colours mixed by smooth noise."""
    look = BACKDROPS[background]
    rng = np.random.default_rng(seed + 11)
    noise = np.zeros((height, width), np.float32)
    for octave in range(look.octaves):
        cells = look.grain * 2**octave
        grid = rng.random((max(2, int(cells * height / width)) + 1, cells + 1)).astype(np.float32)
        noise += 0.5**octave * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = (noise - noise.min()) / np.ptp(noise)
    noise = np.clip((noise - 0.5) * look.contrast + 0.5, 0, 1)[..., None]
    falloff = np.linspace(1.08, 0.9, height, dtype=np.float32)[:, None, None]
    return np.asarray((look.one * (1 - noise) + look.other * noise) * falloff, np.float32)


def _develop(linear: Float32, noise_seed: int) -> UInt8Array:
    """What a camera makes of linear RGB: sRGB, a little blur, noise; as BGR."""
    picture = _SRGB[(np.clip(linear, 0, 1) * (len(_SRGB) - 1)).astype(np.uint16)]
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.6), np.float32)
    rng = np.random.default_rng(noise_seed)
    picture += rng.standard_normal(picture.shape, np.float32) * np.float32(0.010)
    return np.ascontiguousarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)[..., ::-1])
