"""How fast the loop goes: the last frames' times, for the operator's page."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from statistics import median

from edge.summary import FrameTimes

_FRAMES = 100


class Pulse:
    """One of the runtime's observers; any thread may ask."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[tuple[float, float]] = deque(maxlen=_FRAMES)
        self._dropped = 0

    def frame(self, times: FrameTimes) -> None:
        """A frame went through the loop."""
        self._times.append((self._clock(), times.total))
        self._dropped = times.dropped

    def figures(self) -> dict[str, float | int | None]:
        """``fps``, the median ``total_ms`` of the last frames, and how many were ``dropped`` since the start."""
        times = list(self._times)
        if len(times) < 2:
            return {"fps": None, "total_ms": None, "dropped": self._dropped}
        seconds = max(self._clock() - times[0][0], 1e-6)
        total = median(total for _, total in times)
        return {"fps": round(len(times) / seconds, 1), "total_ms": round(total * 1e3, 1), "dropped": self._dropped}
