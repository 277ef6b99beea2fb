"""The device picks: each variant of a network proves itself on the golden inputs, the fastest good one runs.

A precision that is fast on one board is slow on another, and a processor may compute it wrongly (saturating int8
products on x86 with AVX2 only). So each variant answers the bundle's golden inputs one by one, as it will run. It is
barred, with a reason, when it cannot be loaded, gives numbers that are not finite, strays from the golden outputs
further than the manifest's parity lets expect, or when the manifest says that too little accuracy is retained. Those
that pass race each other (`edge.bundle.race`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.bundle.golden import Comparison, compare, has_golden, samples
from edge.bundle.manifest import Manifest, Network, Precision, Role
from edge.bundle.race import Times, fastest, race, ratios
from edge.bundle.reader import Bundle
from edge.errors import CheckFailedError, EngineError
from edge.statistics import Interval
from edge.types import AnyArray

if TYPE_CHECKING:
    from edge.engines.base import Engine  # its package imports a runtime, which `edge status` does not need

EngineFactory = Callable[[bytes, str], "Engine"]
"""Makes an engine of a serialised network; the second argument names it in errors: ``<name> <version> <role>
<variant>``."""

RETENTION_FLOOR = 0.98
"""Least share of fp32's accuracy (by the manifest) that a variant of the classifier must retain to be chosen."""
BUDGET_S = 1.0
"""Seconds that the race of one role may take."""
_REFERENCE: Precision = "fp32"
_SLACK = 2.0
"""A device's rounding differs from the exporter's: a variant may stray this many times its parity ..."""
_GROUND = 1e-3
"""... and this share of the largest golden output."""
_SHIFT = 0.01
"""Share of the picture's side by which landmarks may be off in the mean: a hand fills half of its picture, so this is
2 % of hand size, where the int8 network differs by 0.4 % on the golden pictures."""
_LABELS_LESS = 0.02
"""Share of golden answers by which a variant may agree less than its parity says."""
_AGREEMENT = 0.99
"""Share of golden answers asked for where the manifest has no label agreement."""


