"""The spelling suite: recordings joined to utterances, read as a stream, and compared with what was said.

Recordings of one source are joined (`benchmarks.utterances`); the recogniser reads the whole utterance as it would a
camera, and the edit distance between what it read and what was said, over the length of what was said, is the error
rate. Where the cuts lie is therefore the recogniser's to find, which accuracy on single recordings does not show.

Letters are measured twice: drawn at random, where nothing can correct them, and as common English words, before and
after the spelling is corrected as `edge run --sentence` does (`benchmarks.correction`).
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks import report
from benchmarks.correction import correction_table, measure_correction
from benchmarks.report import Track
from benchmarks.utterances import edit_distance, letters, read_utterance, window_of, words
from edge.bundle.manifest import Manifest
from edge.bundle.reader import open_bundle
from edge.cli import Parser
from edge.engines import Engine, OnnxEngine
from edge.errors import UsageError
from export.datasets import seen_sources
from export.training.data import Recordings, read_data

_SEEN = "seen in training"
_UNSEEN = "never seen in training"


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
            corrected = measure_correction(
                bundle.manifest, engine, recordings, seen=seen, words=options.utterances, track=progress.track
            )
        engine.close()
        title = bundle.title
    if options.json:
        report.print_json(
            {
                "bundle": title,
                "variant": options.variant,
                "results": [asdict(r) for r in results],
                "correction": [asdict(r) for r in corrected],
            }
        )
    else:
        report.wide_console().print(_table(f"{title}, {options.variant}", results))
        report.wide_console().print(correction_table(f"{title}, {options.variant}", corrected))
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
    window = window_of(manifest)
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
                read = [sign.label for sign in read_utterance(manifest, engine, utterance)]
                distances.append(edit_distance(read, utterance.said))
                signs += len(utterance.said)
            total = sum(distances)
            known = _SEEN if source in seen else _UNSEEN
            results.append(
                Result(source, kind, known, utterances, signs, total, distances.count(0), round(total / signs, 4))
            )
    return tuple(results)


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
