"""Blocks on a terminal and as Markdown."""

from __future__ import annotations

import pytest

from benchmarks.pages.document import Heading, Line, Plot, Table, markdown, print_blocks

BLOCKS = [
    Heading("Pipeline", "hello [1]", top=True),
    Line("busy", "warning"),
    Table(("side", "CPU ms\na frame"), (("ours|a", "1.5 [1.0, 2.0]"), ("naive", "3")), "medians"),
    Plot("a picture", lambda figure: None),
    Heading("By stage"),
]


def test_markdown_has_one_line_a_row_and_escapes_what_would_break_it() -> None:
    lines = markdown(BLOCKS).splitlines()
    assert lines[0] == "## Pipeline hello [1]"
    assert "**busy**" in lines
    assert "| side | CPU ms a frame |" in lines
    assert "| ours&#124;a | 1.5 [1.0, 2.0] |" in lines
    assert "### By stage" in lines and "a picture" not in "\n".join(lines)


def test_a_terminal_shows_brackets_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_blocks(BLOCKS)
    text = capsys.readouterr().out
    assert "Pipeline hello [1]" in text and "1.5 [1.0, 2.0]" in text and "medians" in text
