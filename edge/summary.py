"""What a run measured: per-stage times, frame rate, latency, memory.

A service runs for months, so each stage keeps only its newest `KEPT` times; percentiles are of those.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

Stage = Literal["capture", "landmarks", "recognition", "total"]
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of ``n`` times, in seconds (nearest rank, so each is a time that was measured)."""

    p50: float
    p90: float
    p99: float
    n: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One run.

    ``text`` is the last caption; ``frames`` were processed, ``dropped`` were not, ``seconds`` is wall time from the
    first frame asked for to the end. ``stages``: ``capture`` is decoding for a recorded source and, for a live one, how
    old a frame was when it was picked up; ``landmarks`` and ``recognition`` are computing; ``total`` is from a
    frame's capture to the end of its recognition. ``latency`` is capture to caption, of the captions that a frame
    caused. ``peak_memory`` is the process's largest resident size, bytes.
    """

    text: str
    signs: int
    captions: int
    frames: int
    dropped: int
    seconds: float
    stages: dict[Stage, Spread]
    latency: Spread | None
    peak_memory: int
    variant: str = ""
    bundle: str = ""

    @property
    def fps(self) -> float:
        """Frames processed per second of wall time."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """What one frame took, in seconds, by stage as in `Summary`; ``landmarks`` is None where the source delivers hands.
    ``dropped`` counts all drops so far."""

    capture: float
    landmarks: float | None
    recognition: float
    total: float
    dropped: int


class StageTimes:
    """Collects the times of frames by stage; bounded."""

    def __init__(self) -> None:
        self._stages: dict[Stage, Times] = {stage: Times() for stage in get_args(Stage)}

    def add(self, frame: FrameTimes) -> None:
        """Add one frame."""
        for stage, times in self._stages.items():
            seconds: float | None = getattr(frame, stage)
            if seconds is not None:
                times.add(seconds)

    def spreads(self) -> dict[Stage, Spread]:
        """The percentiles of the stages that were gone through."""
        spreads = {stage: times.spread() for stage, times in self._stages.items()}
        return {stage: spread for stage, spread in spreads.items() if spread is not None}


class Times:
    """Collects times of one kind; bounded."""

    def __init__(self) -> None:
        self._kept: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        """Add one."""
        self._kept.append(seconds)

    def spread(self) -> Spread | None:
        """Their percentiles, None when there are none."""
        return spread(self._kept)


def spread(seconds: Iterable[float]) -> Spread | None:
    """Percentiles of ``seconds``, None when there are none."""
    array = np.fromiter(seconds, dtype=np.float64)
    if not len(array):
        return None
    p50, p90, p99 = np.percentile(array, [50, 90, 99], method="inverted_cdf")
    return Spread(float(p50), float(p90), float(p99), len(array))


def peak_memory() -> int:
    """The largest resident size this process ever had, in bytes.

    Read from the kernel's VmHWM: getrusage's maximum begins with that of the process that this one was forked from.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
