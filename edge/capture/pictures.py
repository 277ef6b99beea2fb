"""A folder of pictures as a clip: natural order (2 before 10), a fixed rate."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge.capture.base import Delivers
from edge.capture.opencv import quiet_cv2
from edge.capture.video import check_readable
from edge.errors import SourceError
from edge.types import Frame, UInt8Array

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
"""What counts as a picture; other files in the folder are ignored."""
DEFAULT_FPS = 10.0
_JPEG_END = b"\xff\xd9"


class PictureFolder:
    """The pictures of ``folder``, ``fps`` of them a second.

    Raises SourceError for a folder without pictures and, when its turn comes, for a picture that is none.
    """

    delivers: Delivers = "frames"
    live = False
    dropped = 0

    def __init__(self, folder: Path, *, fps: float = DEFAULT_FPS) -> None:
        try:
            found = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
        except OSError as error:
            raise SourceError("the folder cannot be read", where=folder, found=error.strerror) from None
        if not found:
            raise SourceError(
                "the folder holds no pictures", where=folder, expected=f"files ending in {', '.join(sorted(SUFFIXES))}"
            )
        self._paths = sorted(found, key=natural_key)
        self._folder = folder
        self._fps = fps
        self._closed = False
        self._cv2 = quiet_cv2()
        self.length = len(self._paths)

    def __iter__(self) -> Iterator[Frame]:
        """Every picture, as fast as it is asked for."""
        for index, path in enumerate(self._paths):
            if self._closed:
                return
            yield self._frame(index, path)

    def close(self) -> None:
        """End a running iteration."""
        self._closed = True

    def _frame(self, index: int, path: Path) -> Frame:
        check_readable(path)
        image = decode_picture(path.read_bytes(), self._cv2)
        if image is None:
            raise SourceError(
                "this is no picture that can be decoded",
                where=path,
                expected="JPEG, PNG, BMP, WebP or TIFF",
                found=f"{path.stat().st_size} bytes of something else, or a damaged picture",
                remedy="replace it or take it out of the folder",
            )
        return Frame(image, index / self._fps, time.monotonic(), index)

    def __repr__(self) -> str:
        return f"<PictureFolder {self._folder}: {self.length} at {self._fps:g} fps>"


def decode_picture(content: bytes, cv2: Any) -> UInt8Array | None:
    """BGR (H, W, 3) of a picture's file with the OpenCV that `quiet_cv2` gives; None when it is damaged or none."""
    # libjpeg fills what is missing with grey, and says so on stderr; a picture cut off is refused before. The
    # mark is looked for in the second half only, because a thumbnail at the start has one of its own.
    if content.startswith(b"\xff\xd8") and _JPEG_END not in content[len(content) // 2 :]:
        return None
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # no bytes at all, or more pixels than OpenCV is willing to decode
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)


def natural_key(path: Path) -> tuple[list[str | int], str]:
    """Sort key under which ``frame2`` comes before ``frame10``."""
    parts: list[str | int] = [int(p) if p.isdecimal() else p for p in re.split(r"([0-9]+)", path.name.casefold())]
    return parts, path.name
