"""The landmark suite's tables: the one of the README, with a target where there is one, and the details behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich import box
from rich.markup import escape
from rich.table import Table

from benchmarks.landmarks_agreement import Agreement
from benchmarks.landmarks_results import OURS, REFERENCE, Cost, LandmarkResult
from benchmarks.report import line, wide_console

CPU = "CPU ms a frame"

_COST_TARGETS: Mapping[str, float] = {
    "one hand": 0.35,
    "two hands": 0.65,
    "nobody, still": 0.15,
    "peak memory": 0.6,
    "start to first landmarks": 0.5,
}
"""Largest ratio to MediaPipe that the int8 hand network may have."""
_HAND_TARGET = "fp32 0.3 / 1, int8 1"
_FACE_TARGET = "fp32 1"
_LETTERS_TARGET = "int8 within 0.5"
_UNBROKEN = 1000
"""Columns that no row fills: in Markdown a row must stay on its line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: words, and a cell per backend."""

    case: str
    target: str
    n: str
    cells: Mapping[str, str]


def rows(result: LandmarkResult) -> Iterator[Row]:
    """The README's table."""
    for scene, agreements in result.agreements.items():
        yield _difference_row(f"difference, {scene}, % of hand size: mean / p95", _HAND_TARGET, agreements)
    for scene, agreements in result.faces.items():
        yield _difference_row(f"difference, {scene}, % of face height: mean / p95", _FACE_TARGET, agreements)
    if result.letters is not None:
        cells = {name: f"{100 * share:.1f}" for name, share in result.letters.accuracy.items()}
        off = result.letters.difference
        cells[OURS[-1]] += f" ({100 * off.value:+.1f} [{100 * off.low:+.1f}, {100 * off.high:+.1f}])"
        yield Row("letters read right, %", _LETTERS_TARGET, str(result.letters.n), cells)
    for scene, jitters in result.jitters.items():
        cells = {name: f"{100 * value:.2f}" for name, value in jitters.items()}
        yield Row(f"jitter, {scene}, % of hand size", "", "", cells)
    for case, cost in result.costs.items():
        target = f"int8 {_COST_TARGETS[case]:.2f}x" if case in _COST_TARGETS else ""
        yield Row(f"{case}, {cost.unit}", target, "", _cost_cells(cost))


def print_landmarks(result: LandmarkResult, *, markdown: bool = False) -> None:
    """The table; unless it is for a README, also the details of the agreement and the machine."""
    console = wide_console()
    table = Table(box=box.MARKDOWN if markdown else box.HEAVY_HEAD)
    for name in ("case", "at most", "n", "MediaPipe", *OURS):
        table.add_column(name, justify="left" if name in ("case", "at most") else "right", overflow="fold")
    for row in rows(result):
        cells = (row.cells.get(name, "") for name in (REFERENCE, *OURS))
        table.add_row(*(escape(cell) for cell in (row.case, row.target, row.n, *cells)))
    if markdown:
        console.width = _UNBROKEN
        console.print(table)
        return
    line(console, f"[bold]Beside MediaPipe 0.10.21[/], one thread each; networks of {escape(result.networks)}")
    line(console, f"[dim]Machine: {escape(result.machine.line)}[/]")
    console.print(table)
    line(console, "MediaPipe's own difference is what changing the last bit of the pictures does to it.")
    line(
        console,
        "Hands that cannot be compared are counted: missed by ours, extra in ours, reported twice by MediaPipe.\n",
    )
    console.print(_detail_table({**result.agreements, **result.faces}))


def _difference_row(case: str, target: str, agreements: Mapping[str, Agreement]) -> Row:
    """Compared hands, and what could not be compared, are those of fp32."""
    cells = {name: f"{100 * row.mean:.3f} / {100 * row.p95:.2f}" for name, row in agreements.items()}
    row = agreements[OURS[0]]
    others = {"missed": row.missed, "extra": row.extra, "twice": row.twice}
    return Row(case, target, ", ".join([str(row.hands), *(f"{n} {name}" for name, n in others.items() if n)]), cells)


def _cost_cells(cost: Cost) -> dict[str, str]:
    cells = {name: f"{value:.2f}" for name, value in cost.values.items()}
    return {name: cell if name == REFERENCE else f"{cell} ({cost.ratio(name):.2f}x)" for name, cell in cells.items()}


def _detail_table(agreements: Mapping[str, Mapping[str, Agreement]]) -> Table:
    table = Table(title="Agreement with MediaPipe, in percent of the hand's (the face's) size")
    names = ("scene", "backend", "mean", "median", "p95", "depth", "found", "missed", "extra", "twice", "other side")
    for name in names:
        table.add_column(name, justify="left" if name in names[:2] else "right")
    for scene, backends in agreements.items():
        for backend, row in backends.items():
            shares = (f"{100 * value:.3f}" for value in (row.mean, row.median, row.p95, row.depth))
            counts = (str(n) for n in (row.hands, row.missed, row.extra, row.twice, row.sides))
            table.add_row(scene, backend, *shares, *counts)
    return table
