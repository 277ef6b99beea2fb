"""The camera's picture for setting it up: only while the operator has switched it on, and never for long.

Pictures pass by between the source and the loop. While the preview is off none is kept; while it is on, a few a second
are, each small and only until the next. Nothing is written anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from edge.capture.base import Delivers, Source
from edge.types import Frame, State, UInt8Array

SECONDS = 60.0
"""After which the preview switches itself off."""
_APART = 0.2
_WIDTH = 480
_QUALITY = 70


class Preview:
    """Keeps the newest picture while it is on. One thread looks through `watching`, any other may ask."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = self._seen = float("-inf")
        self._picture: UInt8Array | None = None

    def switch(self, on: bool) -> float:
        """Switch it on or off; returns the seconds until it goes off by itself."""
        self._until = self._clock() + SECONDS if on else float("-inf")
        self._picture = None
        return self.left

    @property
    def left(self) -> float:
        """Seconds until it goes off; 0 when it is."""
        return max(self._until - self._clock(), 0.0)

    def jpeg(self) -> bytes | None:
        """The newest picture; None while it is off or nothing was seen."""
        picture = self._picture
        if picture is None or not self.left:
            self._picture = None
            return None
        import cv2

        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return data.tobytes() if done else None

    def see(self, frame: Frame) -> None:
        """A frame goes by."""
        now = self._clock()
        if now >= self._until:
            self._picture = None
        elif now - self._seen >= _APART:
            self._seen = now
            step = max(frame.image.shape[1] // _WIDTH, 1)
            self._picture = frame.image[::step, ::step].copy()

    def watching(self, source: Source) -> Source:
        """The source, seen by this preview."""
        return _Watched(source, self)


class _Watched:
    """A source whose frames are shown to a preview first."""

    def __init__(self, source: Source, preview: Preview) -> None:
        self._source, self._preview = source, preview

    @property
    def delivers(self) -> Delivers:
        return self._source.delivers

    @property
    def live(self) -> bool:
        return self._source.live

    @property
    def length(self) -> int | None:
        return self._source.length

    @property
    def dropped(self) -> int:
        return self._source.dropped

    def __iter__(self) -> Iterator[Frame | State]:
        for item in self._source:
            if isinstance(item, Frame):
                self._preview.see(item)
            yield item

    def close(self) -> None:
        self._source.close()
