"""Reading one camera, plainly: open it, read pictures until it fails.

It runs in a process of its own (`edge.capture.child`). Nothing here waits cleverly or tries again: a read may hang for
ever, because whoever started the process watches it and kills it. What a kind of camera needs is imported for that kind
only, because this process stays as long as the kiosk and should be small.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge.capture.devices import check_device
from edge.capture.raw import FORMATS, RawPicture
from edge.capture.spec import CameraSpec


class Grabber(Protocol):
    """Delivers a camera's pictures one by one."""

    def read(self) -> RawPicture:
        """The next picture, whose data are whole until the next one is read; SourceError at the end."""
        ...

    def close(self) -> None:
        """Release the camera."""
        ...


def open_grabber(spec: CameraSpec) -> Grabber:
    """The grabber of a camera; raises SourceError when it cannot be opened."""
    if spec.kind == "v4l2":
        return _open_v4l2(spec)
    if spec.kind == "stream":
        from edge.capture.opencv_grabber import open_address

        return open_address(spec)
    if spec.kind == "pipe":
        from edge.capture.pipe import PipeGrabber

        return PipeGrabber(spec.command, spec.size, spec.address)
    from edge.capture.fake import FakeGrabber

    return FakeGrabber(spec)


def _open_v4l2(spec: CameraSpec) -> Grabber:
    """A V4L2 device, asked for the wanted size and rate; it may give others."""
    from edge.capture.v4l2_stream import open_stream

    check_device(Path(spec.address))
    if (stream := open_stream(spec, FORMATS)) is not None:
        return stream
    from edge.capture.opencv_grabber import open_device

    return open_device(spec)
