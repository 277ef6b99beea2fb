"""What the start-up and memory suites say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.loops.results import NAIVE, Held, MemoryResult, SideMemory, Start, StartupResult
from benchmarks.pages.document import Block, Heading, Line, Plot, Table
from benchmarks.pages.machine import machine_lines
from benchmarks.pages.plots import distributions, stacked
from benchmarks.report import interval, mebibytes


def startup_blocks(result: StartupResult) -> list[Block]:
    """The report."""
    stages = {name: _stages(starts) for name, starts in result.starts.items()}
    walls = {"edge run": list(result.command), **{n: [s.wall for s in starts] for n, starts in result.starts.items()}}
    blocks: list[Block] = [
        Heading("Start-up", f"{result.title}: from a process's start to its first frame of {result.clip}", top=True),
        *machine_lines(result.machine),
        *(Line(f"{side.name}: {side.how}", "quiet") for side in result.sides),
        Table(
            ("side", "starts", "least s", "median s", "median CPU s"),
            (
                ("edge run (the command)", *_seconds(result.command), ""),
                *(
                    (name, *_seconds([s.wall for s in starts]), f"{np.median([s.cpu for s in starts]):.2f}")
                    for name, starts in result.starts.items()
                ),
            ),
        ),
    ]
    if result.wall_ratio is not None and result.cpu_ratio is not None:
        blocks.append(
            Line(
                f"Ready in {interval(result.wall_ratio, 2)} of the {NAIVE} loop's time, "
                f"in {interval(result.cpu_ratio, 2)} of its CPU time"
            )
        )
    blocks += [
        Heading("By stage", "median CPU seconds"),
        Table(
            ("side, stage", "CPU s", "wall s"),
            tuple(
                (f"{name}, {stage}", f"{cpu:.3f}", f"{wall:.3f}")
                for name, rows in stages.items()
                for stage, (cpu, wall) in rows.items()
            ),
        ),
        Plot(
            "CPU time of a start by stage",
            stacked({n: {stage: cpu for stage, (cpu, _) in rows.items()} for n, rows in stages.items()}, label="s"),
            (8, 2.2),
        ),
        Plot("Seconds until ready: cumulative distribution", distributions(walls, label="s", factor=1.0)),
    ]
    return blocks


def memory_blocks(result: MemoryResult) -> list[Block]:
    """The report."""
    rows = []
    for name, processes in result.processes.items():
        for place, stage in enumerate(processes[0].start.stages):
            held = [each.start.stages[place].memory for each in processes]
            if sizes := [memory for memory in held if memory is not None]:
                rows.append((f"{name}, {stage.stage}", *_sizes(sizes)))
        rows.append((f"{name}, steady", *_sizes([each.steady for each in processes])))
    peaks = {name: _peak(processes) for name, processes in result.processes.items()}
    blocks: list[Block] = [
        Heading("Memory", f"{result.title}: what a process holds, stage by stage", top=True),
        *machine_lines(result.machine),
        *(Line(f"{side.name}: {side.how}", "quiet") for side in result.sides),
        Table(("after", "resident", "proportional"), tuple(rows), "medians over the processes"),
        Table(("side", "processes", "peak resident"),
              tuple((n, str(len(result.processes[n])), mebibytes(round(peak))) for n, peak in peaks.items())),
    ]  # fmt: skip
    if NAIVE in peaks:
        blocks += [
            Line(f"Peak: {peak / peaks[NAIVE]:.2f} of the {NAIVE} loop's") for n, peak in peaks.items() if n != NAIVE
        ]
    parts = {name: _added(processes) for name, processes in result.processes.items()}
    blocks.append(Plot("What each stage adds to the proportional size", stacked(parts, label="MiB"), (8, 2.2)))
    return blocks


def _stages(starts: Sequence[Start]) -> dict[str, tuple[float, float]]:
    """Median CPU and wall seconds by stage."""
    return {
        stage.stage: (
            float(np.median([each.stages[place].cpu for each in starts])),
            float(np.median([each.stages[place].wall for each in starts])),
        )
        for place, stage in enumerate(starts[0].stages)
    }


def _seconds(times: Sequence[float]) -> tuple[str, str, str]:
    return str(len(times)), f"{min(times):.2f}", f"{np.median(times):.2f}"


def _sizes(held: Sequence[Held]) -> tuple[str, str]:
    """Median resident and proportional size."""
    medians = (float(np.median([getattr(each, name) for each in held])) for name in ("resident", "proportional"))
    resident, proportional = (mebibytes(round(size)) for size in medians)
    return resident, proportional


def _peak(processes: Sequence[SideMemory]) -> float:
    return float(np.median([each.steady.peak for each in processes]))


def _added(processes: Sequence[SideMemory]) -> dict[str, float]:
    """MiB that each stage of the first process added; a stage that gave something back adds nothing."""
    found, before = {}, 0
    named = [(stage.stage, stage.memory) for stage in processes[0].start.stages]
    for stage, held in (*named, ("steady", processes[0].steady)):
        if held is not None:
            found[stage] = max(held.proportional - before, 0) / 2**20
            before = max(held.proportional, before)
    return found
