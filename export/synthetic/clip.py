"""Writes a rendered word as a clip with the truth about it beside it.

OpenCV's wheels write MP4 and AVI by themselves. They also write WebM, but at a bit rate that cannot be set (a second
takes megabytes), so VP9 in WebM, which every OpenCV and browser reads, is left to an ffmpeg program: the one on the
path, or the one that the package ``imageio-ffmpeg`` carries.

The truth file is JSON: ``word``, ``fps``, ``width``, ``height``, ``made_by`` (the command), ``licence``, ``style``, and
``frames``: for each its ``label`` ("" between letters) and ``joints``, 21 pairs of pixels.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import cv2

from edge.errors import DependencyError, UsageError
from edge.types import UInt8Array
from export.synthetic.frame import RenderedFrame
from export.synthetic.style import Style

_OPENCV_CODECS = {".mp4": "mp4v", ".avi": "MJPG"}
SUFFIXES = (".webm", *_OPENCV_CODECS)
"""Kinds of clips that can be written; ``.webm`` needs ffmpeg."""
LICENCE = "CC0-1.0: rendered by this project from the CC0 MakeHuman/MPFB2 base mesh"
_VP9 = "-c:v libvpx-vp9 -crf 24 -b:v 0 -deadline good -cpu-used 3 -pix_fmt yuv420p"


def check_clip_path(path: Path) -> None:
    """Raise UsageError for a place or a suffix that a clip cannot have, DependencyError for .webm without ffmpeg.

    To be asked before anything is drawn.
    """
    if path.suffix not in SUFFIXES:
        found = path.suffix or "no suffix"
        raise UsageError("no such kind of clip", where=path, expected=" ".join(SUFFIXES), found=found)
    if not path.parent.is_dir():
        raise UsageError("no such folder", where=path.parent, remedy="make it, or name another --output")
    if path.suffix == ".webm":
        _ffmpeg()


def write_clip(path: Path, frames: Iterable[RenderedFrame], fps: float) -> list[RenderedFrame]:
    """Write the frames to ``path`` and return them (without their pictures' order changed); nothing is left behind when
    it fails. Raises what `check_clip_path` raises, and DependencyError when the encoder fails."""
    check_clip_path(path)
    drawn: list[RenderedFrame] = []

    def pictures() -> Iterator[UInt8Array]:
        for frame in frames:
            drawn.append(frame)
            yield frame.image

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        encode = _encode_by_ffmpeg if path.suffix == ".webm" else _encode_by_opencv
        encode(unfinished, pictures(), fps)
        unfinished.replace(path)
    return drawn


def _encode_by_opencv(path: Path, pictures: Iterator[UInt8Array], fps: float) -> None:
    first = next(pictures)
    codec = _OPENCV_CODECS[path.suffix]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (first.shape[1], first.shape[0]))
    if not writer.isOpened():
        raise DependencyError(
            f"this OpenCV ({cv2.__version__}) cannot write {codec}",
            where=path.name,
            remedy="install opencv-python-headless from the package index",
        )
    for picture in chain([first], pictures):
        writer.write(picture)
    writer.release()


def _encode_by_ffmpeg(path: Path, pictures: Iterator[UInt8Array], fps: float) -> None:
    first = next(pictures)
    size = f"{first.shape[1]}x{first.shape[0]}"
    command = [_ffmpeg(), "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", size]
    command += ["-r", str(fps), "-i", "-", *_VP9.split(), str(path)]
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints) as encoder:
            assert encoder.stdin is not None  # noqa: S101  for mypy: a pipe was asked for
            try:
                for picture in chain([first], pictures):
                    encoder.stdin.write(picture.tobytes())
            except BrokenPipeError:  # the encoder's own words say why
                pass
        if encoder.returncode:
            complaints.seek(0)
            lines = complaints.read().decode(errors="replace").strip().splitlines() or ["no message"]
            raise DependencyError("ffmpeg could not write the clip", where=path.name, found=lines[-1])


def _ffmpeg() -> str:
    """The ffmpeg program. Raises DependencyError when there is none."""
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except ImportError as error:
        raise DependencyError(
            "writing .webm needs ffmpeg", remedy="pip install imageio-ffmpeg, or ask for .mp4 or .avi"
        ) from error


def truth(word: str, frames: list[RenderedFrame], *, fps: float, style: Style, made_by: str) -> dict[str, Any]:
    """The truth file's contents."""
    height, width = frames[0].image.shape[:2]
    return {
        "word": word,
        "fps": fps,
        "width": width,
        "height": height,
        "made_by": made_by,
        "licence": LICENCE,
        "style": asdict(style),
        "frames": [{"label": frame.label, "joints": frame.joints.round(1).tolist()} for frame in frames],
    }


def write_truth(path: Path, contents: dict[str, Any]) -> None:
    """Write a truth file, one line a frame."""
    head = {key: value for key, value in contents.items() if key != "frames"}
    lines = ",\n".join(json.dumps(frame, separators=(",", ":")) for frame in contents["frames"])
    text = json.dumps(head)[:-1] + ', "frames": [\n' + lines + "\n]}\n"
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
