"""When a camera is in trouble, and when to try it again: rules only, on a clock that is handed in.

A camera hangs (no picture comes), freezes (the same bytes come again and again, though a sensor always has noise),
ends, or never starts. Each is answered by starting its process anew: at once the first time, then after pauses that
double up to half a minute. Pictures that stay away for long, whatever was tried, make the camera *lost*.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from edge.types import UInt8Array

_ROW_STEP = 4


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Seconds. ``stall`` without a picture is a hang, of a camera that delivered before; ``start`` is what the first
    picture may take; ``frozen`` of identical pictures is a freeze; ``lost`` without a picture is told to people;
    pauses between starts grow from ``pause`` to ``longest_pause``; ``steady`` of pictures make it forget its failures.
    """

    stall: float = 2.5
    start: float = 10.0
    frozen: float = 10.0
    lost: float = 6.0
    pause: float = 0.5
    longest_pause: float = 30.0
    steady: float = 10.0


class Watch:
    """Judges one camera over all its starts."""

    def __init__(self, settings: WatchSettings, now: float) -> None:
        self._settings = settings
        self._failures = 0
        self._since = now
        """When pictures were last known to come: the latest picture, else the beginning."""
        self.starting(now)

    def starting(self, now: float) -> None:
        """Its process was started."""
        self._started = now
        self._last: float | None = None
        self._digest: int | None = None
        self._changed = now
        self._noisy = False

    def picture(self, image: UInt8Array, now: float) -> None:
        """A picture came."""
        digest = zlib.adler32(image[::_ROW_STEP].tobytes())
        if digest != self._digest:
            self._noisy = self._noisy or self._digest is not None
            self._digest, self._changed = digest, now
        if now - self._started >= self._settings.steady:
            self._failures = 0
        self._last = self._since = now

    def fault(self, now: float) -> str:
        """What is wrong, for people; empty while nothing is."""
        wait = self._settings
        if self._last is None:
            return f"no picture within {wait.start:g} s of its start" if now - self._started > wait.start else ""
        if now - self._last > wait.stall:
            return f"no picture for {wait.stall:g} s"
        # A picture that never changed may be a test pattern or a covered lens.
        if self._noisy and now - self._changed > wait.frozen:
            return f"the same picture for {wait.frozen:g} s"
        return ""

    def failed(self) -> float:
        """Its process was given up: the pause in seconds before the next start."""
        self._failures += 1
        if self._failures == 1:
            return 0.0
        return min(self._settings.pause * 2.0 ** min(self._failures - 2, 16), self._settings.longest_pause)

    def lost(self, now: float) -> bool:
        """Whether pictures have stayed away so long that people should be told."""
        return now - self._since > self._settings.lost
