"""A report as blocks: headings, lines, tables and plots, made by a suite once and shown by any of the renderers.

A terminal and Markdown leave the plots out: the tables beside them hold the figures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from benchmarks.report import line, wide_console

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Tone = Literal["plain", "quiet", "warning"]
_STYLES: dict[Tone, str] = {"plain": "", "quiet": "dim", "warning": "yellow"}


@dataclass(frozen=True, slots=True)
class Heading:
    """What follows is about ``text``; ``detail`` stands beside it in plain letters. ``top``: of the whole report."""

    text: str
    detail: str = ""
    top: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or two."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` of as many cells as there are ``columns``; all but the first column are figures. A line feed in a
    column's name is where it may be broken."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """``draw`` fills an empty figure of ``size`` (width, height in inches); ``text`` says in words what it shows."""

    text: str
    draw: Callable[[Figure], None]
    size: tuple[float, float] = (8.0, 3.2)


Block: TypeAlias = Heading | Line | Table | Plot


def print_blocks(blocks: Sequence[Block]) -> None:
    """On the terminal."""
    console = wide_console()
    for block in blocks:
        if isinstance(block, Heading):
            detail = escape(block.detail)
            line(console, f"{'' if block.top else chr(10)}[bold]{escape(block.text)}[/]{detail and ' ' + detail}")
        elif isinstance(block, Line):
            style = _STYLES[block.tone]
            line(console, f"[{style}]{escape(block.text)}[/]" if style else escape(block.text))
        elif isinstance(block, Table):
            _print_table(console, block)


def print_markdown(blocks: Sequence[Block]) -> None:
    """As Markdown on standard output."""
    sys.stdout.write(markdown(blocks))


def markdown(blocks: Sequence[Block]) -> str:
    """As Markdown."""
    parts = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"{'##' if block.top else '###'} {' '.join(filter(None, (block.text, block.detail)))}")
        elif isinstance(block, Line):
            parts.append(f"**{block.text}**" if block.tone == "warning" else block.text)
        elif isinstance(block, Table):
            parts.append(_markdown_table(block))
    return "\n\n".join(parts) + "\n"


def narrow_table(*columns: str) -> RichTable:
    """A table whose figures are never cut off on 80 columns; a long name in the first column is folded instead."""
    table = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, collapse_padding=True)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=bool(number), overflow="fold")
    return table


def _print_table(console: Console, block: Table) -> None:
    table = narrow_table(*map(escape, block.columns))
    for row in block.rows:
        table.add_row(*map(escape, row))
    table.caption = escape(block.caption) or None
    console.print(table)


def _markdown_table(block: Table) -> str:
    rule = [":--", *("--:" for _ in block.columns[1:])]
    rows = [[name.replace("\n", " ") for name in block.columns], rule, *block.rows]
    lines = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join(lines) + (f"\n\n{block.caption}" if block.caption else "")
