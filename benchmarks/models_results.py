"""What the models suite found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.fingerprint import Fingerprint
from edge.statistics import Interval, Percentiles


@dataclass(frozen=True, slots=True)
class VariantRow:
    """One variant.

    ``size`` in bytes, ``wall`` seconds of one example at one thread, ``cpu_ratio`` its CPU time over the reference's;
    ``accuracy`` and ``retention`` on ``n`` labelled examples, where there are some; ``stated`` the retention that the
    manifest states, as a measurement; ``golden`` the share of golden inputs that get the reference's label.
    """

    variant: str
    size: int
    wall: Percentiles
    cpu_ratio: Interval | None
    accuracy: Interval | None
    retention: Interval | None
    n: int
    stated: dict[str, Any] | None
    golden: float


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One bundle. ``reported`` by the model's document; ``measured``: measurements of its manifest that stand for the
    others, as in the manifest; ``note``: why the data could not be used."""

    bundle: str
    title: str
    model: str
    target: str
    task: str
    classes: int
    parameters: int
    reported: str
    measured: tuple[dict[str, Any], ...]
    variants: tuple[VariantRow, ...]
    note: str


@dataclass(frozen=True, slots=True)
class ModelsResult:
    """Everything one run of the suite found; ``data`` is "" without labelled examples."""

    suite: Literal["models"]
    rows: tuple[ModelRow, ...]
    data: str
    iterations: int
    warmup: int
    machine: Fingerprint
