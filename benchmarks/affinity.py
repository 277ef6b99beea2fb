"""Threads that stay where they are: a measurement with so many threads runs on so many cores, the fastest there are.

Threads inherit the cores of the thread that makes them, so engines are opened within `pinned`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def pinned(threads: int, *, root: Path = Path("/")) -> Iterator[tuple[int, ...]]:
    """Keep this thread, and those it makes, on as many of the allowed cores as there are ``threads``."""
    allowed = os.sched_getaffinity(0)
    chosen = fastest(allowed, threads, root=root)
    os.sched_setaffinity(0, chosen)
    try:
        yield chosen
    finally:
        os.sched_setaffinity(0, allowed)


def fastest(cores: Iterable[int], count: int, *, root: Path = Path("/")) -> tuple[int, ...]:
    """The ``count`` cores of the highest clock; among equals the last ones, as the first answers most interrupts."""
    ordered = sorted(cores, key=lambda core: (_clock(core, root), core), reverse=True)
    return tuple(sorted(ordered[:count]))


def _clock(core: int, root: Path) -> int:
    path = root / f"sys/devices/system/cpu/cpu{core}/cpufreq/cpuinfo_max_freq"
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:  # no cpufreq: all are alike
        return 0
    return int(text) if text.isdecimal() else 0
