"""Recorded signs to try a model on: a few of each label of a folder, or the shipped clip's letters.

A folder may hold, in any mixture:

* ``train.csv`` beside parquet files (``path`` and ``sign`` columns; rows of x, y, z, 543 a frame): Kaggle's isolated
  signs. Needs pyarrow;
* ``.npz`` with many recordings: ``landmarks`` (N, T, 2, 21, 3), or (N, 21, 3) for one hand held still, and ``labels``;
* ``.npz`` with one recording, as ``edge run --source`` reads it; its label is the file's name up to a ``_`` or ``-``.

What is in a folder is listed first; landmarks are read when a sample is asked for. Nothing is unpickled.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from edge.capture.recording import LandmarkRecording
from edge.errors import DependencyError, InputError
from edge.holistic import HOLISTIC_ROWS, face_of_rows, hands_of_rows
from edge.samples import demo_landmarks, demo_truth
from edge.types import LANDMARKS, RIGHT, AnyArray, FloatArray, Hands

EACH = 2
"""Samples of one label."""
LIMIT = 1000
_FPS = 30.0
_STILL = 20
"""Frames for which a hand that was recorded once is held."""
_ASPECT = 4 / 3
_ROWS = 1 << 16
"""Lines of a table that are read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A recorded sign: what it was recorded as, from where, and how its frames are read (may raise InputError).

    ``timed``: the frames' times are those of the recording; else nobody knows, and they are `_FPS` apart.
    """

    label: str
    source: str
    read: Callable[[], list[Hands]]
    timed: bool = False


def find_samples(folder: Path | None) -> tuple[Sample, ...]:
    """The samples of a folder by label, or the shipped ones as they were spelled. Raises InputError when there are
    none."""
    if folder is None:
        return tuple(_shipped())
    found = list(_few(_listed(folder)))
    if not found:
        raise InputError(
            "there are no recordings here", where=folder, expected="train.csv with parquet files, or .npz of landmarks"
        )
    return tuple(sorted(found, key=lambda sample: (sample.label.lower(), sample.source)))


def _few(samples: Iterator[Sample]) -> Iterator[Sample]:
    seen: Counter[str] = Counter()
    for sample in samples:
        seen[sample.label] += 1
        if seen[sample.label] <= EACH:
            yield sample
        if seen.total() >= _ROWS or len(seen) >= LIMIT:
            return


def _shipped() -> Iterator[Sample]:
    letters = [str(frame["label"]) for frame in json.loads(demo_truth().read_text())["frames"]]
    begin = place = 0
    for letter, group in groupby(letters):
        end = begin + len(list(group))
        if letter:
            place += 1
            yield Sample(letter, f"HELLO {place}", _part(begin, end), timed=True)
        begin = end


def _part(begin: int, end: int) -> Callable[[], list[Hands]]:
    return lambda: list(LandmarkRecording(demo_landmarks()))[begin:end]


def _listed(folder: Path) -> Iterator[Sample]:
    if not folder.is_dir():
        raise InputError("there is no such folder", where=folder)
    if (table := folder / "train.csv").is_file():
        yield from _kaggle(table)
    for path in sorted(folder.rglob("*.npz")):
        yield from _npz(path)


def _kaggle(table: Path) -> Iterator[Sample]:
    try:
        with table.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file)):
                if number >= _ROWS:
                    return
                path = (table.parent / row["path"]).resolve()
                if not path.is_relative_to(table.parent.resolve()):
                    raise InputError("a path leads out of the folder", where=table, found=row["path"][:80])
                yield Sample(row["sign"], path.stem, _parquet(path))
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("this table cannot be read", where=table, expected="path, sign", found=error) from error


def _parquet(path: Path) -> Callable[[], list[Hands]]:
    def read() -> list[Hands]:
        try:
            import pyarrow.parquet
        except ImportError as error:
            raise DependencyError("parquet files need pyarrow", found=error, remedy="pip install pyarrow") from error
        try:
            table = pyarrow.parquet.read_table(path, columns=["x", "y", "z"])
            columns = [np.asarray(table[name], np.float32) for name in ("x", "y", "z")]
            rows = np.stack(columns, axis=-1).reshape(-1, HOLISTIC_ROWS, 3)
        except (OSError, ValueError, KeyError) as error:
            raise InputError("this recording cannot be read", where=path, found=error) from error
        return _frames(hands_of_rows(rows), rows)

    return read


def _npz(path: Path) -> Iterator[Sample]:
    try:
        with np.load(path, allow_pickle=False) as file:
            many = "labels" in file.files
            labels = file["labels"].astype(str).tolist() if many else []
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError("this is no recording", where=path, found=error, remedy="remove it") from error
    if not many:
        label = path.stem.replace("-", "_").partition("_")[0]
        yield Sample(label, path.stem, lambda: list(LandmarkRecording(path)), timed=True)
        return
    for index, label in enumerate(labels[:_ROWS]):
        yield Sample(label, f"{path.stem} {index}", _one_of_many(path, index))


def _one_of_many(path: Path, index: int) -> Callable[[], list[Hands]]:
    def read() -> list[Hands]:
        with np.load(path, allow_pickle=False) as file:
            landmarks: AnyArray = file["landmarks"][index]
        if landmarks.shape == (LANDMARKS, 3):
            still = np.zeros((_STILL, 2, LANDMARKS, 3), np.float32)
            still[:, RIGHT] = landmarks
            return _frames(still)
        if landmarks.shape[1:] != (2, LANDMARKS, 3):
            raise InputError(
                "this recording cannot be read", where=path, expected="(T, 2, 21, 3)", found=landmarks.shape
            )
        return _frames(np.asarray(landmarks, np.float32))

    return read


def _frames(hands: FloatArray, rows: FloatArray | None = None) -> list[Hands]:
    return [
        Hands(
            each,
            (float(each[0].any()), float(each[1].any())),
            _ASPECT,
            index / _FPS,
            index / _FPS,
            index,
            None if rows is None else face_of_rows(rows[index]),
        )
        for index, each in enumerate(hands)
    ]
