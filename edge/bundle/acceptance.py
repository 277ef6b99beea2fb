"""The device picks: each variant of the classifier proves itself on the golden inputs, the fastest good one runs.

A precision that is fast on one board is slow on another, and a processor may compute it wrongly (saturating int8
products on x86 with AVX2 only). So each variant answers the bundle's golden inputs one by one, as it will run. It is
barred, with a reason, when it cannot be loaded, gives numbers that are not finite, strays from the golden outputs
further than the manifest's parity lets expect, or when the manifest says that too little accuracy is retained. Those
that pass are timed against each other, run by run in turn, so that whatever else the machine does hits all of them
alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

import numpy as np

from edge.bundle.manifest import Manifest, Network, Precision
from edge.bundle.reader import Bundle
from edge.errors import BundleError, CheckFailedError, EngineError
from edge.types import AnyArray

if TYPE_CHECKING:
    from edge.engines.base import Engine  # its package imports a runtime, which `edge status` does not need

EngineFactory = Callable[[bytes, str], "Engine"]
"""Makes an engine of a serialised network; the second argument names it in errors."""

RETENTION_FLOOR = 0.98
"""Least share of fp32's accuracy (by the manifest) that a variant must retain to be chosen."""
BUDGET_S = 1.0
_REFERENCE: Precision = "fp32"
_CLEARLY = 0.95
"""Another precision than fp32 must take at most this share of its time; less is noise, and fp32 is the safer."""
_SLACK = 2.0
"""A device's rounding differs from the exporter's: a variant may stray this many times its parity ..."""
_GROUND = 1e-3
"""... and this share of the largest golden output."""
_LABELS_LESS = 0.02
"""Share of golden labels by which a variant may agree less than its parity says."""
_AGREEMENT = 0.99
"""Share of golden labels asked for where the manifest has no parity."""


