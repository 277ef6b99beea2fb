"""How the service is doing: one line in the journal a minute, and what changed on the board in between.

Logged lines are ``key=value`` words, for journald and whoever reads it. A board that stays throttled gets fewer frames
to read (`Health.interval`): captions at a steady ten a second are better than stutter.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from edge.service.board import Readings
from edge.summary import FrameTimes

_log = logging.getLogger(__name__)


class ReadsBoard(Protocol):
    """The part of `edge.service.board.Board` that is needed."""

    def read(self) -> Readings:
        """The readings of this moment."""
        ...


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Seconds: a log line ``every``, the board read each ``look``; throttling that lasted ``sustained`` slows the loop
    to ``slow_rate`` frames a second until it was away for ``recovered``."""

    every: float = 60.0
    look: float = 5.0
    sustained: float = 20.0
    recovered: float = 60.0
    slow_rate: float = 10.0


class Health:
    """Watches frames and board; one of the runtime's observers. ``told`` get the readings each time they are taken."""

    def __init__(
        self,
        board: ReadsBoard,
        *,
        settings: HealthSettings | None = None,
        told: Sequence[Callable[[Readings], None]] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board, self._told, self._clock = board, told, clock
        self._settings = settings or HealthSettings()
        now = clock()
        self._minute, self._looked = now, -float("inf")
        self._changed = now
        """Since when the board is throttled, or is not."""
        self._readings: Readings | None = None
        self._slow = False
        self._totals: list[float] = []
        self._dropped = self._dropped_before = 0

    @property
    def interval(self) -> float:
        """Least time in seconds from one frame to the next; 0 while the board is well."""
        return 1 / self._settings.slow_rate if self._slow else 0.0

    @property
    def readings(self) -> Readings | None:
        """The latest readings of the board."""
        return self._readings

    def frame(self, times: FrameTimes) -> None:
        """Count a frame; look at the board and log when it is time."""
        self._totals.append(times.total)
        self._dropped = times.dropped
        self.tick()

    def tick(self) -> None:
        """Time passed, with or without a frame: a camera that is away must not silence the log."""
        now = self._clock()
        if now - self._looked >= self._settings.look:
            self._looked = now
            self._look(now)
        if now - self._minute >= self._settings.every:
            self._log_minute(now - self._minute)
            self._minute = now

    def _look(self, now: float) -> None:
        readings, before = self._board.read(), self._readings
        if before is None or readings.throttled != before.throttled:
            self._changed = now
        if before is not None and readings.limits != before.limits:
            _log.warning("limits=%s temperature=%s", _words(readings.limits), _degrees(readings))
        self._readings = readings
        lasted = now - self._changed
        if readings.throttled and not self._slow and lasted >= self._settings.sustained:
            self._slow = True
            _log.warning("slower=yes rate=%g reason=%s", self._settings.slow_rate, _words(readings.limits))
        elif self._slow and not readings.throttled and lasted >= self._settings.recovered:
            self._slow = False
            _log.warning("slower=no")
        for tell in self._told:
            tell(readings)

    def _log_minute(self, seconds: float) -> None:
        totals, self._totals = self._totals, []
        dropped, self._dropped_before = self._dropped - self._dropped_before, self._dropped
        words = [f"frames={len(totals)}", f"fps={len(totals) / seconds:.1f}", f"dropped={dropped}"]
        if totals:
            words += [f"total_p50_ms={median(totals) * 1e3:.1f}", f"total_max_ms={max(totals) * 1e3:.1f}"]
        if (readings := self._readings) is not None:
            words += [
                f"temperature={_degrees(readings)}",
                f"limits={_words(readings.limits)}",
                f"resident_mb={readings.resident / 1e6:.0f}",
                f"memory_free_mb={readings.memory_available / 1e6:.0f}",
                f"disk_free_mb={readings.disk_free / 1e6:.0f}",
            ]
        _log.info("%s", " ".join(words))


def _words(limits: Sequence[str]) -> str:
    return ",".join(limit.replace(" ", "-") for limit in limits) or "none"


def _degrees(readings: Readings) -> str:
    return "unknown" if readings.temperature is None else f"{readings.temperature:.1f}"
