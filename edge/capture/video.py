"""A video file, every frame of it, on the timeline that its own timestamps give."""

from __future__ import annotations

import math
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from edge.capture.base import Delivers
from edge.capture.opencv import quiet_cv2
from edge.errors import SourceError
from edge.types import Frame, UInt8Array

_FALLBACK_FPS = 30.0
_REMEDY = "copy or record it again; mp4, webm, mkv and avi are read"
_SHORTFALL = 0.9
"""A file that ends before this share of its declared frames and of its declared duration is cut off. Containers only
estimate the count of a clip with varying frame rate, so a few missing frames say nothing."""


class VideoFile:
    """Decodes a file with FFmpeg.

    ``Frame.time`` is the media timestamp in seconds; a frame whose timestamp does not grow (broken or missing ones)
    follows its predecessor by one frame of the declared rate. Raises SourceError for a file that is missing, empty,
    no video, or (at its end) cut off.
    """

    delivers: Delivers = "frames"
    live = False
    dropped = 0

    def __init__(self, path: Path) -> None:
        check_readable(path)
        if not _encodable(path):
            raise SourceError("OpenCV cannot open a name that is not UTF-8", where=path, remedy="rename the file")
        cv2 = quiet_cv2()
        self._path = path
        self._closed = False
        self._iterating = False
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceError("no video could be found in this file", where=path, remedy=_REMEDY)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._fps = fps if math.isfinite(fps) and 1 <= fps <= 240 else _FALLBACK_FPS
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.length = int(count) if math.isfinite(count) and 1 <= count <= 1e9 else None
        self._position = cv2.CAP_PROP_POS_MSEC
        self._first = self._read()
        if self._first is None:
            self._capture.release()
            raise SourceError("not one frame of this video can be decoded", where=path, remedy=_REMEDY)

    def __iter__(self) -> Iterator[Frame]:
        """Every frame, as fast as it is asked for."""
        self._iterating = True
        index, last = 0, -1 / self._fps
        picture, self._first = self._first, None
        try:
            while picture is not None and not self._closed:
                image, stamp = picture
                last = stamp if stamp > last else last + 1 / self._fps
                yield Frame(image, last, time.monotonic(), index)
                index += 1
                picture = self._read() if not self._closed else None
        finally:
            self._iterating = False
            self._capture.release()
        if not self._closed:
            self._check_whole(index, last)

    def close(self) -> None:
        """Release the file; a running iteration ends with the frame that it is at."""
        self._closed = True
        if not self._iterating:
            self._capture.release()

    def _read(self) -> tuple[UInt8Array, float] | None:
        ok, image = self._capture.read()
        if not ok:
            return None
        stamp = self._capture.get(self._position) / 1000
        return image, stamp if math.isfinite(stamp) else -1.0

    def _check_whole(self, frames: int, last: float) -> None:
        if self.length is None:
            return
        duration = self.length / self._fps
        if frames < _SHORTFALL * self.length and last + 1 / self._fps < _SHORTFALL * duration:
            raise SourceError(
                "the video ends early, it is cut off or damaged",
                where=self._path,
                expected=f"{self.length} frames ({duration:.1f} s)",
                found=f"{frames} ({last + 1 / self._fps:.1f} s)",
                remedy=_REMEDY,
            )

    def __repr__(self) -> str:
        return f"<VideoFile {self._path}: {self.length} frames at {self._fps:g} fps>"


def _encodable(path: Path) -> bool:
    """Whether the name is UTF-8; OpenCV 5.0 crashes on others instead of failing."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def check_readable(path: Path) -> None:
    """Refuse a path that is no readable file with something in it, before any library opens it."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe could wait for ever
            raise SourceError("this is no regular file", where=path, expected="a file that can be read again")
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise SourceError("there is no such file", where=path, remedy="check the path, or use `demo`") from None
    except OSError as error:
        raise SourceError("cannot be read", where=path, found=error.strerror, remedy="check its permissions") from None
    if empty:
        raise SourceError("the file is empty", where=path, expected="at least one frame", found="0 bytes")
