"""Labelled pictures: a folder per class, as in the Kaggle set "ASL Alphabet"; splits and augmentation.

The classes' folders lie in the folder that is named, or one level deeper, a folder per *source* then. A source is
(nearly) one signer in front of one camera, and its pictures were mostly cut out of one film: neighbours in the order
of their names are near copies. A split of them at random says next to nothing about another day, let alone another
person; `split_by_name` keeps most neighbours together, and a source left out is better still.

Nothing here needs PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.capture.opencv import quiet_cv2
from edge.capture.pictures import SUFFIXES, decode_picture, natural_key
from edge.errors import InputError
from edge.types import UInt8Array

_NAMED = 3
Shares = tuple[float, ...]


class Labelled(Protocol):
    """Examples (n,) with the name of what each shows, one of ``classes``, and of its source."""

    @property
    def labels(self) -> NDArray[np.str_]:
        """What each shows."""

    @property
    def sources(self) -> NDArray[np.str_]:
        """Where each comes from."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Every label that may occur."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Labelled picture files; they are decoded when they are asked for. ``skipped`` are those that could not be."""

    paths: tuple[Path, ...]
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    skipped: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, sorted as Keras and torchvision number them."""
        return tuple(sorted(set(self.labels.tolist())))

    def picture(self, index: int, size: tuple[int, int]) -> UInt8Array:
        """Picture ``index`` as RGB (H, W, 3), resized to ``size`` (H, W). Raises InputError when it is none."""
        cv2 = quiet_cv2()
        image = _decoded(self.paths[index])
        if image is None:
            raise _unreadable([self.paths[index]], len(self))
        if image.shape[:2] != size:
            image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

    def select(self, chosen: NDArray[np.int64]) -> Pictures:
        """The pictures at these places."""
        return Pictures(tuple(self.paths[int(i)] for i in chosen), self.labels[chosen], self.sources[chosen])


def read_pictures(
    folder: Path,
    *,
    check: bool = True,
    skip_unreadable: bool = False,
    progress: Callable[[list[Path], str], Iterable[Path]] = lambda paths, title: paths,
) -> Pictures:
    """The pictures below ``folder``, every one of them tried unless ``check`` is off.

    Raises InputError for a folder without classes, a class without pictures, and files that cannot be decoded, unless
    ``skip_unreadable`` asks to go on without them.
    """
    found = [
        (path, label.name, root.name) for root in _roots(folder) for label in _folders(root) for path in _files(label)
    ]
    tried = progress([path for path, _, _ in found], "trying pictures") if check else ()
    bad = {path for path in tried if _decoded(path) is None}
    if bad and not skip_unreadable:
        raise _unreadable(sorted(bad), len(found))
    kept = [entry for entry in found if entry[0] not in bad]
    gone = sorted({(label, source) for _, label, source in found} - {(label, source) for _, label, source in kept})
    if gone:
        raise InputError("no picture of a class can be read", where=folder, found=", ".join(label for label, _ in gone))
    paths, labels, sources = zip(*kept, strict=True)
    return Pictures(paths, np.array(labels), np.array(sources), tuple(sorted(bad)))


def split_at_random(examples: Labelled, shares: Shares, *, seed: int) -> tuple[NDArray[np.int64], ...]:
    """Indices of as many parts as ``shares``, every class split alike; what the shares leave over is in none."""
    random = np.random.default_rng(seed)
    return _split(examples, shares, random.permutation)


