"""Pictures for the landmark benchmark, as files that every backend reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np

from edge.errors import InputError
from edge.samples import demo_clip
from edge.types import UInt8Array
from export.graphs.hands_calibration import calibration_pictures

FPS = 25.0
REPEATS = 3
"""How often a still picture is shown: found in the first, followed in the others; the last one counts."""
_NOISE = 2.0
"""Of a camera, standard deviation of a pixel out of 255."""


def write_scene(path: Path, images: Iterable[UInt8Array], resets: Sequence[int] = (0,)) -> Path:
    """Store a scene; ``resets`` are the frames that begin another source."""
    frames = {f"f{index}": image for index, image in enumerate(images)}
    reset = np.zeros(len(frames), bool)
    reset[list(resets)] = True
    np.savez(path, reset=reset, fps=np.float64(FPS), **frames)  # type: ignore[arg-type]
    return path


def one_hand() -> list[UInt8Array]:
    """The shipped clip where its hand is in view: moving hand, still background."""
    return _clip()[25:160]


def one_hand_moving() -> list[UInt8Array]:
    """The same with a background that never rests: the whole picture sways."""
    images = one_hand()
    sway = [(9 * np.sin(i / 3), 7 * np.cos(i / 4)) for i in range(len(images))]
    return [_shifted(image, x, y) for image, (x, y) in zip(images, sway, strict=True)]


def two_hands() -> list[UInt8Array]:
    """The clip's hand on the left half, its mirror image on the right."""
    images = []
    for image in one_hand():
        small = cv2.resize(image, None, fx=2 / 3, fy=2 / 3, interpolation=cv2.INTER_AREA)
        left = np.empty((480, 320, 3), np.uint8)
        left[:160] = small[:1, 54:374]
        left[160:] = small[:, 54:374]
        images.append(np.ascontiguousarray(np.hstack([left, left[:, ::-1]])))
    return images


def nobody() -> list[UInt8Array]:
    """An empty, still scene as a camera sees it: with noise."""
    background = _clip()[0]
    rng = np.random.default_rng(0)
    noise = [rng.normal(0, _NOISE, background.shape) for _ in range(8)]
    return [np.clip(background + noise[i % 8], 0, 255).astype(np.uint8) for i in range(125)]


def real_pictures(data: Path, count: int) -> list[Path]:
    """Pictures of letters that calibrated nothing, spread over both sources: ``count`` of each."""
    used = set(calibration_pictures(data))
    chosen = []
    for source in ("vita", "asl_alphabet_train"):
        paths = [p for p in sorted((data / "letters_images" / source).glob("?/*.jpg")) if p not in used]
        if not paths:
            raise InputError("no pictures of letters", where=data, expected=f"letters_images/{source}/<letter>/*.jpg")
        steps = np.linspace(0, len(paths) - 1, min(count, len(paths)))
        chosen += [paths[round(i)] for i in steps]
    return chosen


def read_picture(path: Path) -> UInt8Array:
    """A picture file as BGR."""
    image = cv2.imread(str(path))
    if image is None:
        raise InputError("not a picture", where=path)
    return image  # type: ignore[return-value]


def moving_face() -> list[UInt8Array]:
    """A real face that moves: the public-domain portrait that comes with matplotlib."""
    return panned(read_picture(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"), 60)


def panned(image: UInt8Array, frames: int = 30) -> list[UInt8Array]:
    """A moving sequence out of a real picture: it turns, sways and grows smoothly."""
    height, width = image.shape[:2]
    sequence = []
    for i in range(frames):
        turn, grow = 12 * np.sin(i / 9), 1 + 0.1 * np.sin(i / 7)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, grow)
        matrix[:, 2] += (0.05 * width * np.sin(i / 5), 0.05 * height * np.cos(i / 6))
        sequence.append(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))
    return sequence  # type: ignore[return-value]


def _clip() -> list[UInt8Array]:
    path = demo_clip()
    clip, frames = cv2.VideoCapture(str(path)), []
    while (read := clip.read())[0]:
        frames.append(read[1])
    clip.release()
    if len(frames) < 160:
        raise InputError("the shipped clip is too short", where=path, expected="160 frames", found=len(frames))
    return frames  # type: ignore[return-value]


def _shifted(image: UInt8Array, x: float, y: float) -> UInt8Array:
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float32)
    size = (image.shape[1], image.shape[0])
    return cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]
