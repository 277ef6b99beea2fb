"""What the GPU suite found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.fingerprint import Fingerprint
from edge.statistics import Interval, Percentiles


@dataclass(frozen=True, slots=True)
class GpuFigure:
    """One way to run a network: seconds for one example, from arrays of the host to arrays of the host.

    ``engine`` names what ran it with its version, ``ratio`` is its median over the reference's, None for the reference
    or without one. ``agreement`` and ``difference`` compare its answers with the golden ones: the share of equal
    labels, and the largest difference of a value.
    """

    engine: str
    wall: Percentiles
    ratio: Interval | None
    agreement: float
    difference: float


@dataclass(frozen=True, slots=True)
class GpuSide:
    """``name`` and ``how`` of a way to run it; ``absent`` says why there is no ``figure``, empty where there is one."""

    name: str
    how: str
    figure: GpuFigure | None = None
    absent: str = ""


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One role of a bundle, run in every way."""

    role: str
    sides: tuple[GpuSide, ...]


@dataclass(frozen=True, slots=True)
class GpuResult:
    """Everything one run of the suite measured; ``device`` is the GPU with its compute capability and driver."""

    suite: Literal["gpu"]
    bundle: str
    title: str
    device: str
    iterations: int
    warmup: int
    rows: tuple[GpuRow, ...]
    machine: Fingerprint
