"""A source without a camera, for tests and for trying things out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from edge.capture.base import Delivers
from edge.types import Frame, UInt8Array


class FakeSource:
    """Delivers the given pictures, or ``count`` black ones, at ``fps`` on the timeline; remembers whether it was
    closed. ``error`` is raised after the last picture, as by a camera that was unplugged."""

    delivers: Delivers = "frames"
    dropped = 0

    def __init__(
        self,
        images: Sequence[UInt8Array] | None = None,
        *,
        count: int = 10,
        fps: float = 30.0,
        size: tuple[int, int] = (48, 64),
        live: bool = False,
        error: Exception | None = None,
    ) -> None:
        self._images = images if images is not None else [np.zeros((*size, 3), np.uint8)] * count
        self._fps = fps
        self._error = error
        self.live = live
        self.length = None if live else len(self._images)
        self.delivered = 0
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        """The pictures, without waiting."""
        for index, image in enumerate(self._images):
            if self.closed:
                return
            self.delivered += 1
            yield Frame(image, index / self._fps, time.monotonic(), index)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End a running iteration."""
        self.closed = True

    def __repr__(self) -> str:
        return f"<FakeSource: {self.delivered} of {len(self._images)} delivered>"
