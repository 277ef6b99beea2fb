"""Cuts the stream of ticks into movements and holds.

A hand is *absent*, *moving* or *holding*. It holds once it has been slow for long enough; a shorter pause belongs to
the movement around it. It stops holding when it is fast, and between slow and fast nothing changes (hysteresis). It has
left once it was missing for longer than a landmarker's lapse, which is bridged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge.recognition.motion import MotionMeter, Pose
from edge.recognition.resample import Tick
from edge.recognition.settings import RecognitionSettings

_EPS = 1e-6
_KEPT = 1024
"""Samples of a movement or hold that are kept: the longest window of a manifest. A hand may rest in view for hours."""


class Phase(Enum):
    """What the hand is doing."""

    ABSENT = "absent"
    MOVING = "moving"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True)
class Sample:
    """A tick that shows a hand, with its pose."""

    tick: Tick
    pose: Pose


class Segmenter:
    """Follows the hand; ``movement`` and ``hold`` are what it is in, or, after its end, was last in.

    ``movement`` holds the samples since the hand came in or the last hold ended; ``hold`` those of the hold. A new
    movement empties both. Of one that lasts for minutes the first sample and the newest ones are kept. ``stay`` holds
    the first ``remember`` samples since the hand came in.
    """

    def __init__(self, aspect: float, settings: RecognitionSettings, *, remember: int = 0) -> None:
        self._settings = settings
        self._meter = MotionMeter(aspect)
        self._pause: list[Sample] = []
        self._remember = remember
        self._seen = 0.0
        self.phase = Phase.ABSENT
        self.movement: list[Sample] = []
        self.hold: list[Sample] = []
        self.stay: list[Sample] = []

    def push(self, tick: Tick) -> Phase:
        """Take the next tick; returns the phase after it."""
        settings = self._settings
        pose, speed = self._meter.measure(tick)
        if pose is None:
            if self.phase is not Phase.ABSENT and tick.time - self._seen > settings.bridge - _EPS:
                self._end_pause()
                self.phase = Phase.ABSENT
            return self.phase
        sample = Sample(tick, pose)
        self._seen = tick.time
        if self.phase is Phase.ABSENT:
            self.stay = []
            self._start_moving()
        if len(self.stay) < self._remember:
            self.stay.append(sample)
        if self.phase is Phase.HOLDING:
            if speed <= settings.move:
                self.hold.append(sample)
                del self.hold[1:-_KEPT]
                return self.phase
            self._start_moving()
        limit = settings.move if self._pause else settings.still
        if speed > limit:
            self._end_pause()
            self.movement.append(sample)
            del self.movement[1:-_KEPT]
            return self.phase
        self._pause.append(sample)
        if tick.time - self._pause[0].tick.time >= settings.hold - _EPS:
            self.hold, self._pause = self._pause, []
            self.phase = Phase.HOLDING
        return self.phase

    def _start_moving(self) -> None:
        self.phase = Phase.MOVING
        self.movement, self.hold, self._pause = [], [], []

    def _end_pause(self) -> None:
        self.movement += self._pause
        self._pause = []
