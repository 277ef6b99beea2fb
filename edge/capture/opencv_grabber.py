"""Cameras that OpenCV reads: those of a network, and devices that `edge.capture.v4l2_stream` cannot read."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from edge.capture.devices import list_cameras
from edge.capture.opencv import quiet_cv2
from edge.capture.raw import RawPicture, capture_time
from edge.capture.spec import CameraSpec, without_password
from edge.errors import SourceError
from edge.types import UInt8Array

_BAD_READS = 20
_RETRY_S = 0.05


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that a camera needs."""

    def isOpened(self) -> bool: ...  # noqa: D102, N802
    def read(self) -> tuple[bool, UInt8Array | None]: ...  # noqa: D102
    def get(self, prop: int, /) -> float: ...  # noqa: D102
    def set(self, prop: int, value: float, /) -> bool: ...  # noqa: D102
    def release(self) -> None: ...  # noqa: D102


class CaptureGrabber:
    """A camera through ``cv2.VideoCapture``; see `open_device` and `open_address`."""

    def __init__(self, capture: Capture, where: str) -> None:
        cv2 = quiet_cv2()
        self._capture, self._where = capture, where
        self._position = cv2.CAP_PROP_POS_MSEC

    def read(self) -> RawPicture:
        """The next picture; a few bad buffers in a row are nothing."""
        for _attempt in range(_BAD_READS):
            ok, image = self._capture.read()
            if ok and image is not None:
                captured = capture_time(self._capture.get(self._position) / 1000)
                return RawPicture.from_bgr(np.ascontiguousarray(image, np.uint8), captured)
            time.sleep(_RETRY_S)
        raise SourceError(
            "the camera stopped giving pictures",
            where=self._where,
            remedy="check the cable, and that no other program uses the camera",
        )

    def close(self) -> None:
        """Release the camera."""
        self._capture.release()


def open_device(spec: CameraSpec) -> CaptureGrabber:
    """A V4L2 device, asked for the wanted size and rate; it may give others."""
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


def open_address(spec: CameraSpec) -> CaptureGrabber:
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
