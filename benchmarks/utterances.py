"""Recordings joined to utterances, and read as a stream.

A recording shows one sign; a signer makes one after the other. So recordings of one source are joined: letters by a
glide from the last hand of one to the first of the next (a doubled letter by a short absence of the hand), word signs
by a moment without hands, as their recordings begin and end anywhere. What is joined is not what a signer would do:
glides are straight, and recordings of single letters are posed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle.manifest import Manifest, Window
from edge.engines import Engine
from edge.errors import BundleError
from edge.recognition import LabelInfo, Recogniser
from edge.types import FloatArray, Hands, SignEvent
from export.training.data import Recordings

_GLIDE = 0.3
_AWAY = 0.6
_SHOWN = (0.6, 1.3)
"""Seconds that a letter of an utterance is shown, drawn evenly; a shorter recording is shown whole."""
_LETTERS = (3, 7)
_WORDS = (2, 4)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said, and the frames that say it: float32 (T, 2, 21, 3) at the window's rate."""

    said: tuple[str, ...]
    frames: FloatArray


def letters(recordings: Recordings, usable: Sequence[int], rate: float, rng: np.random.Generator) -> Utterance:
    """A few letters, gliding from one to the next."""
    names = rng.choice(sorted({str(recordings.labels[i]) for i in usable}), rng.integers(*_LETTERS))
    return spelled(recordings, usable, names.tolist(), rate=rate, rng=rng)


def spelled(
    recordings: Recordings, usable: Sequence[int], names: Sequence[str], *, rate: float, rng: np.random.Generator
) -> Utterance:
    """These letters, gliding from one to the next."""
    said: list[str] = []
    parts: list[FloatArray] = [_nobody(_AWAY, rate)]
    for name in names:
        frames = _shown(recordings.sequence(_one(recordings, usable, name, rng)), rate, rng)
        if said:
            parts.append(_nobody(_AWAY, rate) if said[-1] == name else _glide(parts[-1][-1], frames[0], rate))
        parts.append(frames)
        said.append(name)
    return Utterance(tuple(said), np.concatenate([*parts, _nobody(_AWAY, rate)]))


def words(recordings: Recordings, usable: Sequence[int], rate: float, rng: np.random.Generator) -> Utterance:
    """A few word signs, with a moment without hands between them."""
    names = rng.choice(sorted({str(recordings.labels[i]) for i in usable}), rng.integers(*_WORDS))
    parts: list[FloatArray] = [_nobody(_AWAY, rate)]
    for name in names:
        parts += [recordings.sequence(_one(recordings, usable, str(name), rng)), _nobody(_AWAY, rate)]
    return Utterance(tuple(str(name) for name in names), np.concatenate(parts))


def window_of(manifest: Manifest) -> Window:
    """The model's window; raises BundleError for a model that has none."""
    if manifest.input.window is None:
        raise BundleError("spelling is measured on sequence models", found=f"task {manifest.task}")
    return manifest.input.window


def read_utterance(manifest: Manifest, engine: Engine, utterance: Utterance) -> list[SignEvent]:
    """What is read in the frames of a camera of the window's rate; raises BundleError for a model without a window."""
    window = window_of(manifest)
    aspect = manifest.input.aspect or 4 / 3
    recogniser = Recogniser(
        engine,
        labels=[LabelInfo(e.name, e.kind, e.moving, e.text) for e in manifest.labels],
        rate=window.rate,
        window=window.frames,
        aspect=aspect,
        logits=manifest.output == "logits",
    )
    results = []
    for index, landmarks in enumerate(utterance.frames):
        visible = (float(landmarks[0].any()), float(landmarks[1].any()))
        time = index / window.rate
        results += recogniser.push(Hands(landmarks, visible, aspect, time=time, captured=time, index=index))
    results += recogniser.finish()
    return [result for result in results if isinstance(result, SignEvent)]


def edit_distance(read: Sequence[str], said: Sequence[str]) -> int:
    """Insertions, deletions and replacements that make one of the other (Levenshtein)."""
    row = list(range(len(said) + 1))
    for i, a in enumerate(read, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(said, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def _one(recordings: Recordings, usable: Sequence[int], name: str, rng: np.random.Generator) -> int:
    return int(rng.choice([i for i in usable if recordings.labels[i] == name]))


def _shown(frames: FloatArray, rate: float, rng: np.random.Generator) -> FloatArray:
    """A stretch of a recording that begins and ends with a hand."""
    seen = np.flatnonzero(np.any(frames, axis=(1, 2, 3)))
    if not len(seen):
        return frames
    frames = frames[seen[0] : seen[-1] + 1]
    length = min(len(frames), round(rng.uniform(*_SHOWN) * rate))
    begin = int(rng.integers(len(frames) - length + 1))
    piece = frames[begin : begin + length]
    return piece if piece[0].any() and piece[-1].any() else frames


def _glide(last: FloatArray, first: FloatArray, rate: float) -> FloatArray:
    """Frames (T, 2, 21, 3) between two, slow at both ends; without hands where they are not of the same slot."""
    both = np.array([bool(a.any() and b.any()) for a, b in zip(last, first, strict=True)])
    if not both.any():
        return _nobody(_AWAY, rate)
    share = np.linspace(0, 1, round(_GLIDE * rate) + 2)[1:-1]
    weight = (share * share * (3 - 2 * share)).astype(np.float32)[:, None, None, None]
    return np.asarray(((1 - weight) * last + weight * first) * both[:, None, None], np.float32)


def _nobody(seconds: float, rate: float) -> FloatArray:
    return np.zeros((round(seconds * rate), 2, 21, 3), np.float32)
