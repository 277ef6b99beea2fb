"""The figures of a kept result that another run can be compared with, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.kept import Result
from benchmarks.latency import Latency
from benchmarks.loops.results import (
    OURS,
    EnergyResult,
    MemoryResult,
    PipelineResult,
    Played,
    StartupResult,
    SustainedResult,
)
from benchmarks.networks_results import NetworksResult
from benchmarks.results import ClassifierResult, VariantInfo
from edge.errors import InputError
from edge.statistics import Interval

Kind = Literal["CPU s", "wall s", "bytes", "joules", "share"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. ``samples`` of what is better when less, or a ``share`` that is better when more. ``control``: it is
    somebody else's, so its change says how the machine changed."""

    name: str
    kind: Kind
    samples: tuple[float, ...] = ()
    share: Interval | None = None
    control: bool = False


def metrics(result: Result) -> tuple[Metric, ...]:
    """All of them; raises InputError for the suites whose results hold too little to compare."""
    return tuple(_metrics(result))


def _metrics(result: Result) -> Iterator[Metric]:
    match result:
        case ClassifierResult():
            yield from _classifier(result)
        case NetworksResult():
            for row in result.rows:
                yield from _latencies(row.latencies, _peers(row.variants), f"{row.role} ")
        case PipelineResult():
            yield from _pipeline(result)
        case StartupResult():
            yield from _startup(result)
        case MemoryResult():
            yield from _memory(result)
        case SustainedResult():
            yield from _passes("", [each.played for each in result.passes], control=False)
        case EnergyResult():
            for side, power in result.power.items():
                for sensor, joules in power.per_frame.items():
                    yield Metric(f"{side}, {sensor}, a frame", "joules", (joules,), control=side != OURS)
        case _:
            raise InputError(
                "results of this suite hold medians only and cannot be compared",
                found=result.suite,
                remedy="keep and compare results of classifier, networks, pipeline, startup, memory or sustained",
            )


def _classifier(result: ClassifierResult) -> Iterator[Metric]:
    peers = _peers(result.variants)
    yield from _latencies(result.latencies, peers, "")
    for score in result.scores:
        yield Metric(f"{score.variant}, accuracy", "share", share=score.accuracy, control=score.variant in peers)


def _latencies(rows: tuple[Latency, ...], peers: frozenset[str], role: str) -> Iterator[Metric]:
    for row in rows:
        name = f"{role}{row.variant}, {row.threads} thread{'s' if row.threads > 1 else ''}"
        control = row.variant in peers
        yield Metric(f"{name}, CPU", "CPU s", row.cpu_rounds, control=control)
        yield Metric(f"{name}, wall", "wall s", row.wall_rounds, control=control)


def _peers(variants: Sequence[VariantInfo]) -> frozenset[str]:
    return frozenset(each.variant for each in variants if each.peer)


def _pipeline(result: PipelineResult) -> Iterator[Metric]:
    for pace in result.paces:
        for side, passes in pace.passes.items():
            yield from _passes(f"{side}, {pace.pace}, ", list(passes), control=side != OURS)


def _passes(name: str, passes: list[Played], *, control: bool) -> Iterator[Metric]:
    yield Metric(f"{name}CPU a frame", "CPU s", tuple(each.cpu / each.frames for each in passes), control=control)
    latencies = tuple(seconds for each in passes for seconds in each.latencies)
    if latencies:
        yield Metric(f"{name}capture to caption", "wall s", latencies, control=control)


def _startup(result: StartupResult) -> Iterator[Metric]:
    yield Metric("edge run until ready, wall", "wall s", result.command)
    for side, starts in result.starts.items():
        yield Metric(f"{side} until ready, CPU", "CPU s", tuple(s.cpu for s in starts), control=side != OURS)


def _memory(result: MemoryResult) -> Iterator[Metric]:
    for side, processes in result.processes.items():
        control = side != OURS
        yield Metric(f"{side}, peak", "bytes", tuple(float(p.steady.peak) for p in processes), control=control)
        steady = tuple(float(p.steady.proportional) for p in processes)
        yield Metric(f"{side}, steady proportional", "bytes", steady, control=control)