@dataclass(frozen=True, slots=True)
class VariantResult:
    """How one variant did. ``barred`` says why it may not run; times in milliseconds. None is what was not measured.

    ``agreement``, ``max_abs_diff`` and ``shift`` are those of `edge.bundle.golden.Comparison`; ``ratio`` is the median
    time over fp32's.
    """

    variant: Precision
    barred: str
    agreement: float
    max_abs_diff: float | None
    retention: float | None = None
    median_ms: float | None = None
    p90_ms: float | None = None
    ratio: Interval | None = None
    shift: float | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One role: what was chosen, on what kind of engine, and how every variant did.

    ``note`` says why nothing was tried, where that is so; ``results`` are empty then.
    """

    chosen: Precision
    engine: str
    results: tuple[VariantResult, ...]
    role: Role = "classifier"
    note: str = ""

    def describe(self) -> str:
        """A few words for people: ``int8 (0.64 ms; fp32 1.90 ms)``."""
        if self.note:
            return f"{self.chosen} ({self.note})"
        parts = []
        for result in self.results:
            speed = f"{result.median_ms:.2f} ms" if result.median_ms is not None else "not timed"
            parts.append((result, f"barred: {result.barred}" if result.barred else speed))
        mine = next(text for result, text in parts if result.variant == self.chosen)
        others = "".join(f"; {result.variant} {text}" for result, text in parts if result.variant != self.chosen)
        # Where a GPU could have run it, whether one does is what people look for.
        on = f" on {self.engine}" if any(result.variant == "fp16" for result in self.results) else ""
        return f"{self.chosen} ({mine}{others}){on}"


def accept(
    bundle: Bundle,
    make_engine: EngineFactory,
    *,
    role: Role = "classifier",
    golden: Mapping[str, AnyArray] | None = None,
    variants: Sequence[Precision] | None = None,
    floor: float = RETENTION_FLOOR,
    budget: float = BUDGET_S,
    clock: Callable[[], float] = time.perf_counter,
) -> Acceptance:
    """Try a role's variants (all, or those named) and choose.

    ``golden`` are the bundle's golden arrays, if they were read already; ``budget`` seconds are spent on timing beyond
    one pass over them. Raises CheckFailedError, with each variant's reason, when none may run; BundleError when the
    golden file does not fit the networks, or the bundle has no such network.
    """
    wanted = bundle.manifest.variants(role) if variants is None else tuple(variants)
    golden = bundle.golden() if golden is None else golden
    if not has_golden(golden, role):
        return _untried(role, wanted)
    engines: dict[Precision, Engine] = {}
    results: dict[Precision, VariantResult] = {}
    try:
        for variant in wanted:
            model = bundle.network(role, variant)
            try:
                engines[variant] = make_engine(model, f"{bundle.title} {role} {variant}")
                mine = samples(golden, role, engines[variant], where=bundle.path)
                found = compare(role, engines[variant], mine)
                results[variant] = _judge(bundle.manifest, role, variant, found, floor)
            except EngineError as error:
                results[variant] = VariantResult(variant, str(error), 0.0, None)
        good = {v: engines[v] for v in wanted if not results[v].barred}
        if not good:
            raise CheckFailedError(
                f"no variant of the bundle's {role} network may run on this machine",
                where=bundle.path,
                found="; ".join(f"{result.variant}: {result.barred}" for result in results.values()),
                remedy="export the bundle again for this machine, or stay with the bundle that runs",
            )
        first = next(iter(good.values()))
        times = race(
            good, samples(golden, role, first, where=bundle.path), reference=_REFERENCE, budget=budget, clock=clock
        )
        chosen = fastest(times, _REFERENCE)
        return Acceptance(chosen, good[chosen].name, _timed(results, times), role)
    finally:
        for engine in engines.values():
            engine.close()


def check_golden(bundle: Bundle, engine: Engine, role: Role = "classifier") -> None:
    """One golden inference on an engine that is about to run, a few milliseconds; raises CheckFailedError.

    For a start at which the remembered choice still holds, and for a trial: the machine may have become faulty since.
    """
    first = samples(bundle.golden(), role, engine, where=bundle.path)[:1]
    found = compare(role, engine, first)
    if found.flaw or found.agreement < 1:
        raise CheckFailedError(
            f"the {role} network does not give the golden answer on this machine",
            where=bundle.path,
            found=found.flaw or f"another answer, off by {found.max_abs_diff:.3g}",
            remedy="install the bundle again; if that does not help, the machine's memory may be faulty",
        )


def _untried(role: Role, wanted: Sequence[Precision]) -> Acceptance:
    chosen = _REFERENCE if _REFERENCE in wanted else wanted[0]
    return Acceptance(chosen, "", (), role, "not tried here: the bundle has no golden inputs for it")


def _judge(manifest: Manifest, role: Role, variant: Precision, found: Comparison, floor: float) -> VariantResult:
    retention = _retention(manifest, variant) if role == "classifier" else None
    barred = found.flaw or _reason(manifest.network(role, variant), role, found)
    if not barred and variant != _REFERENCE and retention is not None and retention < floor:
        barred = f"it retains {retention:.1%} of fp32's accuracy, {floor:.0%} are asked for"
    return VariantResult(variant, barred, found.agreement, found.max_abs_diff, retention, shift=found.shift)


def _reason(entry: Network | None, role: Role, found: Comparison) -> str:
    parity = entry.parity if entry else None
    floor, worst = _AGREEMENT, found.max_abs_diff or 0.0
    if parity is not None:
        tolerance = _SLACK * parity.max_abs_diff + _GROUND * found.scale
        if worst > tolerance:
            return f"it differs from the golden outputs by {worst:.3g}, at most {tolerance:.3g} are expected"
        if parity.label_agreement is not None:
            floor = parity.label_agreement - _LABELS_LESS
    if found.shift is not None and found.shift > _SHIFT:
        return f"its landmarks are off by {found.shift:.1%} of the picture, at most {_SHIFT:.0%} are expected"
    if found.agreement < floor:
        answers = "labels" if role == "classifier" else "answers"
        return f"it gives {found.agreement:.1%} of the golden {answers}, {floor:.1%} are expected"
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


def _timed(results: Mapping[Precision, VariantResult], times: Times) -> tuple[VariantResult, ...]:
    against = ratios(times, _REFERENCE)

    def timed(result: VariantResult) -> VariantResult:
        if result.variant not in times:
            return result
        p50, p90 = (float(value) * 1e3 for value in np.percentile(times[result.variant], (50, 90)))
        return replace(result, median_ms=p50, p90_ms=p90, ratio=against.get(result.variant))

    return tuple(timed(result) for result in results.values())
