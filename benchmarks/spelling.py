"""The spelling suite: recordings joined to utterances, read as a stream, and compared with what was said.

A recording shows one sign; a signer makes one after the other. So recordings of one source are joined: letters by a
glide from the last hand of one to the first of the next (a doubled letter by a short absence of the hand), word signs
by a moment without hands, as their recordings begin and end anywhere. The recogniser reads the whole utterance as it
would a camera, and the edit distance between what it read and what was said, over the length of what was said, is the
error rate. Where the cuts lie is therefore the recogniser's to find, which accuracy on single recordings does not show.

What is joined is not what a signer would do: glides are straight, and recordings of single letters are posed.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks import report
from benchmarks.report import Track
from edge.bundle.manifest import Manifest
from edge.bundle.reader import open_bundle
from edge.cli import Parser
from edge.engines import Engine, OnnxEngine
from edge.errors import BundleError, UsageError
from edge.recognition import LabelInfo, Recogniser
from edge.types import FloatArray, Hands, SignEvent
from export.datasets import seen_sources
from export.training.data import Recordings, read_data

_GLIDE = 0.3
_AWAY = 0.6
_SHOWN = (0.6, 1.3)
"""Seconds that a letter of an utterance is shown, drawn evenly; a shorter recording is shown whole."""
_LETTERS = (3, 7)
_WORDS = (2, 4)
_SEEN = "seen in training"
_UNSEEN = "never seen in training"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said, and the frames that say it: float32 (T, 2, 21, 3) at the window's rate."""

    said: tuple[str, ...]
    frames: FloatArray


@dataclass(frozen=True, slots=True)
class Result:
    """One source's letters or words. ``rate`` = ``distance`` / ``signs``; ``exact`` of ``utterances`` without error."""

    source: str
    kind: str
    seen: str
    utterances: int
    signs: int
    distance: int
    exact: int
    rate: float


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if options.utterances < 1:
        raise UsageError("too few utterances", expected="--utterances 1 or more", found=options.utterances)
    with open_bundle(options.bundle) as bundle:
        engine = OnnxEngine(bundle.network("classifier", options.variant), label=bundle.title)
        seen = seen_sources(bundle.manifest)
        with report.progress() as progress:
            recordings = read_data(options.data, progress=progress.track)
            results = measure(
                bundle.manifest, engine, recordings, seen=seen, utterances=options.utterances, track=progress.track
            )
        engine.close()
        title = bundle.title
    if options.json:
        report.print_json({"bundle": title, "variant": options.variant, "results": [asdict(r) for r in results]})
    else:
        report.wide_console().print(_table(f"{title}, {options.variant}", results))
    return 0


def measure(
    manifest: Manifest,
    engine: Engine,
    recordings: Recordings,
    *,
    seen: frozenset[str],
    utterances: int = 40,
    seed: int = 0,
    track: Track = lambda items, title: items,
) -> tuple[Result, ...]:
    """Read ``utterances`` utterances of the letters and of the words of every source that has three or more of them.

    Where the sources seen in training are known, only signs that one of them shows are asked for: a network cannot
    read what it was never shown.
    """
    window = manifest.input.window
    if window is None:
        raise BundleError("spelling is measured on sequence models", found=f"task {manifest.task}")
    taught = set(recordings.labels[np.isin(recordings.sources, sorted(seen))].tolist()) if seen else None
    kinds = {label.name: label.kind for label in manifest.labels if taught is None or label.name in taught}
    lengths = recordings.lengths
    results = []
    for source in track(sorted(set(recordings.sources.tolist())), "reading utterances"):
        for kind, joined in (("letter", letters), ("word", words)):
            usable = [
                int(i)
                for i in np.flatnonzero((recordings.sources == source) & (lengths >= 5))
                if kinds.get(str(recordings.labels[i])) == kind
            ]
            if len({str(recordings.labels[i]) for i in usable}) < 3:
                continue
            rng = np.random.default_rng(seed)
            distances, signs = [], 0
            for _ in range(utterances):
                utterance = joined(recordings, usable, window.rate, rng)
                recogniser = Recogniser(
                    engine,
                    labels=[LabelInfo(e.name, e.kind, e.moving, e.text) for e in manifest.labels],
                    rate=window.rate,
                    window=window.frames,
                    aspect=manifest.input.aspect or 4 / 3,
                    logits=manifest.output == "logits",
                )
                read = read_signs(recogniser, utterance.frames, window.rate, manifest.input.aspect or 4 / 3)
                distances.append(edit_distance(read, utterance.said))
                signs += len(utterance.said)
            total = sum(distances)
            known = _SEEN if source in seen else _UNSEEN
            results.append(
                Result(source, kind, known, utterances, signs, total, distances.count(0), round(total / signs, 4))
            )
    return tuple(results)


