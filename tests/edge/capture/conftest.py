"""Small clips and pictures, made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.opencv import quiet_cv2

# FFmpeg reads its log level once in a process, when the first clip is opened, whichever test does that.
quiet_cv2()

WriteClip = Callable[..., Path]


@pytest.fixture
def write_clip(tmp_path: Path) -> WriteClip:
    """Writes a clip whose frame n has brightness 3 n, so that a frame can be told from its picture."""

    def write(name: str = "clip.avi", *, frames: int = 40, fps: float = 20.0) -> Path:
        path = tmp_path / name
        codec = {".avi": "MJPG", ".mp4": "mp4v", ".webm": "VP80"}[path.suffix]
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (64, 48))
        assert writer.isOpened()
        for n in range(frames):
            writer.write(np.full((48, 64, 3), 3 * n, np.uint8))
        writer.release()
        return path

    return write
