"""Kept results on one self-contained HTML page, or as Markdown, or on the terminal.

The page holds its plots as SVG and asks for nothing from anywhere: it can be mailed, kept, and opened offline.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.kept import read
from benchmarks.output import write
from benchmarks.pages.document import print_blocks, print_markdown
from benchmarks.presentation import blocks_of
from edge.cli import Parser


def main(argv: Sequence[str]) -> int:
    """Show the results; raises FingerpostError."""
    options = _parser().parse_args(argv)
    results = [read(path) for path in options.results]
    reports = [blocks_of(result) for result in results]
    if options.html is not None:
        from benchmarks.pages.html import page

        machines = ", ".join(dict.fromkeys(result.machine.name for result in results))
        write(options.html, page(f"Fingerpost on {machines}", reports))
        return 0
    for blocks in reports:
        (print_markdown if options.markdown else print_blocks)(blocks)
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m benchmarks page", description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULT.json", help="what --save kept")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--html", type=Path, metavar="FILE", help="write one page (needs matplotlib)")
    form.add_argument("--markdown", action="store_true", help="Markdown on standard output")
    return parser
