"""Recordings of signs in one common form, read from the layouts that people have.

`read_data` takes a folder as `../shared/data` is laid out: ``letters_landmarks/*.npz`` and ``asl_signs/`` (the layout
of the Kaggle set "Google - Isolated Sign Language Recognition"). Every recording keeps the name of its *source*, nearly
always one signer, since a figure that is to say anything about new people is measured on sources left out.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from edge.holistic import hands_of_rows
from edge.types import LANDMARKS, LEFT, RIGHT, AnyArray, FloatArray
from export.training.sign_data import each_recording, read_table

ASPECT = 4 / 3
"""Width / height that all coordinates are brought to: `export.models.hands.ASPECT`, without the torch that it needs."""
_SAME_SIGNER = {"asl_signs/1": "traduttore"}
"""Participant 1 of ``asl_signs`` and the letters of ``traduttore`` are one signer: they are left out together."""
_ASPECTS = {"vita": 300 / 360}
"""Width / height of a source's pictures, where it is known not to be `ASPECT`. Vita's pictures were cut to 300 x 360
before the landmarks were found; the lengths of its palms' bones, too, vary least near that aspect."""

DOUBTFUL = frozenset({("asl_signs/7", "no")})
"""(source, sign) whose recordings look like another sign: this one's hand like the fist of "yes", as the page of the
data says too. They are trained on and measured like all others; figures without them stand beside."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Labelled recordings of two hands.

    ``frames`` float32 (F, 2, 21, 3) as `edge.types` states it (missing = 0), all recordings one after the other;
    recording i is ``frames[offsets[i]:offsets[i + 1]]``, shows ``labels[i]`` and comes from ``sources[i]``.
    """

    frames: FloatArray
    offsets: NDArray[np.int64]
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each recording."""
        return np.diff(self.offsets)

    def sequence(self, index: int) -> FloatArray:
        """Frames (T, 2, 21, 3) of one recording."""
        return self.frames[self.offsets[index] : self.offsets[index + 1]]

    def select(self, keep: NDArray[np.bool_]) -> Recordings:
        """The recordings where ``keep`` (N,) holds."""
        chosen = np.flatnonzero(keep)
        return from_sequences([self.sequence(int(i)) for i in chosen], self.labels[chosen], self.sources[chosen])


def from_sequences(sequences: Sequence[FloatArray], labels: Iterable[str], sources: Iterable[str]) -> Recordings:
    """Recordings from arrays (T, 2, 21, 3), their labels and their sources."""
    lengths = [len(sequence) for sequence in sequences]
    empty = np.zeros((0, 2, LANDMARKS, 3), np.float32)
    return Recordings(
        frames=np.concatenate([empty, *sequences]).astype(np.float32, copy=False),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        labels=np.asarray(list(labels), dtype=np.str_),
        sources=np.asarray(list(sources), dtype=np.str_),
    )


def join(parts: Sequence[Recordings]) -> Recordings:
    """All recordings of all parts."""
    sequences = [part.sequence(i) for part in parts for i in range(len(part))]
    return from_sequences(
        sequences, [label for p in parts for label in p.labels], [source for p in parts for source in p.sources]
    )


def read_data(root: Path, *, progress: Any = None) -> Recordings:
    """Everything below ``root`` in the layouts named above; `InputError` when nothing is there."""
    parts = [read_letters(path) for path in sorted((root / "letters_landmarks").glob("*.npz"))]
    if (root / "asl_signs").is_dir():
        parts.append(read_signs(root / "asl_signs", progress=progress))
    if not parts:
        raise InputError(
            "there are no recordings",
            where=root,
            expected="letters_landmarks/*.npz or asl_signs/train.csv in it",
            remedy="name the folder that holds them with --data",
        )
    return join(parts)


def read_letters(path: Path, source: str | None = None) -> Recordings:
    """``landmarks`` and ``labels`` of one npz; ``source`` defaults to the file's name.

    ``landmarks`` is (N, T, 2, 21, 3), (N, T, 21, 3), (N, 2, 21, 3) or (N, 21, 3). Hands without a slot get the one
    that ``hand`` (N,), "left" or "right", says; without that, the one that their palms speak for: nearly all letters
    show the palm, and a right palm has its index finger on the right of the picture. ``aspect`` (N,), width / height
    of the pictures, is brought to `ASPECT`, as is that of sources known to have another. Rows with an empty label are
    left out: they show no sign.
    """
    source = source or path.stem.removesuffix("_static")
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not {"landmarks", "labels"} <= set(archive.files):
                raise InputError("arrays are missing", where=path, expected="landmarks, labels", found=archive.files)
            landmarks, labels = np.asarray(archive["landmarks"], np.float32), archive["labels"].astype(np.str_)
            hand = archive["hand"] if "hand" in archive.files else None
            aspect = archive["aspect"] if "aspect" in archive.files else _ASPECTS.get(source, ASPECT)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError("cannot be read as npz", where=path, found=error) from error
    count = len(labels)
    if landmarks.ndim not in (3, 4, 5) or landmarks.shape[-2:] != (LANDMARKS, 3) or len(landmarks) != count:
        raise InputError(
            "landmarks have the wrong shape",
            where=path,
            expected=f"({count}, T, 2, 21, 3), or without T or without the hands",
            found=landmarks.shape,
        )
    if not np.isfinite(landmarks).all():
        raise InputError("landmarks are not finite", where=path, expected="zeros for a missing hand")
    if not (landmarks.ndim == 5 or (landmarks.ndim == 4 and landmarks.shape[1] == 2)):
        landmarks = _with_slots(landmarks, hand)
    frames = landmarks.reshape(count, -1, 2, LANDMARKS, 3)
    width = np.broadcast_to(np.asarray(aspect, np.float32) / ASPECT, (count,))
    frames = frames * np.stack([width, np.ones(count), width], axis=1)[:, None, None, None].astype(np.float32)
    named = np.flatnonzero(labels != "")
    return from_sequences([frames[i] for i in named], labels[named], [source] * len(named))


def made_by(path: Path) -> tuple[str, ...]:
    """The commands that made an npz of rendered stills, where it says so in ``made_by``."""
    with np.load(path, allow_pickle=False) as archive:
        text = str(archive["made_by"]) if "made_by" in archive.files else ""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _with_slots(hands: FloatArray, names: AnyArray | None) -> FloatArray:
    if names is not None:
        slot = np.where(names.astype(np.str_) == "left", LEFT, RIGHT)
        each = np.stack([slot == LEFT, slot == RIGHT], axis=1).reshape(len(hands), *(1,) * (hands.ndim - 3), 2, 1, 1)
        return np.asarray(hands[..., None, :, :] * each, np.float32)
    across, up = hands[..., 5, :2] - hands[..., 17, :2], hands[..., 9, :2] - hands[..., 0, :2]
    facing = across[..., 0] * up[..., 1] - across[..., 1] * up[..., 0]
    majority = RIGHT if np.median(np.sign(facing)) < 0 else LEFT
    both = np.zeros((*hands.shape[:-2], 2, LANDMARKS, 3), np.float32)
    both[..., majority, :, :] = hands
    return both


def read_signs(root: Path, *, progress: Any = None) -> Recordings:
    """The hands of every recording of ``train.csv``; the source is ``<folder>/<participant>``."""
    sequences, labels, sources = [], [], []
    for file, landmarks in each_recording(read_table(root), progress=progress):
        sequences.append(hands_of_rows(landmarks))
        labels.append(file.sign)
        sources.append(sign_source(root, file.participant))
    return from_sequences(sequences, labels, sources)


def sign_source(root: Path, participant: str) -> str:
    """The source that a participant of the table in ``root`` is: ``<folder>/<participant>``."""
    source = f"{root.name}/{participant}"
    return _SAME_SIGNER.get(source, source)
