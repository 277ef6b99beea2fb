"""What the networks suite found, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.fingerprint import Fingerprint
from benchmarks.latency import Latency
from benchmarks.operators import OperatorTime
from benchmarks.results import VariantInfo


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One role of a bundle: its variants and peers, timed on its first golden input; ``operators`` of our variants,
    where they were asked for."""

    role: str
    reference: str
    variants: tuple[VariantInfo, ...]
    latencies: tuple[Latency, ...]
    operators: tuple[OperatorTime, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworksResult:
    """Everything one run of the suite measured."""

    suite: Literal["networks"]
    bundle: str
    title: str
    iterations: int
    warmup: int
    rows: tuple[NetworkRow, ...]
    machine: Fingerprint
