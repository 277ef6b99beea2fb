"""A camera that another program reads for us (`edge.capture.commands`)."""

from __future__ import annotations

import subprocess
import time
from typing import IO

from edge.capture.raw import BGR, RawPicture
from edge.errors import SourceError


class PipeGrabber:
    """A command that writes raw BGR pictures of one size to its stdout: GStreamer's ``fdsink``, picamera2."""

    def __init__(self, command: tuple[str, ...], size: tuple[int, int], where: str) -> None:
        self._width, self._height = size
        self._where = where
        try:
            # Its own messages go to our stderr, and so to the journal. It ends with us: same process group.
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        except OSError as error:
            raise SourceError(
                "the program that reads this camera cannot be started",
                where=where,
                found=f"{command[0]}: {error.strerror}",
                remedy="install it (gst-launch-1.0: Debian's gstreamer1.0-tools; picamera2: python3-picamera2)",
            ) from error
        assert self._process.stdout is not None  # noqa: S101 - because of PIPE
        self._pictures: IO[bytes] = self._process.stdout

    def read(self) -> RawPicture:
        """The next picture."""
        want = self._width * self._height * 3
        data = self._pictures.read(want)
        if len(data) < want:
            raise SourceError(
                "the program that reads this camera ended",
                where=self._where,
                found=f"exit code {self._process.wait()}",
                remedy="its own message stands above; check cable, camera name and format",
            )
        return RawPicture(data, BGR, self._width, self._height, self._width * 3, time.monotonic())

    def close(self) -> None:
        """End the command."""
        self._process.kill()
        self._process.wait()
