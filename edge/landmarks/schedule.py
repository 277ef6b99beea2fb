"""When to run the palm detector, which costs more than a hand.

MediaPipe runs it on every frame with fewer hands than allowed. Here it runs at once when a hand is lost and for a while
after, often while something moves, and rarely while nothing does. Any movement ends the rest at once: waking takes
``SearchConfig.empty``, a frame or two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Seconds between two searches.

    ``empty`` with no hand in view while something moves, ``partial`` with fewer hands than allowed while something
    moves, ``idle`` with no hand and ``partial_idle`` with some while nothing does. For ``recovery`` seconds after a
    hand was lost, every frame is searched.
    """

    empty: float = 1 / 15
    partial: float = 0.2
    idle: float = 1.0
    partial_idle: float = 1.0
    recovery: float = 0.3


class SearchSchedule:
    """Decides, frame by frame; times are the source's seconds."""

    def __init__(self, config: SearchConfig) -> None:
        self._config = config
        self._searched = -math.inf
        self._lost = -math.inf

    def due(self, time: float, *, hands: int, moving: bool) -> bool:
        """Whether to search now, with ``hands`` in view (fewer than allowed)."""
        if time < self._searched:  # the source began anew
            return True
        if time - self._lost < self._config.recovery:
            return True
        if hands:
            interval = self._config.partial if moving else self._config.partial_idle
        else:
            interval = self._config.empty if moving else self._config.idle
        # Frame times jitter by fractions of a frame; without slack every search would come one frame late.
        return time - self._searched >= interval - 0.005

    def searched(self, time: float, *, found: bool) -> None:
        """A search was made; one that ``found`` a hand ends the hurry after a loss."""
        self._searched = time
        if found:
            self._lost = -math.inf

    def lost(self, time: float) -> None:
        """A hand was lost."""
        self._lost = time
