"""Cameras that another program reads for us: its command line, which writes raw BGR pictures to stdout.

A CSI camera on a Jetson is behind ``nvarguscamerasrc``, on a Raspberry Pi behind libcamera; OpenCV's wheels have no
GStreamer, and picamera2 lives in the system's Python only.
"""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import Path

from edge.capture.spec import CameraSpec
from edge.errors import SourceError

SYSTEM_PYTHON = "/usr/bin/python3"
_TEGRA = Path("/etc/nv_tegra_release")
"""There on every Jetson, and nowhere else."""


def csi_camera(*, size: tuple[int, int], fps: float, tegra: Path = _TEGRA) -> CameraSpec:
    """The ribbon-cable camera of this board."""
    source = "nvarguscamerasrc ! nvvidconv" if tegra.exists() else "libcamerasrc"
    return gstreamer_camera(source, address="csi", size=size, fps=fps)


def gstreamer_camera(source: str, *, address: str, size: tuple[int, int], fps: float) -> CameraSpec:
    """A GStreamer pipeline up to where its pictures are raw; scaling and conversion are added. Raises SourceError."""
    try:
        elements = shlex.split(source)
    except ValueError as error:
        raise SourceError("this is no GStreamer pipeline", where=address, found=error) from error
    if not elements:
        raise SourceError("this is no GStreamer pipeline", where=address, expected="gst:ELEMENT [! ELEMENT ...]")
    width, height = size
    end = (
        f"! videorate drop-only=true ! videoconvert ! videoscale "
        f"! video/x-raw,format=BGR,width={width},height={height} "
        f"! queue max-size-buffers=1 leaky=downstream ! fdsink fd=1 sync=false"
    )
    command = ("gst-launch-1.0", "--quiet", *elements, *end.split())
    return CameraSpec("pipe", address, size=size, fps=fps, command=command)


def picamera2_camera(*, size: tuple[int, int], fps: float, python: str = SYSTEM_PYTHON) -> CameraSpec:
    """picamera2 through the system's Python, where Raspberry Pi OS installs it."""
    script = str(files("edge.capture").joinpath("picamera2_pipe.py"))
    command = (python, "-I", script, str(size[0]), str(size[1]), f"{fps:g}")
    return CameraSpec("pipe", "picamera2", size=size, fps=fps, command=command)
