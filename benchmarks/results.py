"""What the classifier suite found, as plain data: `classifier_report` shows it, ``--json`` prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.accuracy import Score
from benchmarks.fingerprint import Fingerprint
from benchmarks.latency import Latency
from benchmarks.loadgen import SingleStream


@dataclass(frozen=True, slots=True)
class VariantInfo:
    """One variant of the network: ``size`` in bytes of its ONNX file, or of a peer's saved weights."""

    variant: str
    size: int
    quantization: str
    peer: bool


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Where ``n`` examples come from; ``seen``: the bundle says that the model was trained on this source."""

    name: str
    format: str
    n: int
    seen: bool


@dataclass(frozen=True, slots=True)
class Misfit:
    """``n`` examples of a layout that the model cannot be fed with."""

    format: str
    where: str
    n: int


@dataclass(frozen=True, slots=True)
class DataInfo:
    """What the accuracy was measured on: ``n`` of the ``available`` examples whose label the model knows.

    ``unknown`` maps labels that the model does not have to how many examples were left out for it, ``respelt`` labels
    to those of the model that differ in case only. ``without_hand`` pictures showed no hand to the landmark step,
    ``without_hand_right`` of them rightly. ``unreadable`` are the files that were left out. ``sources_known`` is
    whether the bundle says what its model was trained on.
    """

    path: str
    n: int
    available: int
    sources: tuple[SourceInfo, ...]
    unknown: dict[str, int]
    respelt: dict[str, str]
    misfits: tuple[Misfit, ...]
    without_hand: int
    without_hand_right: int
    unreadable: tuple[str, ...]
    sources_known: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of ``n`` golden inputs get the reference's label from a variant."""

    variant: str
    n: int
    agreement: float


@dataclass(frozen=True, slots=True)
class ClassifierResult:
    """Everything one run of the suite measured. ``data`` and ``scores`` are there with ``--data`` only, ``streams``
    with ``--mlperf``."""

    suite: Literal["classifier"]
    bundle: str
    title: str
    target: str
    task: str
    reference: str
    iterations: int
    warmup: int
    variants: tuple[VariantInfo, ...]
    latencies: tuple[Latency, ...]
    streams: tuple[SingleStream, ...]
    golden: tuple[Agreement, ...]
    data: DataInfo | None
    scores: tuple[Score, ...]
    machine: Fingerprint
