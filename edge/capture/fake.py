"""A source without a camera, and a camera with every fault, for tests and for trying things out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence

import numpy as np

from edge.capture.base import Delivers
from edge.capture.raw import RawPicture
from edge.capture.spec import CameraSpec
from edge.errors import SourceError
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


class FakeGrabber:
    """A camera that does what ``spec.command`` says, a text for each start (the last one for all later starts).

    Words: ``frames:N`` (noisy pictures at the spec's rate), ``WxH`` (another size from here on), ``freeze`` (one
    picture, again and again), ``usr1`` (the same, but from a SIGUSR1 on), ``demo`` (the shipped clip from here on, over
    and over), ``hang`` (a read that never returns), ``end`` (SourceError), ``exit`` (the process is gone), ``absent``
    (cannot be opened). After its words it delivers on for ever.
    """

    def __init__(self, spec: CameraSpec) -> None:
        script = spec.command[min(spec.start, len(spec.command) - 1)] if spec.command else ""
        self._words = script.split()
        self._where = spec.address
        self._width, self._height = spec.size
        self._interval = 1 / spec.fps
        self._random = np.random.default_rng(spec.start)
        self._left = 0
        self._frozen: UInt8Array | None = None
        self._clip: Iterator[UInt8Array] | None = None
        if "absent" in self._words:
            raise SourceError("there is no camera here", where=spec.address, found="a fake one that is absent")

    def read(self) -> RawPicture:
        """The next picture."""
        while self._left == 0 and self._words and self._frozen is None:
            self._do(self._words.pop(0))
        self._left = max(self._left - 1, 0)
        time.sleep(self._interval)
        image = self._frozen
        if image is None:
            image = next(self._clip) if self._clip is not None else self._noise()
        return RawPicture.from_bgr(image, time.monotonic())

    def close(self) -> None:
        """Nothing is held."""

    def _do(self, word: str) -> None:
        if word.startswith("frames:"):
            self._left = int(word.removeprefix("frames:"))
        elif word == "freeze":
            self._frozen = self._noise()
        elif word == "usr1":
            signal.signal(signal.SIGUSR1, lambda number, frame: self._do("freeze"))
        elif word == "demo":
            self._clip = _clip_for_ever()
        elif word == "hang":
            time.sleep(1e6)
        elif word == "exit":
            os._exit(3)
        elif word == "end":
            raise SourceError("the camera stopped giving pictures", where=self._where)
        else:
            self._width, self._height = (int(side) for side in word.split("x"))

    def _noise(self) -> UInt8Array:
        return self._random.integers(0, 255, (self._height, self._width, 3), np.uint8)

    def __repr__(self) -> str:
        return f"<FakeGrabber {self._where}: {' '.join(self._words) or 'pictures for ever'}>"


def _clip_for_ever() -> Iterator[UInt8Array]:
    from edge.capture.video import VideoFile
    from edge.samples import demo_clip

    while True:
        for frame in VideoFile(demo_clip()):
            yield frame.image
