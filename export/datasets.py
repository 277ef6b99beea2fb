"""Labelled examples in the layouts that people have, listed first and read one by one.

`find_parts` looks at what a folder (or one npz) holds and lists it as `Part`s:

* *landmark npz*: ``landmarks`` and ``labels``, the source is the file's name;
* *isolated signs*: ``train.csv`` and a parquet a recording, as in the Kaggle set "Google - Isolated Sign Language
  Recognition"; the source is the participant;
* *pictures*: a folder per class, as in the Kaggle set "ASL Alphabet"; the source is the folder around them.

A folder that holds several of these is searched two levels deep. `choose` then keeps the examples whose label a model
knows, all of them or an even share. Nothing but the npz files is held in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Manifest
from edge.capture.opencv import quiet_cv2
from edge.capture.pictures import SUFFIXES, decode_picture
from edge.errors import InputError
from edge.types import AnyArray, UInt8Array
from export.training.data import read_letters, sign_source
from export.training.pictures import read_pictures
from export.training.sign_data import is_sign_folder, read_landmarks, read_table

Format = Literal["landmark npz", "isolated signs", "pictures"]

_DEPTH = 2
_RECORDINGS = "recordings "
"""What stands before a source's name in the licence of training data, see `export.training.shipping`."""


@dataclass(frozen=True, slots=True)
class Part:
    """Examples of one layout. ``read(i)`` gives example i: landmarks float32 (T, 2, 21, 3) of an npz, (T, 543, 3) of
    isolated signs, a BGR picture uint8 (H, W, 3); it raises InputError for a file that cannot be read."""

    format: Format
    where: Path
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    read: Callable[[int], AnyArray]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The examples that are measured: number i is row ``rows[i]`` of ``parts[places[i]]`` and shows the model's class
    ``truth[i]``.

    ``unknown`` counts labels that the model does not have, ``respelt`` maps labels to those of the model that differ in
    case only, ``available`` is how many examples there are with a known label.
    """

    parts: tuple[Part, ...]
    places: NDArray[np.intp]
    rows: NDArray[np.intp]
    truth: NDArray[np.intp]
    unknown: Mapping[str, int]
    respelt: Mapping[str, str]
    available: int

    def __len__(self) -> int:
        return len(self.truth)

    def part(self, index: int) -> Part:
        """The part that an example belongs to."""
        return self.parts[int(self.places[index])]

    def read(self, index: int) -> AnyArray:
        """What `Part.read` gives."""
        return self.part(index).read(int(self.rows[index]))

    def source(self, index: int) -> str:
        """Where an example comes from."""
        return str(self.part(index).sources[self.rows[index]])


def find_parts(path: Path) -> tuple[Part, ...]:
    """Everything labelled below ``path``; raises InputError when there is nothing, or it cannot be listed."""
    parts = tuple(_search(path, _DEPTH)) if path.exists() else ()
    if not parts:
        raise InputError(
            "there are no labelled examples",
            where=path,
            expected="train.csv with parquet files, .npz files of landmarks, or a folder of pictures per class",
            found="nothing of the kind" if path.exists() else "no such file or folder",
            remedy="name the folder that holds them with --data",
        )
    return parts


def choose(
    parts: Sequence[Part], names: Sequence[str], *, limit: int | None = None, seed: int = 0, where: object = None
) -> Chosen:
    """The examples of the classes ``names``; with a ``limit`` so many of them, drawn by ``seed`` so that every label
    of every source gets its even share. Raises InputError when no label is known."""
    known = _Names(names)
    places = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    rows = np.concatenate([np.arange(len(part)) for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    truth = np.array([known.number(str(label)) for label in labels], np.intp)
    chosen = np.flatnonzero(truth >= 0)
    if not len(chosen):
        raise InputError(
            "no example has a label that the model knows", where=where, expected=_few(names), found=_few(set(labels))
        )
    available = len(chosen)
    if limit is not None and limit < available:
        sources = np.concatenate([part.sources for part in parts])
        groups = [(int(places[i]), str(sources[i]), int(truth[i])) for i in chosen]
        chosen = chosen[_even_share(groups, limit, np.random.default_rng(seed))]
    return Chosen(
        parts=tuple(parts),
        places=places[chosen],
        rows=rows[chosen],
        truth=truth[chosen],
        unknown=Counter(str(label) for label in labels[truth < 0]),
        respelt={label: name for label in sorted(set(labels.tolist())) if (name := known.respelt(label))},
        available=available,
    )


def seen_sources(manifest: Manifest) -> frozenset[str]:
    """The recordings that the bundle's weights were trained on, by what its licences name."""
    return frozenset(
        licence.subject.removeprefix(_RECORDINGS)
        for licence in manifest.licences
        if licence.subject.startswith(_RECORDINGS)
    )


class _Names:
    """The model's labels: exactly, or else but for the case where that leaves no doubt (``a`` is A, but where there is
    a word ``I`` beside the letter, ``i`` is neither)."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._exact = {name: number for number, name in enumerate(names)}
        folded = Counter(name.casefold() for name in names)
        self._folded = {n.casefold(): number for n, number in self._exact.items() if folded[n.casefold()] == 1}

    def number(self, label: str) -> int:
        """The class, or -1."""
        return self._exact.get(label, self._folded.get(label.casefold(), -1))

    def respelt(self, label: str) -> str | None:
        """What the model calls it, where it is spelt otherwise."""
        number = self.number(label)
        return self._names[number] if number >= 0 and label not in self._exact else None


def _even_share(groups: Sequence[object], limit: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Of n members, ``limit`` in their order: one of every group, then a second of every group, and so on."""
    order = rng.permutation(len(groups))
    counts: Counter[object] = Counter()
    turns = np.zeros(len(groups), np.intp)
    for i in order:
        turns[i] = counts[groups[i]]
        counts[groups[i]] += 1
    return np.sort(order[np.argsort(turns[order], kind="stable")][:limit]).astype(np.intp)


def _search(path: Path, depth: int) -> Iterable[Part]:
    if path.is_file():
        yield _landmarks(path)
    elif is_sign_folder(path):
        yield _signs(path)
    elif files := sorted(path.glob("*.npz")):
        for file in files:
            yield _landmarks(file)
    else:
        folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        if any(_holds_pictures(folder) for folder in folders):
            yield _pictures(path)
        elif depth:
            for folder in folders:
                yield from _search(folder, depth - 1)


def _holds_pictures(folder: Path) -> bool:
    return any(entry.suffix.lower() in SUFFIXES for entry in folder.iterdir())


def _landmarks(path: Path) -> Part:
    recordings = read_letters(path)
    return Part("landmark npz", path, recordings.labels, recordings.sources, recordings.sequence)


def _signs(folder: Path) -> Part:
    files = read_table(folder)
    return Part(
        "isolated signs",
        folder,
        np.array([file.sign for file in files]),
        np.array([sign_source(folder, file.participant) for file in files]),
        lambda index: read_landmarks(files[index].path),
    )


def _pictures(folder: Path) -> Part:
    found = read_pictures(folder, check=False)
    return Part("pictures", folder, found.labels, found.sources, lambda index: _picture(found.paths[index]))


def _picture(path: Path) -> UInt8Array:
    try:
        image = decode_picture(path.read_bytes(), quiet_cv2())
    except OSError as error:
        raise InputError("cannot be read", where=path, found=error.strerror) from error
    if image is None:
        raise InputError("cannot be decoded", where=path, expected="a whole picture", found="damaged, or none")
    return image


def _few(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:5]) + (", ..." if len(ordered) > 5 else "")
