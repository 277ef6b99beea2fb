"""The models suite: several bundles in one table, with what their manifests say and what is measured here.

Task, classes, parameters and accuracies come from the manifests (whose measurements name their data and split), what a
document reports from `export.models.documents`; sizes are those of the files. Latency is taken at one thread, all
variants of all bundles in the same interleaved rounds. Retention is measured with ``--data``; without it, it is the one
that the manifest states, or else only the agreement on the bundle's golden inputs is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import fingerprint, models_report, report
from benchmarks.accuracy import Score
from benchmarks.classifier import add_data_options, data_options, golden_agreement
from benchmarks.contestants import Contestant, reference, variants
from benchmarks.latency import Method, golden_feeds
from benchmarks.models_results import ModelRow, ModelsResult, VariantRow
from benchmarks.output import save
from benchmarks.scoring import DataOptions, score_data
from benchmarks.timing import Case, Timings, interleave
from edge.bundle.manifest import Measurement
from edge.bundle.reader import Bundle, open_bundle
from edge.cli import Parser
from edge.engines import Engine
from edge.errors import InputError, UsageError
from edge.statistics import percentiles, ratio_of_medians
from export.models.documents import REPORTED

_OTHER_SCORES = ("top-5", "macro F1", "micro F1")
_MEAN = "mean over"
"""How the trainings name the data of a figure that weighs all sources alike."""


@dataclass(frozen=True, slots=True)
class _Entrant:
    bundle: Bundle
    contestants: tuple[Contestant, ...]
    engines: dict[str, Engine]


def main(argv: Sequence[str]) -> int:
    """Run the suite; raises FingerpostError."""
    options = _parser().parse_args(argv)
    if options.iterations < 1:
        raise UsageError("too few iterations", expected="--iterations 1 or more", found=options.iterations)
    with ExitStack() as stack:
        progress = stack.enter_context(report.progress())
        bundles = [stack.enter_context(open_bundle(path)) for path in options.bundles]
        result = measure(bundles, data=data_options(options), method=Method(options.iterations), progress=progress)
    if options.save is not None:
        save(result, options.save)
    if options.json:
        report.print_json(result)
    else:
        (models_report.print_markdown if options.markdown else models_report.print_models)(result)
    return 0


def measure(
    bundles: Sequence[Bundle],
    *,
    data: DataOptions | None,
    method: Method,
    progress: report.Progress,
    seed: int = 0,
) -> ModelsResult:
    """Measure all variants of all bundles; ``seed`` fixes the bootstrap's resamples."""
    rng = np.random.default_rng(seed)
    machine = fingerprint.take()
    with ExitStack() as stack:
        entrants = []
        for bundle in bundles:
            contestants = variants(bundle)
            engines = {each.name: each.open(1) for each in contestants}
            for engine in engines.values():
                stack.callback(engine.close)
            entrants.append(_Entrant(bundle, contestants, engines))
        scores = [_scores(entrant, data, progress, rng) for entrant in entrants]
        timings = _timings(entrants, method, progress)
        rows = tuple(
            _row(entrant, own, timings[number], note, rng)
            for number, (entrant, (own, note)) in enumerate(zip(entrants, scores, strict=True))
        )
    return ModelsResult(
        suite="models",
        rows=rows,
        data=str(data.path) if data else "",
        iterations=method.iterations,
        warmup=method.warmup,
        machine=machine,
    )


def headlines(measurements: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """The accuracies that stand for the others: of every subject in every split the first mean over sources, or the
    first where there is none.

    A subject is what stands before "among" in a measurement's name; other scores than accuracy, and what other variants
    keep, are left to the model card.
    """
    found: dict[tuple[str, str], Measurement] = {}
    for each in measurements:
        if each.variant != "fp32" or each.name.startswith(_OTHER_SCORES):
            continue
        key = (each.split, each.name.partition(" among ")[0])
        if key not in found or (each.data.startswith(_MEAN) and not found[key].data.startswith(_MEAN)):
            found[key] = each
    return tuple(found.values())


def _stated(measurements: Sequence[Measurement], variant: str) -> dict[str, Any] | None:
    """The retention of a variant that the export measured."""
    own = (each for each in measurements if each.name == "retention" and each.variant == variant)
    found = next(own, None)
    return found.model_dump() if found else None


def _scores(
    entrant: _Entrant, data: DataOptions | None, progress: report.Progress, rng: np.random.Generator
) -> tuple[tuple[Score, ...], str]:
    """The scores on the data, or why there are none."""
    if data is None:
        return (), ""
    try:
        _, scores = score_data(
            entrant.bundle,
            data,
            entrant.engines,
            reference=reference(entrant.contestants),
            progress=progress,
            rng=rng,
        )
    except (InputError, UsageError) as error:  # one of several bundles: the others can still be measured
        return (), f"{entrant.bundle.title}: {error}"
    return scores, ""


def _timings(entrants: Sequence[_Entrant], method: Method, progress: report.Progress) -> list[dict[str, Timings]]:
    cases, owners = [], []
    for number, entrant in enumerate(entrants):
        first = {name: array[:1] for name, array in golden_feeds(entrant.bundle).items()}
        for variant, engine in entrant.engines.items():
            cases.append(Case(variant, partial(engine.run, first)))
            owners.append(number)
    with progress.task("latency, 1 thread", method.iterations + method.warmup) as advance:
        timed = interleave(cases, rounds=method.iterations, warmup=method.warmup, advance=advance)
    found: list[dict[str, Timings]] = [{} for _ in entrants]
    for owner, timing in zip(owners, timed, strict=True):
        found[owner][timing.name] = timing
    return found


def _row(
    entrant: _Entrant, scores: tuple[Score, ...], timings: dict[str, Timings], note: str, rng: np.random.Generator
) -> ModelRow:
    manifest, base = entrant.bundle.manifest, reference(entrant.contestants)
    by_variant = {score.variant: score for score in scores}
    on_golden = golden_agreement(entrant.engines, golden_feeds(entrant.bundle), base)
    return ModelRow(
        bundle=str(entrant.bundle.path),
        title=entrant.bundle.title,
        model=manifest.origin.model,
        target=manifest.target,
        task=manifest.task,
        classes=len(manifest.labels),
        parameters=manifest.origin.parameters,
        reported=REPORTED.get(manifest.origin.model, ""),
        measured=tuple(each.model_dump() for each in headlines(manifest.measurements)),
        variants=tuple(
            VariantRow(
                variant=each.name,
                size=each.size,
                wall=percentiles(timings[each.name].wall),
                cpu_ratio=None
                if each.name == base
                else ratio_of_medians(timings[each.name].cpu, timings[base].cpu, rng=rng),
                accuracy=by_variant[each.name].accuracy if scores else None,
                retention=by_variant[each.name].retention if scores else None,
                n=by_variant[each.name].n if scores else 0,
                stated=_stated(manifest.measurements, each.name),
                golden=on_golden[each.name].agreement,
            )
            for each in entrant.contestants
        ),
        note=note,
    )


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks models", description=__doc__)
    parser.add_argument("bundles", type=Path, nargs="+", metavar="BUNDLE", help="the bundles to measure")
    add_data_options(parser)
    parser.add_argument("--iterations", type=int, default=100, metavar="N", help="measured rounds (100)")
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep the result as JSON, named after the machine")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="one table in Markdown")
    form.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser
