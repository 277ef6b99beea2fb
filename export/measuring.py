"""How much accuracy each variant keeps, on labelled examples that somebody gave: the figures in a bundle's manifest.

Measured as the device will run it: the bundle is read back, every variant answers the same examples one at a time (a
dynamically quantised network rounds by the range of the whole batch), and the interval of the ratio is the one that
the benchmark gives. float16 is left out: ONNX Runtime's CPU computes such a graph in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Manifest, Measurement, Precision
from edge.bundle.reader import Bundle, open_bundle
from edge.engines import Engine, OnnxEngine
from edge.statistics import retention
from export.datasets import Chosen, choose, find_parts, seen_sources
from export.feeding import NOTHING, Feeder, open_feeder

_REFERENCE: Precision = "fp32"
_MEASURED: tuple[Precision, ...] = ("fp32", "int8")
_SEED = 20260103


def measure_retention(
    path: Path, data: Path, *, progress: Callable[[str], None] = lambda text: None
) -> tuple[Measurement, ...]:
    """The retention of every int8 variant of the classifier in the bundle at ``path``, on the examples in ``data``.

    Empty when the bundle has none, or float32 gets nothing right. Raises InputError when the examples cannot be read
    or have no label that the model knows, UsageError when they are nothing that the model reads.
    """
    with open_bundle(path) as bundle, open_feeder(bundle) as feeder:
        names = [label.name for label in bundle.manifest.labels]
        chosen = choose(feeder.fitting(find_parts(data)), names, where=data)
        right = _right(bundle, feeder, chosen, progress)
        sources = [chosen.source(i) for i in range(len(chosen))]
        what = f"{', '.join(sorted({part.where.name for part in chosen.parts}))}, {_count(len(set(sources)), 'source')}"
        split = _split(bundle.manifest, frozenset(sources))
    measured = []
    for variant in right:
        if variant == _REFERENCE:
            continue
        found = retention(right[variant], right[_REFERENCE], sources, rng=np.random.default_rng(_SEED))
        if found is not None:
            measured.append(
                Measurement(
                    name="retention",
                    value=found.value,
                    low=found.low,
                    high=found.high,
                    n=len(chosen),
                    variant=variant,
                    data=what,
                    split=split,
                )
            )
    return tuple(measured)


def _right(
    bundle: Bundle, feeder: Feeder, chosen: Chosen, progress: Callable[[str], None]
) -> Mapping[Precision, NDArray[np.bool_]]:
    """Which examples (n,) each variant gets right; one in which no hand is found is right where it shows none."""
    variants = [v for v in bundle.manifest.variants("classifier") if v in _MEASURED]
    engines: dict[Precision, Engine] = {}
    right = {variant: np.zeros(len(chosen), np.bool_) for variant in variants}
    try:
        for variant in variants:
            engines[variant] = OnnxEngine(bundle.network("classifier", variant), label=f"{bundle.title} {variant}")
        for index in range(len(chosen)):
            if index % 1000 == 0:
                progress(f"retention, {index} of {len(chosen)} examples")
            feeds = feeder.convert[chosen.part(index).format](chosen.read(index))
            if feeds is None:
                shows_none = bundle.manifest.labels[chosen.truth[index]].name == NOTHING
                for answers in right.values():
                    answers[index] = shows_none
                continue
            for variant, engine in engines.items():
                answer = engine.run(feeds)[engine.outputs[0].name]
                right[variant][index] = np.isfinite(answer).all() and int(answer.argmax()) == chosen.truth[index]
    finally:
        for engine in engines.values():
            engine.close()
    return right


def _split(manifest: Manifest, sources: frozenset[str]) -> str:
    """What is known of these sources: a ratio holds on seen recordings too, but whoever reads it must know."""
    trained = seen_sources(manifest)
    if not trained:
        return "it is not known whether the model was trained on these"
    seen = sources & trained
    if not seen:
        return "sources that the model was not trained on"
    if seen == sources:
        return "all sources were seen in training"
    return f"{len(seen)} of the sources seen in training"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"
