"""Plain lines: for a pipe, a log, a terminal without a screen."""

from __future__ import annotations

import sys
from typing import TextIO

from edge.outputs.base import Item
from edge.summary import Spread, Summary
from edge.types import Caption, Sentence, State, StateName

_TROUBLE: dict[StateName, str] = {
    "camera-lost": "camera lost",
    "updating": "an update is on trial",
    "rolled-back": "the update was taken back",
    "too-hot": "too hot, reading more slowly",
    "on-cpu": "on the CPU, without the GPU",
    "building": "the GPU's engines are built",
}


class Plain:
    """One line for each caption and sentence, with the source's time in front; states only where somebody must act.

    Without ``captions`` nothing of what was signed is written: for a log that is kept.
    """

    def __init__(self, stream: TextIO | None = None, *, captions: bool = True) -> None:
        self._given = stream
        self._captions = captions

    def show(self, item: Item) -> None:
        """Write captions, sentences, trouble and the summary."""
        match item:
            case Caption() | Sentence() if not self._captions:
                pass
            case Caption():
                self._line(f"{item.time:8.2f} s  {item.text}")
            case Sentence():
                self._line(f"{item.time:8.2f} s  {sentence_line(item)}")
            case State() if item.name in _TROUBLE:
                over = "over: " if item.over else ""
                self._line(f"{item.time:8.2f} s  [{over}{_TROUBLE[item.name]}] {item.detail}".rstrip())
            case Summary():
                for line in summary_lines(item, transcript=self._captions):
                    self._line(line)
            case _:
                pass

    def close(self) -> None:
        """The stream is the caller's; it stays open."""

    def _line(self, text: str) -> None:
        # Looked up each time: a progress bar replaces sys.stdout while it is on the screen.
        stream = self._given or sys.stdout
        stream.write(text + "\n")
        stream.flush()


def sentence_line(sentence: Sentence) -> str:
    """A sentence for people, with the spelling that was changed: ``= I want the key. (KEBY read as KEY)``."""
    changes = ", ".join(f"{change.read} read as {change.written}" for change in sentence.changes)
    return f"= {sentence.text}" + (f" ({changes})" if changes else "")


def summary_lines(summary: Summary, *, transcript: bool = True) -> list[str]:
    """The figures of a run for people, the transcript first if it is wanted."""
    lines = [
        *([f"transcript: {summary.text}"] if transcript else []),
        f"frames: {summary.frames} in {summary.seconds:.1f} s, {summary.fps:.1f} per second, {summary.dropped} dropped",
        f"capture-to-caption latency: {_milliseconds(summary.latency)}",
        *(f"  {stage}: {_milliseconds(spread)}" for stage, spread in summary.stages.items()),
        f"peak memory: {summary.peak_memory / 2**20:.0f} MiB",
    ]
    if summary.bundle:
        lines.append(f"bundle: {summary.bundle}, {summary.variant}")
    return lines


def _milliseconds(spread: Spread | None) -> str:
    if spread is None:
        return "none"
    return f"p50 {spread.p50 * 1e3:.1f} ms, p90 {spread.p90 * 1e3:.1f} ms, p99 {spread.p99 * 1e3:.1f} ms (n={spread.n})"
