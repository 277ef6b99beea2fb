"""Where a suite's result goes: to a person as tables or Markdown, to a program as JSON, to a kept file, to a page.

A kept file is named after suite, bundle and machine, so that results of several boards lie side by side in one folder;
``python -m benchmarks page`` and ``compare`` read such files.
"""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from benchmarks.kept import Result
from benchmarks.pages.document import Block, print_blocks, print_markdown
from benchmarks.report import print_json
from edge.cli import Parser
from edge.errors import InputError

R = TypeVar("R", bound=Result)


def add_output_options(parser: Parser) -> None:
    """``--json``, ``--markdown``, ``--save``, ``--html``."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object on standard output")
    form.add_argument("--markdown", action="store_true", help="Markdown on standard output")
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep the result as JSON, named after the machine")
    parser.add_argument("--html", type=Path, metavar="FILE", help="a page of its own, with plots (needs matplotlib)")


def present(result: R, blocks: Callable[[R], Sequence[Block]], options: Namespace) -> None:
    """Keep and show a result as the command line asks; raises InputError when a file cannot be written."""
    if options.save is not None:
        path = save(result, options.save)
        sys.stderr.write(f"kept in {path}\n")
    if options.html is not None:
        from benchmarks.pages.html import page

        write(options.html, page(f"{result.suite}: {getattr(result, 'title', '')}".rstrip(": "), [blocks(result)]))
    if options.json:
        print_json(result)
    else:
        (print_markdown if options.markdown else print_blocks)(blocks(result))


def save(result: Result, folder: Path) -> Path:
    """Write the result into the folder under its name; the path."""
    about = getattr(result, "title", "")
    name = "-".join(filter(None, map(_plain, (result.suite, about, result.machine.name))))
    path = folder / f"{name}.json"
    write(path, json.dumps(asdict(result), allow_nan=False, indent=1, default=float) + "\n")
    return path


def write(path: Path, text: str) -> None:
    """Write a text file whole or not at all; raises InputError when that cannot be done."""
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            passing.write_text(text, encoding="utf-8")
            passing.replace(path)
        finally:
            passing.unlink(missing_ok=True)
    except OSError as error:
        raise InputError("the result cannot be written", where=path, found=error.strerror) from error


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower().replace("(r)", "")).strip("-")
