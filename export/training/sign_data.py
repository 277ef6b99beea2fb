"""Recordings of signs in the layout of the Kaggle set "Google - Isolated Sign Language Recognition".

A folder holds ``train.csv`` (path, participant_id, sign, ...), one parquet a recording with 543 rows a frame (face 468,
left hand 21, pose 33, right hand 21; float64 or float32, missing = NaN), and mostly the map of signs to indices. The
first is read by `read_table`, the second one by one by `each_recording`, since a whole set does not fit into memory,
the third by `read_classes`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import InputError
from edge.holistic import HOLISTIC_ROWS
from edge.types import FloatArray
from export.labels import read_labels

TABLE = "train.csv"
CLASSES = "sign_to_prediction_index_map.json"
_GROUPS = (("face", 468), ("left_hand", 21), ("pose", 33), ("right_hand", 21))
_ROW_INDEX = np.concatenate([np.arange(count) for _, count in _GROUPS])
_ROW_TYPE = [name for name, count in _GROUPS for _ in range(count)]
_TABLE_COLUMNS = ("path", "participant_id", "sign")
_COLUMNS = ("frame", "type", "landmark_index", "x", "y", "z")
_NAMED = 5


@dataclass(frozen=True, slots=True)
class SignFile:
    """One row of the table: ``sign`` was shown by ``participant`` in the recording at ``path``."""

    path: Path
    sign: str
    participant: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A recording that was left out because it could not be read, and why."""

    file: SignFile
    error: InputError


def is_sign_folder(root: Path) -> bool:
    """Whether the folder has this layout."""
    return (root / TABLE).is_file()


def read_table(root: Path) -> tuple[SignFile, ...]:
    """Every row of ``train.csv``; raises InputError when it cannot be read, lacks a column or a value, or is empty."""
    table = root / TABLE
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _TABLE_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    "columns are missing", where=table, expected=", ".join(missing), found=reader.fieldnames
                )
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("cannot be read", where=table, found=error) from error
    if not rows:
        raise InputError("there are no recordings", where=table, expected="one row a recording", found="none")
    for line, row in enumerate(rows, start=2):
        empty = [name for name in _TABLE_COLUMNS if not (row[name] or "").strip()]
        if empty:
            raise InputError("a value is missing", where=f"{table}, line {line}", expected=", ".join(empty))
    return tuple(SignFile(root / row["path"], row["sign"].strip(), row["participant_id"].strip()) for row in rows)


def read_classes(root: Path, files: Sequence[SignFile]) -> tuple[str, ...]:
    """The signs in the order of the index map beside the table, in the alphabet's without one.

    Raises InputError when a sign of the map has no recording, or a recording's sign is not in the map.
    """
    shown = {file.sign for file in files}
    path = root / CLASSES
    if not path.is_file():
        return tuple(sorted(shown))
    classes = tuple(label.name for label in read_labels(path))
    empty = [name for name in classes if name not in shown]
    if empty:
        raise InputError(
            f"{len(empty)} of {len(classes)} signs have no recording",
            where=root / TABLE,
            found=_few(empty),
            remedy=f"add recordings of them, or take them out of {path.name}",
        )
    unknown = sorted(shown - set(classes))
    if unknown:
        raise InputError("recordings show signs that are not in the map", where=path, found=_few(unknown))
    return classes


def each_recording(
    files: Sequence[SignFile],
    *,
    skipped: list[Skipped] | None = None,
    progress: Callable[[Any, str], Any] | None = None,
) -> Iterator[tuple[SignFile, FloatArray]]:
    """Each recording with its landmarks (T, 543, 3). One that cannot be read raises InputError; where a list is given,
    it is left out and noted there instead."""
    for file in files if progress is None else progress(files, "reading recordings"):
        try:
            landmarks = read_landmarks(file.path)
        except InputError as error:
            if skipped is None:
                raise
            skipped.append(Skipped(file, error))
            continue
        yield file, landmarks


def skipped_text(skipped: Sequence[Skipped]) -> str:
    """One line for people: how many recordings were left out, and which."""
    return f"recordings that cannot be read are left out, {len(skipped)}: {_few([str(s.file.path) for s in skipped])}"


def read_landmarks(path: Path) -> FloatArray:
    """One recording, float32 (T, 543, 3), missing = NaN.

    Raises InputError when the file is missing or damaged, lacks a column, or does not hold whole frames in MediaPipe
    Holistic's order.
    """
    import pyarrow
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            missing = [name for name in _COLUMNS if name not in names]
            if missing:
                raise InputError("columns are missing", where=path, expected=", ".join(missing), found=", ".join(names))
            table = file.read(columns=["type", "landmark_index", "x", "y", "z"])
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError("cannot be read as parquet", where=path, found=error) from error
    if table.num_rows == 0 or table.num_rows % HOLISTIC_ROWS:
        raise InputError(
            "the rows are not whole frames", where=path, expected=f"{HOLISTIC_ROWS} rows a frame", found=table.num_rows
        )
    index = table["landmark_index"].to_numpy().reshape(-1, HOLISTIC_ROWS)
    if not (index == _ROW_INDEX).all() or table["type"].slice(0, HOLISTIC_ROWS).to_pylist() != _ROW_TYPE:
        expected = ", ".join(f"{name} 0-{count - 1}" for name, count in _GROUPS)
        raise InputError("the rows of a frame are in another order", where=path, expected=expected)
    try:
        columns = [np.asarray(table[axis].to_numpy(), np.float32) for axis in "xyz"]
    except (ValueError, TypeError) as error:
        raise InputError("coordinates are no numbers", where=path, found=error) from error
    return np.stack(columns, axis=-1).reshape(-1, HOLISTIC_ROWS, 3)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
