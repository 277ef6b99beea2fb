"""The models suite on a terminal, a block per model, and as the table of the README, in Markdown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.models_results import ModelRow, ModelsResult, VariantRow
from benchmarks.pages.document import Block, Heading, Line, Plot, Table, print_blocks
from benchmarks.pages.machine import machine_lines
from benchmarks.pages.plots import front
from benchmarks.report import interval, mebibytes, milliseconds

_HEAD = (
    "model",
    "task",
    "classes",
    "parameters",
    "its document reports",
    "measured (data; split)",
    "variant",
    "size",
    "ms",
    "retention",
)


def print_models(result: ModelsResult) -> None:
    """A block per model."""
    print_blocks(models_blocks(result))


def models_blocks(result: ModelsResult) -> list[Block]:
    """The report."""
    blocks: list[Block] = [
        Heading("Models", f"{len(result.rows)} in the same interleaved rounds", top=True),
        *machine_lines(result.machine),
        Line(_method(result)),
    ]
    for row in result.rows:
        blocks += _model(row)
    points = [
        (f"{row.model} {each.variant}", each.wall.p50 * 1e3, each.accuracy.value, each.size / 2**20)
        for row in result.rows
        for each in row.variants
        if each.accuracy is not None
    ]
    if points:
        shown = front(points, labels=("p50 ms", "accuracy"))
        blocks.append(Plot("Size (area), latency and accuracy of all variants", shown, (9, 4.5)))
    return blocks


def _model(row: ModelRow) -> list[Block]:
    blocks: list[Block] = [
        Heading(row.title, f"for {row.target} ({row.model})"),
        Line(f"{row.task}, {row.classes} classes, {row.parameters:,} parameters"),
    ]
    if row.reported:
        blocks.append(Line(f"Its document reports {row.reported}"))
    blocks += [Line(f"Measured: {_measurement(each)}") for each in row.measured]
    if not row.measured:
        blocks.append(Line("The bundle names no measured accuracy"))
    cells = tuple(
        (
            each.variant,
            mebibytes(each.size),
            milliseconds(each.wall.p50),
            milliseconds(each.wall.p90),
            interval(each.cpu_ratio, digits=2),
        )
        for each in row.variants
    )
    blocks.append(Table(("variant", "size", "p50 ms", "p90", "CPU ratio"), cells))
    blocks += [Line(f"{each.variant}: {_kept(each)}") for each in row.variants if each.cpu_ratio is not None]
    if row.note:
        blocks.append(Line(f"Not measured on the data: {row.note}", "warning"))
    return blocks


def print_markdown(result: ModelsResult) -> None:
    """One table; cells that hold a line per variant are broken by ``<br>``."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(row) for row in result.rows)]
    for cells in rows:
        sys.stdout.write(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n")
    notes = [row.note for row in result.rows if row.note]
    sys.stdout.write(f"\n{_method(result)} Machine: {result.machine.line}.\n")
    for note in notes:
        sys.stdout.write(f"\nNot measured on the data: {note}\n")


def _cells(row: ModelRow) -> tuple[str, ...]:
    return (
        row.model,
        row.task,
        str(row.classes),
        f"{row.parameters:,}",
        row.reported or "-",
        "<br>".join(_measurement(each) for each in row.measured) or "-",
        _each(row.variants, lambda v: v.variant),
        _each(row.variants, lambda v: mebibytes(v.size)),
        _each(row.variants, lambda v: milliseconds(v.wall.p50)),
        _each(row.variants, _kept),
    )


def _each(variants: Sequence[VariantRow], text: Callable[[VariantRow], str]) -> str:
    return "<br>".join(text(variant) for variant in variants)


def _kept(variant: VariantRow) -> str:
    """What is known of how much the variant keeps; nothing of the reference."""
    if variant.cpu_ratio is None:
        return ""
    if variant.retention is not None:
        low, high = variant.retention.low, variant.retention.high
        return f"retention {variant.retention.value:.4f} [{low:.4f}, {high:.4f}], n = {variant.n:,}"
    if variant.stated is not None:
        return f"{_measurement(variant.stated, digits=4)}, by the export"
    return f"same label on {variant.golden:.1%} of golden inputs"


def _measurement(each: dict[str, Any], digits: int = 3) -> str:
    """``letters among letters 0.786, n = 14,257 (mean over 3 sources; leave one source out)``."""
    low, high = each["low"], each["high"]
    within = "" if low is None or high is None else f" [{low:.{digits}f}, {high:.{digits}f}]"
    return f"{each['name']} {each['value']:.{digits}f}{within}, n = {each['n']:,} ({each['data']}; {each['split']})"


def _method(result: ModelsResult) -> str:
    kept = f"retention on {result.data}" if result.data else "no labelled data: agreement on golden inputs only"
    return (
        f"Latency: median of {result.iterations} interleaved rounds after {result.warmup} to warm up, one example, one "
        f"thread; {kept}."
    )
