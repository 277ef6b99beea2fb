"""Sequences for the networks of isolated signs, reduced to the points that these look at, and their parts.

A figure for new signers comes from participants that are left out whole. Beside it stands a random part of the
recordings of the others, whose signers (and mostly whose very session) are in the training too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError, UsageError
from edge.types import FloatArray
from export.models.signs_points import POINTS
from export.training.data import sign_source
from export.training.pictures import split_at_random
from export.training.sign_data import Skipped, each_recording, read_classes, read_table

Shares = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class SignSequences:
    """Labelled sequences of x and y of `POINTS`, missing = NaN.

    ``frames`` float32 (F, 118, 2), all sequences one after the other; sequence i is
    ``frames[offsets[i]:offsets[i + 1]]``, shows ``labels[i]``, one of ``classes``, and comes from ``sources[i]``.
    """

    frames: FloatArray
    offsets: NDArray[np.int64]
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each sequence."""
        return np.diff(self.offsets)

    def sequence(self, index: int) -> FloatArray:
        """Frames (T, 118, 2) of one sequence."""
        return self.frames[self.offsets[index] : self.offsets[index + 1]]


@dataclass(frozen=True, slots=True)
class SignParts:
    """Places of the sequences that train, validate and test at random, and of those of the participants left out.

    ``classes`` are the signs that the training shows; sequences left out of other signs are in ``unknown`` alone.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    left_out: NDArray[np.int64]
    unknown: NDArray[np.int64]
    classes: tuple[str, ...]


def read_sequences(root: Path, *, skipped: list[Skipped] | None = None, progress: Any = None) -> SignSequences:
    """A folder in the Kaggle set's layout; raises InputError as `export.training.sign_data` does."""
    files = read_table(root)
    classes = read_classes(root, files)
    sequences, labels, sources = [], [], []
    for file, landmarks in each_recording(files, skipped=skipped, progress=progress):
        sequences.append(landmarks[:, list(POINTS), :2])
        labels.append(file.sign)
        sources.append(sign_source(root, file.participant))
    if not sequences:
        raise InputError("no recording can be read", where=root)
    return SignSequences(
        frames=np.concatenate(sequences),
        offsets=np.concatenate([[0], np.cumsum([len(sequence) for sequence in sequences])]).astype(np.int64),
        labels=np.array(labels, np.str_),
        sources=np.array(sources, np.str_),
        classes=classes,
    )


def divide(sequences: SignSequences, left_out: Sequence[str], shares: Shares, *, seed: int) -> SignParts:
    """Parts by ``shares`` (training, validation, test) of the sources that are not ``left_out``.

    Raises UsageError for a source that there is not, or when none is left; InputError when a part would be empty.
    """
    known = sorted(set(sequences.sources.tolist()))
    unknown = sorted(set(left_out) - set(known))
    if unknown or len(set(left_out)) == len(known):
        raise UsageError(
            "no such source" if unknown else "nothing is left to train on",
            where="--leave-out",
            found=", ".join(unknown or left_out),
            expected=", ".join(known),
        )
    out = np.isin(sequences.sources, left_out)
    kept = np.flatnonzero(~out)
    classes = tuple(name for name in sequences.classes if name in set(sequences.labels[kept].tolist()))
    taught = np.isin(sequences.labels, classes)
    some = _Some(sequences.labels[kept], sequences.sources[kept], classes)
    train, validation, test = split_at_random(some, shares, seed=seed)
    if not len(train) or not len(validation) or not len(test):
        raise InputError("too few recordings to split", expected=f"shares {shares}", found=len(kept))
    return SignParts(
        kept[train], kept[validation], kept[test], np.flatnonzero(out & taught), np.flatnonzero(out & ~taught), classes
    )


def shared_signs(sequences: SignSequences) -> tuple[str, ...]:
    """The signs that two or more sources show, the only ones whose figure can say anything about a new signer."""
    pairs = set(zip(sequences.labels.tolist(), sequences.sources.tolist(), strict=True))
    shown = [label for label, _ in pairs]
    return tuple(name for name in sequences.classes if shown.count(name) > 1)


@dataclass(frozen=True, slots=True)
class _Some:
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    classes: tuple[str, ...]
