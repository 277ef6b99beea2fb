"""What both loops' processes share: marks of their start, what they weigh, and serving. Standard library only.

A mark says when a stage of the start was over (``time``, on the monotonic clock that all processes share; ``cpu``,
seconds that the process has used) and, where memory is asked for, what the process then holds. Reading that takes a few
milliseconds, so a start that is timed leaves it out.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Play = Callable[[bool], Mapping[str, Any]]
"""Plays the clip once, at its own rate where true, and says how it went."""


class Marks:
    """Collects the marks of one process."""

    def __init__(self, *, memory: bool) -> None:
        self._memory = memory
        self.all: list[dict[str, Any]] = []

    def done(self, stage: str, *, counts: bool = True) -> None:
        """A stage is over; one that does not count is the measurement's own and no user's."""
        held = held_memory() if self._memory else None
        self.all.append(
            {"stage": stage, "time": time.monotonic(), "cpu": time.process_time(), "counts": counts, "memory": held}
        )


def held_memory() -> dict[str, int]:
    """Bytes: resident now, its proportional share (pages shared with other processes are split), and the peak of the
    resident ones so far."""
    sizes = _sizes("/proc/self/status")
    return {
        "resident": sizes["VmRSS"],
        "proportional": _sizes("/proc/self/smaps_rollup").get("Pss", sizes["VmRSS"]),
        "peak": sizes["VmHWM"],
    }


def serve(marks: Marks, play: Play) -> None:
    """Say the marks, then play as often as is asked for, until standard input ends."""
    _answer({"marks": marks.all})
    for line in sys.stdin:
        _answer({**play(bool(json.loads(line)["camera"])), "memory": held_memory()})


def _sizes(path: str) -> dict[str, int]:
    with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 - pathlib costs memory that is measured
        lines = (line.split() for line in file)
        return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1] == "kB"}


def _answer(values: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()
