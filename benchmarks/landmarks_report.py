"""The landmark suite's tables: the one of the README, with a target where there is one, and the details behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.landmarks_agreement import Agreement
from benchmarks.landmarks_results import OURS, REFERENCE, Cost, LandmarkResult
from benchmarks.pages.document import Block, Heading, Line, Table, print_blocks, print_markdown
from benchmarks.pages.machine import machine_lines

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
    """The report, or for a README the first table alone."""
    if markdown:
        print_markdown([_table(result)])
    else:
        print_blocks(landmarks_blocks(result))


def landmarks_blocks(result: LandmarkResult) -> list[Block]:
    """The report: the table of the README, then the details of the agreement."""
    return [
        Heading("Landmarks", f"beside MediaPipe 0.10.21, one thread each; networks of {result.networks}", top=True),
        *machine_lines(result.machine),
        _table(result),
        Line("MediaPipe's own difference is what changing the last bit of the pictures does to it."),
        Line("Hands that cannot be compared are counted: missed by ours, extra in ours, reported twice by MediaPipe."),
        Heading("Agreement with MediaPipe", "in percent of the hand's (the face's) size"),
        _details({**result.agreements, **result.faces}),
    ]


def _table(result: LandmarkResult) -> Table:
    found = []
    for row in rows(result):
        cells = (row.cells.get(name, "") for name in (REFERENCE, *OURS))
        found.append((row.case, row.target, row.n, *cells))
    return Table(("case", "at most", "n", "MediaPipe", *OURS), tuple(found))


def _difference_row(case: str, target: str, agreements: Mapping[str, Agreement]) -> Row:
    """Compared hands, and what could not be compared, are those of fp32."""
    cells = {name: f"{100 * row.mean:.3f} / {100 * row.p95:.2f}" for name, row in agreements.items()}
    row = agreements[OURS[0]]
    others = {"missed": row.missed, "extra": row.extra, "twice": row.twice}
    return Row(case, target, ", ".join([str(row.hands), *(f"{n} {name}" for name, n in others.items() if n)]), cells)


def _cost_cells(cost: Cost) -> dict[str, str]:
    cells = {name: f"{value:.2f}" for name, value in cost.values.items()}
    return {name: cell if name == REFERENCE else f"{cell} ({cost.ratio(name):.2f}x)" for name, cell in cells.items()}


def _details(agreements: Mapping[str, Mapping[str, Agreement]]) -> Table:
    found = []
    for scene, backends in agreements.items():
        for backend, row in backends.items():
            shares = (f"{100 * value:.3f}" for value in (row.mean, row.median, row.p95, row.depth))
            counts = (str(n) for n in (row.hands, row.missed, row.extra, row.twice, row.sides))
            found.append((f"{scene}, {backend}", *shares, *counts))
    names = ("mean", "median", "p95", "depth", "found", "missed", "extra", "twice", "other\nside")
    return Table(("scene, backend", *names), tuple(found))
