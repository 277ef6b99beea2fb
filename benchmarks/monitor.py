"""The board beside a measurement: temperature, clock, what holds the processor back, and power, once a second.

A thread of the measuring process reads it, some milliseconds a second; what is measured runs in processes of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np

from benchmarks.loops.results import Reading
from benchmarks.power import PowerSensors
from edge.service.board import Board

EVERY = 1.0
"""Seconds from one reading to the next."""
_ROOT = Path("/")


class Monitor:
    """Reads the board while its block runs; ``readings`` grows meanwhile, their time counts from the block's start."""

    def __init__(
        self,
        *,
        board: Board | None = None,
        sensors: PowerSensors | None = None,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board, self._sensors = board or Board(root=_ROOT), sensors or PowerSensors(_ROOT)
        self._every, self._clock = every, clock
        self._began = clock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="board", daemon=True)
        self.readings: list[Reading] = []

    @property
    def now(self) -> float:
        """Seconds since the block began: the time of the readings."""
        return self._clock() - self._began

    def read(self) -> Reading:
        """One reading, now."""
        board, watts = self._board.read(), self._sensors.read()
        return Reading(self.now, board.temperature, board.frequency, board.limits, watts)

    def __enter__(self) -> Monitor:
        self._began = self._clock()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.readings.append(self.read())
            if self._over.wait(self._every):
                return


def mean_watts(readings: list[Reading]) -> dict[str, float]:
    """The mean of each sensor that answered in every reading."""
    names = [name for name in readings[0].watts if all(name in each.watts for each in readings)] if readings else []
    return {name: float(np.mean([each.watts[name] for each in readings])) for name in names}
