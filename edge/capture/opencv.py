"""OpenCV, kept quiet: its libraries write their own lines to stderr, and our errors are one line each."""

from __future__ import annotations

import os
from types import ModuleType

_SILENT = 0


def quiet_cv2() -> ModuleType:
    """Import OpenCV with the logging of OpenCV and FFmpeg switched off, unless the environment asks for it."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2  # only now: the two variables must be set before, and not every source needs it

    if os.environ["OPENCV_LOG_LEVEL"] == "SILENT":
        # OpenCV 4.10 and 4.11 have it at the top, later ones in a module.
        logging = getattr(cv2.utils, "logging", cv2)
        logging.setLogLevel(_SILENT)
    return cv2