@dataclass(frozen=True, slots=True)
class VariantResult:
    """How one variant did. ``barred`` says why it may not run; times in milliseconds. None is what was not measured."""

    variant: Precision
    barred: str
    agreement: float
    max_abs_diff: float | None
    retention: float | None = None
    median_ms: float | None = None
    p90_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What was chosen, on what kind of engine, and how every variant did."""

    chosen: Precision
    engine: str
    results: tuple[VariantResult, ...]

    def describe(self) -> str:
        """One line for people: ``int8 (0.64 ms; fp32 1.90 ms)``."""
        parts = []
        for result in self.results:
            speed = f"{result.median_ms:.2f} ms" if result.median_ms is not None else "not timed"
            parts.append((result, f"barred: {result.barred}" if result.barred else speed))
        mine = next(text for result, text in parts if result.variant == self.chosen)
        others = "".join(f"; {result.variant} {text}" for result, text in parts if result.variant != self.chosen)
        return f"{self.chosen} ({mine}{others})"


def accept(
    bundle: Bundle,
    make_engine: EngineFactory,
    *,
    variants: Sequence[Precision] | None = None,
    floor: float = RETENTION_FLOOR,
    budget: float = BUDGET_S,
    clock: Callable[[], float] = time.perf_counter,
) -> Acceptance:
    """Try the classifier's variants (all, or those named) and choose.

    ``budget`` seconds are spent on timing beyond one pass over the golden inputs. Raises CheckFailedError, with each
    variant's reason, when none may run; BundleError when the golden file does not fit the networks.
    """
    manifest = bundle.manifest
    wanted = manifest.variants("classifier") if variants is None else tuple(variants)
    golden = bundle.golden()
    engines: dict[Precision, Engine] = {}
    results: dict[Precision, VariantResult] = {}
    try:
        for variant in wanted:
            model = bundle.network("classifier", variant)
            try:
                engines[variant] = make_engine(model, f"{bundle.title} {variant}")
                results[variant] = _judge(bundle, variant, engines[variant], golden, floor)
            except EngineError as error:
                results[variant] = VariantResult(variant, str(error), 0.0, None)
        good = {v: engines[v] for v in wanted if not results[v].barred}
        if not good:
            raise CheckFailedError(
                "no variant of the bundle may run on this machine",
                where=bundle.path,
                found="; ".join(f"{result.variant}: {result.barred}" for result in results.values()),
                remedy="export the bundle again for this machine, or stay with the bundle that runs",
            )
        times = _time(good, _samples(bundle, next(iter(good.values())), golden), budget, clock)
        timed = tuple(_timed(results[v], times.get(v)) for v in wanted)
        chosen = _fastest(timed)
        return Acceptance(chosen, good[chosen].name, timed)
    finally:
        for engine in engines.values():
            engine.close()


def check_golden(bundle: Bundle, engine: Engine) -> None:
    """One golden inference on an engine that is about to run, a few milliseconds; raises CheckFailedError.

    For a start at which the remembered choice still holds: the machine may have become faulty since.
    """
    feeds, expected = _samples(bundle, engine, bundle.golden())[0]
    answer = next(iter(engine.run(feeds).values()))
    if answer.shape != expected.shape or not np.isfinite(answer).all() or answer.argmax() != expected.argmax():
        raise CheckFailedError(
            "the network does not give the golden answer on this machine",
            where=bundle.path,
            expected=f"class {int(expected.argmax())}",
            found=f"class {int(answer.argmax())}" if np.isfinite(answer).all() else "numbers that are not finite",
            remedy="install the bundle again; if that does not help, the machine's memory may be faulty",
        )


def _judge(
    bundle: Bundle, variant: Precision, engine: Engine, golden: Mapping[str, AnyArray], floor: float
) -> VariantResult:
    samples = _samples(bundle, engine, golden)
    entry = bundle.manifest.network("classifier", variant)
    scale = max(1.0, *(float(np.abs(output).max()) for _feeds, output in samples))
    worst, agreed = 0.0, 0
    for feeds, expected in samples:
        answer = next(iter(engine.run(feeds).values()))
        if answer.shape != expected.shape or not np.isfinite(answer).all():
            found = "its output is not finite" if answer.shape == expected.shape else f"its output is {answer.shape}"
            return VariantResult(variant, found, 0.0, None)
        worst = max(worst, float(np.abs(answer.astype(np.float64) - expected).max()))
        agreed += int(answer.argmax()) == int(expected.argmax())
    agreement, retention = agreed / len(samples), _retention(bundle.manifest, variant)
    barred = _reason(entry, worst, agreement, scale)
    if not barred and variant != _REFERENCE and retention is not None and retention < floor:
        barred = f"it retains {retention:.1%} of fp32's accuracy, {floor:.0%} are asked for"
    return VariantResult(variant, barred, agreement, worst, retention)


def _reason(entry: Network | None, worst: float, agreement: float, scale: float) -> str:
    parity = entry.parity if entry else None
    floor = _AGREEMENT
    if parity is not None:
        tolerance = _SLACK * parity.max_abs_diff + _GROUND * scale
        if worst > tolerance:
            return f"it differs from the golden outputs by {worst:.3g}, at most {tolerance:.3g} are expected"
        if parity.label_agreement is not None:
            floor = parity.label_agreement - _LABELS_LESS
    if agreement < floor:
        return f"it gives {agreement:.1%} of the golden labels, {floor:.1%} are expected"
    return ""


def _retention(manifest: Manifest, variant: Precision) -> float | None:
    """The variant's retention by the manifest's measurements, else its label agreement; None if unknown."""
    if variant == _REFERENCE:
        return 1.0
    for measurement in manifest.measurements:
        if measurement.name == "retention" and measurement.variant == variant:
            return measurement.value
    entry = manifest.network("classifier", variant)
    return entry.parity.label_agreement if entry and entry.parity else None


def _samples(
    bundle: Bundle, engine: Engine, golden: Mapping[str, AnyArray]
) -> list[tuple[dict[str, AnyArray], AnyArray]]:
    """Feeds and expected output, one golden input at a time."""
    names = [spec.name for spec in engine.inputs]
    output = engine.outputs[0].name
    lengths = {name: golden[name].shape[0] if name in golden and golden[name].ndim else 0 for name in (*names, output)}
    count = lengths[output]
    if not count or set(lengths.values()) != {count}:
        raise BundleError(
            "the golden inputs do not fit the network",
            where=bundle.path,
            expected=f"arrays {', '.join(lengths)} of one length",
            found=", ".join(f"{name} {array.shape}" for name, array in golden.items()) or "no arrays",
            remedy="export the bundle again",
        )
    return [({name: golden[name][i : i + 1] for name in names}, golden[output][i : i + 1]) for i in range(count)]


def _time(
    engines: Mapping[Precision, Engine],
    samples: Sequence[tuple[dict[str, AnyArray], AnyArray]],
    budget: float,
    clock: Callable[[], float],
) -> dict[Precision, list[float]]:
    taken: dict[Precision, list[float]] = {variant: [] for variant in engines}
    begin, turn = clock(), 0
    while turn < 2 or clock() - begin < budget:
        feeds, _output = samples[turn % len(samples)]
        for variant, engine in engines.items():
            before = clock()
            engine.run(feeds)
            taken[variant].append(clock() - before)
        turn += 1
    return taken


def _timed(result: VariantResult, seconds: Sequence[float] | None) -> VariantResult:
    if not seconds:
        return result
    p90 = quantiles(seconds, n=10, method="inclusive")[-1]
    return VariantResult(
        result.variant,
        result.barred,
        result.agreement,
        result.max_abs_diff,
        result.retention,
        median(seconds) * 1e3,
        p90 * 1e3,
    )


def _fastest(results: Sequence[VariantResult]) -> Precision:
    times = {result.variant: result.median_ms for result in results if not result.barred and result.median_ms}
    best = min(times, key=lambda variant: times[variant])
    gained = _REFERENCE not in times or times[best] < _CLEARLY * times[_REFERENCE]
    return best if gained else _REFERENCE
