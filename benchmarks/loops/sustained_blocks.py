"""What the sustained and energy suites say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from benchmarks.loops.results import NAIVE, EnergyResult, Reading, SustainedResult, TimedPass
from benchmarks.pages.document import Block, Heading, Line, Plot, Table
from benchmarks.pages.machine import machine_lines
from benchmarks.pages.plots import Panel, lines
from benchmarks.report import milliseconds

_PARTS = 4


def sustained_blocks(result: SustainedResult) -> list[Block]:
    """The report: how the last quarter differs from the first."""
    blocks: list[Block] = [
        Heading("Sustained", f"{result.title}: {result.seconds / 60:.1f} minutes at camera rate", top=True),
        *machine_lines(result.machine),
        Table(
            (
                "from minute",
                "passes",
                "frame p50 ms",
                "p99",
                "CPU ms\na frame",
                "dropped",
                "degrees C",
                "MHz",
                "limits",
            ),
            tuple(_quarters(result)),
            "frame: from capture to the end of recognition; medians; empty where the board does not tell",
        ),
        Line(_limits(result.readings)),
    ]
    panels = _panels(result)
    blocks.append(
        Plot("The frame's time, and the board, over time", lines(panels, label="minutes"), (8, 1.2 + 1.5 * len(panels)))
    )
    return blocks


def energy_blocks(result: EnergyResult) -> list[Block]:
    """The report."""
    blocks: list[Block] = [
        Heading("Energy", f"{result.title}: at camera rate", top=True),
        *machine_lines(result.machine),
    ]
    if not result.sensors:
        said = "This board reports no power (no hwmon sensor of power, no readable RAPL counter): nothing was measured."
        return [*blocks, Line(said, "warning")]
    rows = [("idle", sensor, f"{watts:.2f}", "", "") for sensor, watts in result.idle.items()]
    for name, power in result.power.items():
        rows += [
            (name, sensor, f"{power.watts[sensor]:.2f}", f"{power.above_idle[sensor]:+.2f}",
             f"{1e3 * power.per_frame[sensor]:.1f}")
            for sensor in power.per_frame
        ]  # fmt: skip
    blocks.append(Table(("side", "sensor", "watts", "above idle", "mJ a frame"), tuple(rows)))
    if NAIVE in result.power:
        for name, power in result.power.items():
            for sensor, joules in power.per_frame.items():
                other = result.power[NAIVE].per_frame.get(sensor, 0.0)
                if name != NAIVE and other > 0:
                    blocks.append(Line(f"{sensor}: a frame takes {joules / other:.2f} of the {NAIVE} loop's energy"))
    return blocks


def _quarters(result: SustainedResult) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    edges = np.linspace(0, result.seconds, _PARTS + 1)
    for begin, end in pairwise(edges.tolist()):
        passes = [each.played for each in result.passes if begin < each.time <= end]
        readings = [each for each in result.readings if begin <= each.time < end]
        if not passes:
            continue
        totals = [each.stages["total"] for each in passes]
        temperature = [r.temperature for r in readings if r.temperature is not None]
        clock = [r.frequency for r in readings if r.frequency is not None]
        rows.append(
            (
                f"{begin / 60:.1f}",
                str(len(passes)),
                milliseconds(float(np.median([t.p50 for t in totals]))),
                milliseconds(float(np.median([t.p99 for t in totals]))),
                milliseconds(float(np.median([each.cpu / each.frames for each in passes]))),
                str(sum(each.dropped for each in passes)),
                f"{np.median(temperature):.1f}" if temperature else "",
                f"{np.median(clock):.0f}" if clock else "",
                ", ".join(dict.fromkeys(limit for r in readings for limit in r.limits)),
            )
        )
    return rows


def _limits(readings: Sequence[Reading]) -> str:
    limited = sum(bool(each.limits) for each in readings)
    if not limited:
        return f"Nothing held the processor back in {len(readings)} readings, as far as the board tells."
    return f"The processor was held back in {limited} of {len(readings)} readings."


def _panels(result: SustainedResult) -> list[Panel]:
    minutes = [each.time / 60 for each in result.passes]
    curves = {name: (minutes, _percentile(result.passes, name)) for name in ("p50", "p99")}
    panels = [Panel("frame, ms", curves, (0, None))]
    for name, field in (("degrees C", "temperature"), ("MHz", "frequency")):
        known = [(r.time / 60, getattr(r, field)) for r in result.readings if getattr(r, field) is not None]
        if known:
            panels.append(Panel(name, {name: ([x for x, _ in known], [y for _, y in known])}))
    held = [(r.time / 60, float(bool(r.limits))) for r in result.readings]
    panels.append(Panel("held back", {"held back": ([x for x, _ in held], [y for _, y in held])}, (-0.1, 1.1)))
    return panels


def _percentile(passes: Sequence[TimedPass], name: str) -> list[float]:
    return [1e3 * float(getattr(each.played.stages["total"], name)) for each in passes]
