"""What a suite found, as plain data: `report` shows it, ``--json`` prints it."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.accuracy import Score
from benchmarks.fingerprint import Fingerprint
from edge.statistics import Interval, Percentiles


@dataclass(frozen=True, slots=True)
class VariantInfo:
    """One variant of the network: ``size`` in bytes of its ONNX file."""

    variant: str
    size: int
    quantization: str


@dataclass(frozen=True, slots=True)
class Latency:
    """One variant with a number of threads, one example at a time, in seconds.

    ``ratio`` is its median wall time over the reference's with as many threads, ``cpu_ratio`` the same of CPU time,
    which other programs on the machine disturb less; both are None for the reference itself.
    """

    variant: str
    threads: int
    wall: Percentiles
    cpu: Percentiles
    ratio: Interval | None
    cpu_ratio: Interval | None


@dataclass(frozen=True, slots=True)
class DataInfo:
    """What the accuracy was measured on.

    ``sources`` maps each source to how many examples it gave; ``unknown`` maps labels that the model does not have to
    how many examples were left out for it. ``seen`` are the sources that the model was trained on.
    """

    path: str
    n: int
    sources: dict[str, int]
    unknown: dict[str, int]
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of ``n`` golden inputs get the reference's label from a variant."""

    variant: str
    n: int
    agreement: float


@dataclass(frozen=True, slots=True)
class ClassifierResult:
    """Everything one run of the suite measured. ``data`` and ``scores`` are there with ``--data`` only."""

    suite: str
    bundle: str
    title: str
    target: str
    reference: str
    iterations: int
    warmup: int
    variants: tuple[VariantInfo, ...]
    latencies: tuple[Latency, ...]
    golden: tuple[Agreement, ...]
    data: DataInfo | None
    scores: tuple[Score, ...]
    machine: Fingerprint