def split_by_name(pictures: Pictures, shares: Shares) -> tuple[NDArray[np.int64], ...]:
    """The same by the files' names as text (A10 before A2), the last of them in the first part: with shares of
    training and validation, Keras's ``validation_split``. Frames of a film mostly stay with their neighbours."""

    def backwards(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.array(sorted(rows.tolist(), key=lambda row: pictures.paths[row].name, reverse=True), np.int64)

    return _split(pictures, shares, backwards)


def _split(
    examples: Labelled, shares: Shares, order: Callable[[NDArray[np.int64]], NDArray[np.int64]]
) -> tuple[NDArray[np.int64], ...]:
    parts: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    seams = np.cumsum((0.0, *shares))
    for source in sorted(set(examples.sources.tolist())):
        for label in examples.classes:
            rows = order(np.flatnonzero((examples.labels == label) & (examples.sources == source)))
            cuts = np.round(seams * len(rows)).astype(int)
            for part, begin, end in zip(parts, cuts[:-1], cuts[1:], strict=True):
                part.append(rows[begin:end])
    return tuple(np.sort(np.concatenate(part)) for part in parts)


@dataclass(frozen=True, slots=True)
class PictureAugmentation:
    """How strongly, in the terms of Keras's ImageDataGenerator. All zero: nothing changes. What moves out of the
    picture's edge is filled with the edge's nearest pixels."""

    rotation: float = 0.0
    """Degrees, either way."""
    shift: float = 0.0
    """Share of width and of height."""
    zoom: float = 0.0
    """Width and height each by a factor of 1 - zoom to 1 + zoom."""
    shear: float = 0.0
    """Degrees, either way."""
    flip: bool = False
    """Left and right exchanged for one picture in two: a left hand signs what the right one does."""
    brightness: tuple[float, float] = (1.0, 1.0)
    """Factors."""
    channel_shift: float = 0.0
    """Added to the whole picture, the same number to all channels as Keras has it; 1 is the whole range."""


def augment_picture(image: UInt8Array, options: PictureAugmentation, random: np.random.Generator) -> UInt8Array:
    """RGB (H, W, 3) uint8 to the same."""
    cv2 = quiet_cv2()
    height, width = image.shape[:2]
    angle, shear = (np.radians(random.uniform(-limit, limit)) for limit in (options.rotation, options.shear))
    zoom = random.uniform(1 - options.zoom, 1 + options.zoom, 2)
    shift = random.uniform(-options.shift, options.shift, 2) * (width, height)
    flip = -1.0 if options.flip and random.random() < 0.5 else 1.0
    bright = random.uniform(*options.brightness)
    tint = random.uniform(-options.channel_shift, options.channel_shift) * 255
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, -np.sin(shear)], [0, np.cos(shear)]]) @ np.diag(zoom * (flip, 1))
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    affine = np.column_stack([matrix, centre + shift - matrix @ centre])
    if not np.allclose(affine, np.eye(2, 3)):
        image = cv2.warpAffine(
            image,
            affine,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    if bright != 1 or tint != 0:
        image = np.clip(image * bright + tint, 0, 255).astype(np.uint8)
    return image


def _roots(folder: Path) -> list[Path]:
    """The folders whose folders are classes: the named one itself, or each of those in it."""
    if not folder.is_dir():
        raise InputError("no such folder", where=folder, expected="a folder with one folder per class")
    inner = _folders(folder)
    if not inner:
        raise InputError("no classes here", where=folder, expected="one folder per class", found="no folders")
    if all(_folders(path) and not _pictures_in(path) for path in inner):
        return inner
    return [folder]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _pictures_in(folder: Path) -> list[Path]:
    files = (p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    return sorted((p for p in files if p.is_file()), key=natural_key)


def _files(label: Path) -> list[Path]:
    files = _pictures_in(label)
    if not files:
        others = sum(1 for path in label.iterdir() if path.is_file())
        raise InputError(
            "a class without pictures",
            where=label,
            expected=f"files ending in {', '.join(sorted(SUFFIXES))}",
            found=f"{others} other files" if others else "an empty folder",
            remedy="add its pictures, or take the folder away",
        )
    return files


def _decoded(path: Path) -> Any:
    try:
        return decode_picture(path.read_bytes(), quiet_cv2())
    except OSError:
        return None


def _unreadable(bad: Sequence[Path], count: int) -> InputError:
    names = ", ".join(str(path) for path in bad[:_NAMED]) + (", ..." if len(bad) > _NAMED else "")
    return InputError(
        f"{len(bad)} of {count} pictures cannot be read",
        where=names,
        expected="whole JPEG, PNG, BMP, WebP or TIFF files",
        remedy="replace them, take them away, or go on without them (--skip-unreadable)",
    )
