"""What the pipeline suite says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.loops.results import NAIVE, PaceResult, PipelineResult, Played
from benchmarks.pages.document import Block, Heading, Line, Plot, Table
from benchmarks.pages.machine import machine_lines
from benchmarks.pages.plots import distributions, stacked
from benchmarks.report import interval, milliseconds

_STAGES = ("capture", "landmarks", "recognition", "total")


def pipeline_blocks(result: PipelineResult) -> list[Block]:
    """The report."""
    blocks: list[Block] = [
        Heading("Pipeline", f"{result.title}: capture to caption on {result.clip}", top=True),
        *machine_lines(result.machine),
        *(Line(f"{side.name}: {side.how}", "quiet") for side in result.sides),
    ]
    for pace in result.paces:
        blocks += _pace(pace, result.rounds)
    return blocks


def _pace(result: PaceResult, rounds: int) -> list[Block]:
    paced = "as fast as frames are taken" if result.pace == "flat out" else "at the clip's own rate"
    blocks: list[Block] = [
        Heading(result.pace.capitalize(), f"{paced}; {rounds} passes of each side in turn"),
        Table(
            ("side", "frames", "dropped", "frames\na second", "CPU ms\na frame", "frames per\nCPU second"),
            tuple((name, *_cost(passes)) for name, passes in result.passes.items()),
            "CPU time is of the whole process, decoding and all threads included; medians over the passes",
        ),
        Table(
            ("side, stage", "p50 ms", "p90", "p99"),
            tuple(
                (f"{name}, {stage}", *(_stage(passes, stage, percent) for percent in ("p50", "p90", "p99")))
                for name, passes in result.passes.items()
                for stage in _STAGES
                if stage in passes[0].stages
            ),
            _CAPTURE[result.pace],
        ),
        Table(
            ("side", "captions", "capture to caption: p50 ms", "p90", "p99"),
            tuple((name, *_latency(passes)) for name, passes in result.passes.items()),
        ),
    ]
    if result.cpu_ratio is not None:
        more = 1 / result.cpu_ratio.value
        blocks.append(
            Line(
                f"A frame takes {interval(result.cpu_ratio, 2)} of the CPU time of the {NAIVE} loop "
                f"({more:.1f} times its frames per CPU second)"
            )
        )
    if result.latency_ratio is not None:
        blocks.append(Line(f"p90 of capture to caption is {interval(result.latency_ratio, 2)} of the {NAIVE} loop's"))
    stages = {name: _medians(passes) for name, passes in result.passes.items()}
    blocks.append(
        Plot(f"Where a frame's time goes, {result.pace}: median of each stage", stacked(stages, label="ms"), (8, 2.2))
    )
    latencies = {name: [t for each in passes for t in each.latencies] for name, passes in result.passes.items()}
    if any(latencies.values()):
        shown = distributions({name: times for name, times in latencies.items() if times}, label="ms")
        blocks.append(Plot(f"Capture to caption, {result.pace}: cumulative distribution", shown))
    return blocks


_CAPTURE = {
    "flat out": "capture is decoding",
    "camera": "capture is how old a frame was when it was picked up; total from its capture to the end of recognition",
}


def _cost(passes: Sequence[Played]) -> tuple[str, ...]:
    cpu = float(np.median([each.cpu / each.frames for each in passes]))
    rate = float(np.median([each.frames / each.seconds for each in passes]))
    frames, dropped = (sum(getattr(each, name) for each in passes) for name in ("frames", "dropped"))
    return str(frames), str(dropped), f"{rate:.1f}", milliseconds(cpu), f"{1 / cpu:.1f}"


def _stage(passes: Sequence[Played], stage: str, percent: str) -> str:
    return milliseconds(float(np.median([getattr(each.stages[stage], percent) for each in passes])))


def _medians(passes: Sequence[Played]) -> dict[str, float]:
    return {
        stage: 1e3 * float(np.median([each.stages[stage].p50 for each in passes]))
        for stage in _STAGES[:-1]
        if stage in passes[0].stages
    }


def _latency(passes: Sequence[Played]) -> tuple[str, ...]:
    times = [seconds for each in passes for seconds in each.latencies]
    if not times:
        return "0", "", "", ""
    return str(len(times)), *(milliseconds(float(np.percentile(times, percent))) for percent in (50, 90, 99))
