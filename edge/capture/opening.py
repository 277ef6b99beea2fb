"""From the words of a command line to a source."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from edge.capture.base import HandsSource, Source
from edge.capture.camera import Camera
from edge.capture.commands import csi_camera, gstreamer_camera, picamera2_camera
from edge.capture.live import as_live
from edge.capture.pictures import DEFAULT_FPS, SUFFIXES, PictureFolder
from edge.capture.recording import LandmarkRecording
from edge.capture.spec import CameraSpec
from edge.capture.video import VideoFile
from edge.errors import SourceError

CAMERA_SIZE = (640, 480)
CAMERA_FPS = 30.0
_SCHEMES = ("rtsp", "rtsps", "http", "https")


def open_source(
    text: str, *, fps: float | None = None, realtime: bool = False, patient: bool = False
) -> Source | HandsSource:
    """Open a camera, a video file, a folder of pictures, a landmark recording or ``demo``.

    ``fps`` is the rate of a folder of pictures, of a recording without times, or that a camera is asked for. A recorded
    source is delivered whole, as fast as it is asked for; with ``realtime`` it plays at its own rate and drops like a
    camera. ``patient`` waits for a camera that is not there yet. Raises SourceError.
    """
    camera = camera_spec(text, fps=fps or CAMERA_FPS)
    if camera is not None:
        return Camera(camera, patient=patient)
    source = _recorded(_demo_clip() if text == "demo" else Path(text), fps)
    if not realtime:
        return source
    # Two branches, because one generic call cannot stand for both kinds.
    if isinstance(source, LandmarkRecording):
        return as_live(source, where=text)
    return as_live(source, where=text)


def camera_spec(text: str, *, size: tuple[int, int] = CAMERA_SIZE, fps: float = CAMERA_FPS) -> CameraSpec | None:
    """The camera that ``text`` names, None when it names none: a number or device, an address, ``csi``, ``picamera2``,
    ``gst:PIPELINE``, or ``fake:SCRIPT`` (`edge.capture.fake.FakeGrabber`, starts parted by ``|``)."""
    scheme, _colon, rest = text.partition(":")
    if text.isascii() and text.isdecimal():
        return CameraSpec("v4l2", f"/dev/video{int(text)}", size=size, fps=fps)
    if text.startswith("/dev/"):
        return CameraSpec("v4l2", text, size=size, fps=fps)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        return _stream(text, scheme.lower(), size, fps)
    makers: dict[str, Callable[[], CameraSpec]] = {
        "csi": lambda: csi_camera(size=size, fps=fps),
        "picamera2": lambda: picamera2_camera(size=size, fps=fps),
        "gst": lambda: gstreamer_camera(rest, address=text, size=size, fps=fps),
        "fake": lambda: CameraSpec("fake", "fake", size=size, fps=fps, command=tuple(rest.split("|"))),
    }
    return makers[scheme]() if scheme in makers else None


def _stream(text: str, scheme: str, size: tuple[int, int], fps: float) -> CameraSpec:
    if scheme not in _SCHEMES:
        raise SourceError(
            "addresses of this kind are not read", where=text, expected=" or ".join(_SCHEMES), found=scheme
        )
    return CameraSpec("stream", text, size=size, fps=fps)


def _recorded(path: Path, fps: float | None) -> PictureFolder | VideoFile | LandmarkRecording:
    suffix = path.suffix.lower()
    if path.is_dir():
        return PictureFolder(path, fps=fps if fps is not None else DEFAULT_FPS)
    if suffix == ".npz":
        return LandmarkRecording(path, fps=fps)
    if suffix in SUFFIXES:
        raise SourceError("one picture is no clip", where=path, remedy="give the folder that holds the pictures")
    if suffix == ".npy":
        raise SourceError(
            "an .npy file does not say what it holds",
            where=path,
            expected="an .npz with an array `landmarks`",
            remedy="write it with numpy.savez(path, landmarks=...)",
        )
    return VideoFile(path)


def _demo_clip() -> Path:
    from edge.samples import demo_clip

    return demo_clip()
