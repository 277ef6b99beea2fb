"""A camera through Video4Linux: webcams and, on a Raspberry Pi, whatever has a V4L2 driver.

A thread reads every picture the driver has and only the newest is handed on (`edge.capture.live`). A picture's time is
the driver's own timestamp where it is on the monotonic clock, because that is when the light fell on the sensor, not
when we came to read it.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from edge.capture.base import Delivers
from edge.capture.live import Live
from edge.capture.opencv import quiet_cv2
from edge.errors import SourceError
from edge.types import Frame, UInt8Array

PATIENCE_S = 5.0
"""A camera that shows nothing for so long is taken for lost."""
_RETRY_S = 0.05
_OLDEST_S = 1.0


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that a camera needs."""

    def isOpened(self) -> bool: ...  # noqa: D102, N802
    def read(self) -> tuple[bool, UInt8Array | None]: ...  # noqa: D102
    def get(self, prop: int, /) -> float: ...  # noqa: D102
    def set(self, prop: int, value: float, /) -> bool: ...  # noqa: D102
    def release(self) -> None: ...  # noqa: D102


class Camera:
    """A V4L2 camera at ``path``, asked for pictures of ``size`` (width, height) at ``fps``; it may give others.

    Raises SourceError when there is no camera, it may not be opened, or shows nothing for `PATIENCE_S`.
    """

    delivers: Delivers = "frames"
    live = True
    length = None

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int] = (640, 480),
        fps: float = 30.0,
        open_capture: Callable[[Path], Capture] | None = None,
        patience: float = PATIENCE_S,
    ) -> None:
        if open_capture is None:
            check_device(path)
        cv2 = quiet_cv2()
        self._path = path
        self._capture: Capture = open_capture(path) if open_capture else cv2.VideoCapture(str(path), cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceError(
                "this device gives no pictures",
                where=path,
                found=f"cameras here: {_cameras()}",
                remedy="end the program that uses it (`fuser -v /dev/video*` names it) or choose another device",
            )
        self._position = cv2.CAP_PROP_POS_MSEC
        for prop, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, size[0]),
            (cv2.CAP_PROP_FRAME_HEIGHT, size[1]),
            (cv2.CAP_PROP_FPS, fps),
            (cv2.CAP_PROP_BUFFERSIZE, 1),
        ):
            self._capture.set(prop, float(value))
        self._stopping = False
        self._live = Live(self._frames(), where=str(path), release=self._capture.release, patience=patience)

    @property
    def dropped(self) -> int:
        """Pictures that were overwritten by a newer one before they were asked for."""
        return self._live.dropped

    def __iter__(self) -> Iterator[Frame]:
        """The newest picture each time; ends only with `close` or a SourceError."""
        return iter(self._live)

    def close(self) -> None:
        """Release the camera."""
        self._stopping = True
        self._live.close()

    def _frames(self) -> Generator[Frame, None, None]:
        index = 0
        while not self._stopping:
            ok, image = self._capture.read()
            if not ok or image is None:
                time.sleep(_RETRY_S)  # one bad buffer is nothing; the consumer's patience decides when it is lost
                continue
            captured = self._capture_time()
            yield Frame(np.asarray(image, dtype=np.uint8), captured, captured, index)
            index += 1

    def _capture_time(self) -> float:
        now = time.monotonic()
        stamp = self._capture.get(self._position) / 1000
        return stamp if now - _OLDEST_S < stamp <= now else now

    def __repr__(self) -> str:
        return f"<Camera {self._path}>"


def check_device(path: Path) -> None:
    """Say why ``path`` cannot be a camera, before OpenCV fails without a reason."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SourceError(
            "there is no camera here",
            where=path,
            found=f"{error.strerror}; cameras here: {_cameras()}",
            remedy="plug a camera in, name another one, or try `--source demo`",
        ) from None
    if not stat.S_ISCHR(mode):
        raise SourceError("this is no camera device", where=path, expected="a V4L2 device such as /dev/video0",
                          found=f"cameras here: {_cameras()}")  # fmt: skip
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(
            "the camera may not be opened by this user",
            where=path,
            expected="read and write permission",
            found=f"mode {stat.filemode(mode)}",
            remedy="add the user to group video: `sudo usermod -aG video $USER`, then log in again",
        )


def _cameras(folder: Path = Path("/dev")) -> str:
    found = [path for path in folder.glob("video*") if re.fullmatch(r"video[0-9]+", path.name)]
    return (
        ", ".join(str(path) for path in sorted(found, key=lambda path: int(path.name[5:]))) or "no /dev/video* at all"
    )
