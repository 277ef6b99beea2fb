"""Reading one camera, plainly: open it, read pictures until it fails.

It runs in a process of its own (`edge.capture.child`). Nothing here waits cleverly or tries again: a read may hang for
ever, because whoever started the process watches it and kills it.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import IO, Protocol

import numpy as np

from edge.capture.devices import check_device, list_cameras
from edge.capture.opencv import quiet_cv2
from edge.capture.spec import CameraSpec
from edge.errors import SourceError
from edge.types import UInt8Array

_OLDEST_S = 1.0
_BAD_READS = 20
_RETRY_S = 0.05


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that a camera needs."""

    def isOpened(self) -> bool: ...  # noqa: D102, N802
    def read(self) -> tuple[bool, UInt8Array | None]: ...  # noqa: D102
    def get(self, prop: int, /) -> float: ...  # noqa: D102
    def set(self, prop: int, value: float, /) -> bool: ...  # noqa: D102
    def release(self) -> None: ...  # noqa: D102


class Grabber(Protocol):
    """Delivers a camera's pictures one by one."""

    def read(self) -> tuple[UInt8Array, float]:
        """The next picture (H, W, 3) BGR, and when it was captured (monotonic seconds); SourceError at the end."""
        ...

    def close(self) -> None:
        """Release the camera."""
        ...


class CaptureGrabber:
    """A camera through ``cv2.VideoCapture``; see `open_v4l2` and `open_stream`.

    A picture's time is the driver's own timestamp where it is on the monotonic clock, because that is when the light
    fell on the sensor, not when we came to read it.
    """

    def __init__(self, capture: Capture, where: str) -> None:
        cv2 = quiet_cv2()
        self._capture, self._where = capture, where
        self._position = cv2.CAP_PROP_POS_MSEC

    def read(self) -> tuple[UInt8Array, float]:
        """The next picture; a few bad buffers in a row are nothing."""
        for _attempt in range(_BAD_READS):
            ok, image = self._capture.read()
            if ok and image is not None:
                return np.asarray(image, np.uint8), self._capture_time()
            time.sleep(_RETRY_S)
        raise SourceError(
            "the camera stopped giving pictures",
            where=self._where,
            remedy="check the cable, and that no other program uses the camera",
        )

    def close(self) -> None:
        """Release the camera."""
        self._capture.release()

    def _capture_time(self) -> float:
        now = time.monotonic()
        stamp = self._capture.get(self._position) / 1000
        return stamp if now - _OLDEST_S < stamp <= now else now


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

    def read(self) -> tuple[UInt8Array, float]:
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
        return np.frombuffer(data, np.uint8).reshape(self._height, self._width, 3), time.monotonic()

    def close(self) -> None:
        """End the command."""
        self._process.kill()
        self._process.wait()


def open_grabber(spec: CameraSpec) -> Grabber:
    """The grabber of a camera; raises SourceError when it cannot be opened."""
    if spec.kind == "v4l2":
        return open_v4l2(spec)
    if spec.kind == "stream":
        return open_stream(spec)
    if spec.kind == "pipe":
        return PipeGrabber(spec.command, spec.size, spec.address)
    from edge.capture.fake import FakeGrabber

    return FakeGrabber(spec)


def open_v4l2(spec: CameraSpec) -> CaptureGrabber:
    """A V4L2 device, asked for the wanted size and rate; it may give others."""
    check_device(Path(spec.address))
    cv2 = quiet_cv2()
    capture = cv2.VideoCapture(spec.address, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(
            "this device gives no pictures",
            where=spec.address,
            found=f"cameras here: {list_cameras()}",
            remedy="end the program that uses it (`fuser -v /dev/video*` names it) or choose another device",
        )
    for prop, value in (
        (cv2.CAP_PROP_FRAME_WIDTH, spec.size[0]),
        (cv2.CAP_PROP_FRAME_HEIGHT, spec.size[1]),
        (cv2.CAP_PROP_FPS, spec.fps),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ):
        capture.set(prop, float(value))
    return CaptureGrabber(capture, spec.address)


def open_stream(spec: CameraSpec) -> CaptureGrabber:
    """A network camera (RTSP, HTTP) through FFmpeg."""
    cv2 = quiet_cv2()
    where = without_password(spec.address)
    capture = cv2.VideoCapture(spec.address, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise SourceError(
            "the network camera does not answer",
            where=where,
            remedy="check the address, user and password with a player, and that the service may use the network",
        )
    return CaptureGrabber(capture, where)


def without_password(address: str) -> str:
    """The address as it may be shown: what stands between ``//`` and ``@`` is left out."""
    scheme, mark, rest = address.partition("://")
    host = rest.split("/", 1)
    host[0] = host[0].rpartition("@")[2]
    return f"{scheme}{mark}{'/'.join(host)}"
