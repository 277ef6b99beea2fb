"""From the words of a command line to a source."""

from __future__ import annotations

import re
from pathlib import Path

from edge.capture.base import HandsSource, Source
from edge.capture.camera import Camera
from edge.capture.live import as_live
from edge.capture.pictures import DEFAULT_FPS, SUFFIXES, PictureFolder
from edge.capture.recording import LandmarkRecording
from edge.capture.video import VideoFile
from edge.errors import SourceError


def open_source(text: str, *, fps: float | None = None, realtime: bool = False) -> Source | HandsSource:
    """Open a camera (number or ``/dev/...``), a video file, a folder of pictures, a landmark recording or ``demo``.

    ``fps`` is the rate of a folder of pictures, or of a recording without times. A recorded source is delivered whole,
    as fast as it is asked for; with ``realtime`` it plays at its own rate and drops like a camera. Raises SourceError.
    """
    if text.isascii() and text.isdecimal():
        return Camera(Path(f"/dev/video{int(text)}"))
    if text.startswith("/dev/"):
        return Camera(Path(text))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        raise SourceError(
            "addresses are not read",
            where=text,
            expected="a camera, a file or a folder",
            remedy="record or mount the stream as a file or a V4L2 device",
        )
    source = _recorded(_demo_clip() if text == "demo" else Path(text), fps)
    if not realtime:
        return source
    # Two branches, because one generic call cannot stand for both kinds.
    if isinstance(source, LandmarkRecording):
        return as_live(source, where=text)
    return as_live(source, where=text)


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