def letters(recordings: Recordings, usable: Sequence[int], rate: float, rng: np.random.Generator) -> Utterance:
    """A few letters, gliding from one to the next."""
    said: list[str] = []
    parts: list[FloatArray] = [_nobody(_AWAY, rate)]
    for name in rng.choice(sorted({str(recordings.labels[i]) for i in usable}), rng.integers(*_LETTERS)):
        frames = _shown(recordings.sequence(_one(recordings, usable, str(name), rng)), rate, rng)
        if said:
            parts.append(_nobody(_AWAY, rate) if said[-1] == name else _glide(parts[-1][-1], frames[0], rate))
        parts.append(frames)
        said.append(str(name))
    return Utterance(tuple(said), np.concatenate([*parts, _nobody(_AWAY, rate)]))


def words(recordings: Recordings, usable: Sequence[int], rate: float, rng: np.random.Generator) -> Utterance:
    """A few word signs, with a moment without hands between them."""
    names = rng.choice(sorted({str(recordings.labels[i]) for i in usable}), rng.integers(*_WORDS))
    parts: list[FloatArray] = [_nobody(_AWAY, rate)]
    for name in names:
        parts += [recordings.sequence(_one(recordings, usable, str(name), rng)), _nobody(_AWAY, rate)]
    return Utterance(tuple(str(name) for name in names), np.concatenate(parts))


def read_signs(recogniser: Recogniser, frames: FloatArray, rate: float, aspect: float) -> tuple[str, ...]:
    """What is read in the frames of a camera of ``rate`` frames a second."""
    results = []
    for index, landmarks in enumerate(frames):
        visible = (float(landmarks[0].any()), float(landmarks[1].any()))
        time = index / rate
        results += recogniser.push(Hands(landmarks, visible, aspect, time=time, captured=time, index=index))
    results += recogniser.finish()
    return tuple(result.label for result in results if isinstance(result, SignEvent))


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


def _table(title: str, results: Sequence[Result]) -> Table:
    table = Table(title=f"{title}: recordings joined to utterances, edit distance by source", title_justify="left")
    for column in ("source", "signs"):
        table.add_column(column)
    for column in ("utterances", "read exactly", "signs said", "edits", "error rate"):
        table.add_column(column, justify="right")
    table.add_column("the source was")
    for r in results:
        counts = (r.utterances, r.exact, r.signs, r.distance)
        table.add_row(r.source, f"{r.kind}s", *map(str, counts), f"{r.rate:.3f}", r.seen)
    return table


def _parser() -> ArgumentParser:
    parser = Parser(prog="python -m benchmarks spelling", description="Read recordings joined to utterances.")
    parser.add_argument("--bundle", type=Path, required=True, help="the bundle whose classifier reads")
    parser.add_argument("--data", type=Path, required=True, help="the recordings, laid out as the README says")
    parser.add_argument("--variant", default="fp32", choices=("fp32", "fp16", "int8"), help="default: fp32")
    parser.add_argument("--utterances", type=int, default=40, help="of letters and of words, per source; default: 40")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    return parser
