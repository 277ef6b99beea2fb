"""Pictures for the landmark benchmark, as files that every backend reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from cv2.typing import MatLike

from edge.capture.pictures import decode_picture
from edge.capture.video import VideoFile
from edge.errors import InputError
from edge.samples import demo_clip
from edge.types import UInt8Array
from export.graphs.hands_calibration import calibration_pictures

SOURCES = ("vita", "asl_alphabet_train")
"""Folders of ``letters_images``, each nearly one signer."""

_FPS = 25.0
_REPEATS = 3
"""How often a still picture is shown: found in the first frame, followed in the others."""
_NOISE = 2.0
"""Of a camera, standard deviation of a pixel out of 255."""
_SHOWN = slice(25, 160)
"""Frames of the shipped clip in which its hand is in view."""
_PAN_FRAMES = 30


@dataclass(frozen=True, slots=True)
class Scene:
    """Frames in order: frame i shows ``images[order[i]]``; ``starts`` are the frames that begin another source."""

    images: Sequence[UInt8Array]
    order: Sequence[int]
    starts: Sequence[int] = (0,)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Width and height of each frame."""
        return [(self.images[i].shape[1], self.images[i].shape[0]) for i in self.order]

    def write(self, path: Path) -> Path:
        """Store it for `landmarks_worker`."""
        arrays: dict[str, Any] = {f"i{index}": image for index, image in enumerate(self.images)}
        reset = np.zeros(len(self.order), bool)
        reset[list(self.starts)] = True
        np.savez(path, order=np.asarray(self.order), reset=reset, fps=np.float64(_FPS), **arrays)
        return path


def moving(*sequences: Sequence[UInt8Array]) -> Scene:
    """Each sequence begins another source."""
    images = [image for sequence in sequences for image in sequence]
    lengths = [len(sequence) for sequence in sequences]
    return Scene(images, range(len(images)), [sum(lengths[:i]) for i in range(len(lengths))])


def stills(images: Sequence[UInt8Array]) -> tuple[Scene, range]:
    """Each picture for a few frames, and the frames that count: the last of each."""
    order = [i for i in range(len(images)) for _ in range(_REPEATS)]
    return Scene(images, order, range(0, len(order), _REPEATS)), range(_REPEATS - 1, len(order), _REPEATS)


def one_hand() -> Scene:
    """The shipped clip where its hand is in view: moving hand, still background."""
    return moving(_clip()[_SHOWN])


def one_hand_moving() -> Scene:
    """The same with a background that never rests: the whole picture sways."""
    images = enumerate(_clip()[_SHOWN])
    return moving([_moved(image, (9 * np.sin(i / 3), 7 * np.cos(i / 4))) for i, image in images])


def two_hands() -> Scene:
    """The clip's hand on the left half, its mirror image on the right."""
    images = []
    for image in _clip()[_SHOWN]:
        small = _resized(image, 2 / 3)
        left = np.empty((480, 320, 3), np.uint8)
        left[:160] = small[:1, 54:374]
        left[160:] = small[:, 54:374]
        images.append(np.ascontiguousarray(np.hstack([left, left[:, ::-1]])))
    return moving(images)


def nobody() -> Scene:
    """An empty, still scene as a camera sees it: with noise."""
    empty = _clip()[0]
    return Scene([noisy(empty, seed) for seed in range(8)], [i % 8 for i in range(125)])


def moving_face() -> Scene:
    """A real face that moves, as it is, mirrored, and smaller in a darker picture.

    It is the public-domain portrait that comes with matplotlib: no recording of ``../shared/data`` shows a face larger
    than a fingertip.
    """
    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    portrait = read_picture(path)
    small = _uint8(cv2.copyMakeBorder(_resized(portrait, 0.5), *(150, 150, 130, 130), cv2.BORDER_REPLICATE) // 2)
    mirrored = np.ascontiguousarray(portrait[:, ::-1])
    return moving(*(panned(image, 40) for image in (portrait, mirrored, small)))


def still_with_noise(pictures: Sequence[UInt8Array]) -> Scene:
    """Hands that are held still before a camera."""
    return moving(*([noisy(image, seed) for seed in range(25)] for image in pictures))


def slow_with_noise(pictures: Sequence[UInt8Array]) -> Scene:
    """Hands that move slowly before a camera: the pan at a fifth of its pace."""
    slow = (panned(image, 25, pace=0.2) for image in pictures)
    return moving(*([noisy(image, seed) for seed, image in enumerate(sequence)] for sequence in slow))


def last_bit_changed(scene: Scene) -> Scene:
    """The same pictures with every value changed by at most one: what any camera or decoder does to them."""
    rng = np.random.default_rng(0)
    changed = [_uint8(np.clip(image + rng.integers(-1, 2, image.shape), 0, 255)) for image in scene.images]
    return Scene(changed, scene.order, scene.starts)


def real_pictures(data: Path, source: str, count: int) -> list[Path]:
    """At most ``count`` pictures of letters that calibrated nothing, spread over a source of `SOURCES`.

    Raises InputError when there are none.
    """
    used = set(calibration_pictures(data))
    paths = [p for p in sorted((data / "letters_images" / source).glob("?/*.jpg")) if p not in used]
    if not paths:
        raise InputError("no pictures of letters", where=data, expected=f"letters_images/{source}/<letter>/*.jpg")
    return [paths[round(i)] for i in np.linspace(0, len(paths) - 1, min(count, len(paths)))]


def read_picture(path: Path) -> UInt8Array:
    """A picture file as BGR."""
    image = decode_picture(path.read_bytes(), cv2)
    if image is None:
        raise InputError("not a picture", where=path)
    return image


def panned(image: UInt8Array, frames: int = _PAN_FRAMES, *, pace: float = 1.0) -> list[UInt8Array]:
    """A moving sequence out of a real picture: it turns, sways and grows smoothly."""
    height, width = image.shape[:2]
    sequence = []
    for i in (pace * step for step in range(frames)):
        shift = (0.05 * width * np.sin(i / 5), 0.05 * height * np.cos(i / 6))
        sequence.append(_moved(image, shift, turn=12 * np.sin(i / 9), grow=1 + 0.1 * np.sin(i / 7)))
    return sequence


def noisy(image: UInt8Array, seed: int) -> UInt8Array:
    """The picture as a camera sees it."""
    return _uint8(np.clip(image + np.random.default_rng(seed).normal(0, _NOISE, image.shape), 0, 255))


TIMED: dict[str, Callable[[], Scene]] = {
    "one hand": one_hand,
    "one hand, moving background": one_hand_moving,
    "two hands": two_hands,
    "nobody, still": nobody,
}
"""The scenes whose time is measured; all but the last show hands."""


def _clip() -> list[UInt8Array]:
    frames = [frame.image for frame in VideoFile(demo_clip())]
    if len(frames) < _SHOWN.stop:
        raise InputError("the shipped clip is too short", where=demo_clip(), expected=_SHOWN.stop, found=len(frames))
    return frames


def _moved(image: UInt8Array, shift: tuple[float, float], *, turn: float = 0.0, grow: float = 1.0) -> UInt8Array:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, grow)
    matrix[:, 2] += np.asarray(shift)
    return _uint8(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def _resized(image: UInt8Array, factor: float) -> UInt8Array:
    return _uint8(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def _uint8(values: MatLike) -> UInt8Array:
    return np.asarray(values, np.uint8)
