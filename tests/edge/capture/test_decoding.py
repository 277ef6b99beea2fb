from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture.decoding import to_bgr
from edge.capture.raw import BGR, FORMATS, RawPicture
from edge.errors import SourceError

HEIGHT, WIDTH = 48, 64
COLOURS = ((40, 80, 200), (200, 120, 30))
"""BGR of the left and of the right half."""


@pytest.fixture
def scene() -> np.ndarray:
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:, : WIDTH // 2], image[:, WIDTH // 2 :] = COLOURS
    return image


def encoded(scene: np.ndarray, code: str) -> bytes:
    """The scene in a camera's format, by the definition of each."""
    if code == BGR:
        return scene.tobytes()
    if code == "RGB3":
        return scene[:, :, ::-1].tobytes()
    if code == "GREY":
        return cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY).tobytes()
    if code in ("MJPG", "JPEG"):
        return bytes(cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])
    # BT.601 in its limited range, which is what cameras send.
    blue, green, red = (scene[:, :, n].astype(float) for n in range(3))
    y = 16 + 0.257 * red + 0.504 * green + 0.098 * blue
    u = 128 - 0.148 * red - 0.291 * green + 0.439 * blue
    v = 128 + 0.439 * red - 0.368 * green - 0.071 * blue
    y, u, v = (np.rint(plane).astype(np.uint8) for plane in (y, u, v))
    if code == "NV12":
        return y.tobytes() + np.dstack((u[::2, ::2], v[::2, ::2])).tobytes()
    chroma = np.where(np.arange(WIDTH) % 2 == 0, u, v)
    return np.dstack((y, chroma) if code == "YUYV" else (chroma, y)).tobytes()


def stride(code: str) -> int:
    return WIDTH * {BGR: 3, "RGB3": 3, "YUYV": 2, "UYVY": 2}.get(code, 1)


@pytest.mark.parametrize("code", FORMATS)
def test_every_format_that_is_asked_for_becomes_the_same_picture(scene, code):
    image = to_bgr(RawPicture(encoded(scene, code), code, WIDTH, HEIGHT, stride(code), 0.0))
    assert image is not None and image.shape == scene.shape and image.dtype == np.uint8
    wanted = np.repeat(cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY)[:, :, None], 3, 2) if code == "GREY" else scene
    apart = np.abs(image.astype(int) - wanted)
    # Where the halves meet, formats that share colours between pixels may mix them.
    apart[:, WIDTH // 2 - 8 : WIDTH // 2 + 8] = 0
    assert apart.max() <= 6


@pytest.mark.parametrize("code", [BGR, "YUYV", "NV12"])
def test_rows_with_padding_are_read_without_it(scene, code):
    tight = np.frombuffer(encoded(scene, code), np.uint8).reshape(-1, stride(code))
    padded = np.pad(tight, ((0, 0), (0, 32)), constant_values=255)
    whole = to_bgr(RawPicture(tight.tobytes(), code, WIDTH, HEIGHT, stride(code), 0.0))
    image = to_bgr(RawPicture(padded.tobytes(), code, WIDTH, HEIGHT, stride(code) + 32, 0.0))
    assert image is not None and whole is not None and (image == whole).all()
    unsaid = to_bgr(RawPicture(tight.tobytes(), code, WIDTH, HEIGHT, 0, 0.0))
    assert unsaid is not None and (unsaid == whole).all()


@pytest.mark.parametrize("code", [code for code in FORMATS if code not in ("MJPG", "JPEG")])
def test_a_picture_that_is_cut_off_is_none(scene, code):
    data = encoded(scene, code)
    assert to_bgr(RawPicture(data[: len(data) // 2], code, WIDTH, HEIGHT, stride(code), 0.0)) is None


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"\xff\xd8\xff\xd9"])
def test_what_is_no_jpeg_is_none(data):
    assert to_bgr(RawPicture(data, "MJPG", WIDTH, HEIGHT, 0, 0.0)) is None


def test_a_webcams_jpeg_without_its_usual_tables_is_read(scene):
    """Motion JPEG leaves the standard Huffman tables out."""
    data = encoded(scene, "MJPG")
    bare, at = data[:2], 2
    while data[at + 1] != 0xDA:  # up to the picture's data
        length = int.from_bytes(data[at + 2 : at + 4], "big") + 2
        if data[at + 1] != 0xC4:
            bare += data[at : at + length]
        at += length
    bare += data[at:]
    assert len(bare) < len(data)
    image = to_bgr(RawPicture(bare, "MJPG", WIDTH, HEIGHT, 0, 0.0))
    assert image is not None and np.abs(image.astype(int) - scene)[:, :16].max() <= 6


def test_an_unknown_format_is_said():
    with pytest.raises(SourceError, match=r"picture format is not read; expected YUYV.*found pRAA"):
        to_bgr(RawPicture(b"", "pRAA", WIDTH, HEIGHT, WIDTH, 0.0))
