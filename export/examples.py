"""Labelled recordings as input for a bundle's classifier.

The recordings carry no timestamps: each is one sign from begin to end, and becomes one window. A recording that is
longer than the window is thinned to its length, a shorter one is followed by masked frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edge.bundle.manifest import Manifest
from edge.errors import InputError, UsageError
from edge.types import AnyArray, FloatArray

_RECORDINGS = "recordings "
"""What stands before a source's name in the licence of training data, see `export.training.shipping`."""


class Track(Protocol):
    """Hands out the items one by one and shows how far it is."""

    def __call__(self, items: Sequence[Any], title: str) -> Iterable[Any]:
        """The same items."""
        ...


@dataclass(frozen=True, slots=True)
class Examples:
    """``feeds`` are the classifier's inputs, (n, ...) by tensor name; ``labels`` and ``sources`` have n names.

    Only labels that the model knows are here; ``unknown`` counts the others. ``seen`` are those of the sources that the
    bundle says its model was trained on.
    """

    path: str
    feeds: Mapping[str, AnyArray]
    labels: tuple[str, ...]
    sources: tuple[str, ...]
    unknown: Mapping[str, int]
    seen: tuple[str, ...]


def read_examples(path: Path, manifest: Manifest, track: Track) -> Examples:
    """The recordings below ``path``; raises InputError when none fits, UsageError for a model that reads no hands."""
    if manifest.task != "hand-sequence" or manifest.input.window is None:
        raise UsageError(
            "--data measures models that read hand landmarks",
            expected="a bundle with task hand-sequence",
            found=f"{manifest.name} with task {manifest.task}",
            remedy="leave --data out, and only agreement on the golden inputs is measured",
        )
    from export.training.data import read_data

    recordings = read_data(path, progress=track)
    names = {label.name for label in manifest.labels}
    labels = [str(name) for name in recordings.labels]
    known = [i for i, name in enumerate(labels) if name in names]
    if not known:
        raise InputError(
            "no recording has a label that the model knows",
            where=path,
            expected=", ".join(sorted(names)[:5]) + ", ...",
            found=", ".join(sorted(set(labels))[:5]) + ", ...",
        )
    frames = manifest.input.window.frames
    windows = [window(recordings.sequence(i), frames) for i in known]
    sources = tuple(str(recordings.sources[i]) for i in known)
    return Examples(
        path=str(path),
        feeds={"landmarks": np.stack([w[0] for w in windows]), "mask": np.stack([w[1] for w in windows])},
        labels=tuple(labels[i] for i in known),
        sources=sources,
        unknown=Counter(name for name in labels if name not in names),
        seen=tuple(sorted(seen_sources(manifest) & set(sources))),
    )


def window(sequence: FloatArray, frames: int) -> tuple[FloatArray, FloatArray]:
    """(T, 2, 21, 3) to landmarks (frames, 2, 21, 3) and mask (frames,): whole where it fits, else evenly thinned."""
    sequence = thinned(sequence, frames)
    landmarks = np.zeros((frames, *sequence.shape[1:]), np.float32)
    mask = np.zeros(frames, np.float32)
    landmarks[: len(sequence)], mask[: len(sequence)] = sequence, 1
    return landmarks, mask


def thinned(sequence: FloatArray, frames: int) -> FloatArray:
    """(T, ...) to at most so many ``frames``, evenly from the first to the last."""
    if len(sequence) <= frames:
        return sequence
    return np.asarray(sequence[np.round(np.linspace(0, len(sequence) - 1, frames)).astype(int)], np.float32)


def seen_sources(manifest: Manifest) -> frozenset[str]:
    """The recordings that the bundle's weights were trained on, by what its licences name."""
    return frozenset(
        licence.subject.removeprefix(_RECORDINGS)
        for licence in manifest.licences
        if licence.subject.startswith(_RECORDINGS)
    )
