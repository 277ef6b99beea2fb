"""From a bundle and a folder of data to scores: find what fits, run all variants over it, say what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import Score, score
from benchmarks.comparison import most_lost
from benchmarks.evaluation import evaluate
from benchmarks.report import Progress
from benchmarks.results import DataInfo, Misfit, SourceInfo
from edge.bundle.reader import Bundle
from edge.capture.pictures import natural_key
from edge.engines import Engine
from edge.errors import CheckFailedError
from export.datasets import Chosen, Part, choose, find_parts, seen_sources
from export.feeding import open_feeder


@dataclass(frozen=True, slots=True)
class DataOptions:
    """What is read: ``path``, at most ``limit`` examples of it (None: all) drawn by ``seed``, and whether files that
    cannot be read are left out."""

    path: Path
    limit: int | None = None
    skip_unreadable: bool = False
    seed: int = 0


def score_data(
    bundle: Bundle,
    options: DataOptions,
    engines: Mapping[str, Engine],
    *,
    reference: str,
    progress: Progress,
    rng: np.random.Generator,
) -> tuple[DataInfo, tuple[Score, ...]]:
    """Score every variant on the data; raises InputError or UsageError when none of it can be used."""
    manifest = bundle.manifest
    names = [label.name for label in manifest.labels]
    parts = find_parts(options.path)
    with open_feeder(bundle) as feeder:
        fitting = feeder.fitting(parts)
        chosen = choose(fitting, names, limit=options.limit, seed=options.seed, where=options.path)
        with progress.task("reading and classifying", len(chosen)) as advance:
            found = evaluate(
                chosen, feeder, engines, manifest, skip_unreadable=options.skip_unreadable, advance=advance
            )
    truth = chosen.truth[found.kept]
    sources = _source_names(chosen, found.kept)
    scores = score(found.answers, truth, sources, names=names, reference=reference, rng=rng)
    seen = seen_sources(manifest)
    rows = Counter(
        (name, chosen.part(i).format, chosen.source(i) in seen) for name, i in zip(sources, found.kept, strict=True)
    )
    right = found.answers[reference].labels[found.without_hand] == truth[found.without_hand]
    listed = sorted(rows.items(), key=lambda row: natural_key(Path(row[0][0].replace("/", " "))))
    info = DataInfo(
        path=str(options.path),
        n=len(truth),
        available=chosen.available,
        sources=tuple(SourceInfo(name, layout, n, known) for (name, layout, known), n in listed),
        unknown=dict(chosen.unknown),
        respelt=dict(chosen.respelt),
        misfits=_misfits(parts, fitting),
        without_hand=int(found.without_hand.sum()),
        without_hand_right=int(right.sum()),
        unreadable=found.unreadable,
        sources_known=bool(seen),
    )
    return info, scores


def check_floor(scores: Sequence[Score], floor: float, *, ungated: Sequence[str] = ()) -> None:
    """Raise CheckFailedError when the lower end of a variant's retention is below ``floor``;
    those of ``ungated`` names are not looked at.

    Where not one example was lost, resampling cannot find any: then up to `most_lost` of them may be.
    """
    for each in scores:
        if each.mcnemar is None or each.variant in ungated:
            continue
        low = each.retention.low if each.retention else 0.0
        if not each.mcnemar.lost:
            low = min(low, 1 - most_lost(each.n))
        if not low >= floor:
            raise CheckFailedError(
                f"{each.variant} keeps too little accuracy",
                expected=f"a retention of at least {floor:g}",
                found=f"{each.retention.value:.4f}, 95 % interval from {low:.4f}" if each.retention else "none",
                remedy="use a larger precision, or measure on more examples: the interval gets narrower",
            )


def _source_names(chosen: Chosen, rows: NDArray[np.intp]) -> list[str]:
    """The source of each example; with its layout where examples of several layouts have the same source."""
    layouts: dict[str, set[str]] = {}
    for part in chosen.parts:
        for name in np.unique(part.sources):
            layouts.setdefault(str(name), set()).add(part.format)
    names = []
    for row in rows:
        name, layout = chosen.source(int(row)), chosen.part(int(row)).format
        names.append(f"{name} ({layout})" if len(layouts[name]) > 1 else name)
    return names


def _misfits(parts: Sequence[Part], fitting: Sequence[Part]) -> tuple[Misfit, ...]:
    formats = {part.format for part in fitting}
    return tuple(Misfit(part.format, str(part.where), len(part)) for part in parts if part.format not in formats)
