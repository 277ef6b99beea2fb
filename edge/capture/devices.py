"""Cameras as Linux shows them: device files, and names that stay the same when a camera is plugged in again."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from edge.errors import SourceError

DEVICES = Path("/dev")


def stable_name(path: Path, *, by_id: Path = DEVICES / "v4l" / "by-id") -> Path:
    """udev's link that leads to ``path``, because numbers change when a camera comes back; else ``path`` itself."""
    try:
        links = sorted(by_id.iterdir())
        return next((link for link in links if link.resolve() == path.resolve()), path)
    except OSError:
        return path


def check_device(path: Path) -> None:
    """Say why ``path`` cannot be a camera, before OpenCV fails without a reason. Raises SourceError."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SourceError(
            "there is no camera here",
            where=path,
            found=f"{error.strerror}; cameras here: {list_cameras()}",
            remedy="plug a camera in, name another one, or try `--source demo`",
        ) from None
    if not stat.S_ISCHR(mode):
        raise SourceError(
            "this is no camera device",
            where=path,
            expected="a V4L2 device such as /dev/video0",
            found=f"cameras here: {list_cameras()}",
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(
            "the camera may not be opened by this user",
            where=path,
            expected="read and write permission",
            found=f"mode {stat.filemode(mode)}",
            remedy="add the user to group video: `sudo usermod -aG video $USER`, then log in again",
        )


def camera_devices(folder: Path = DEVICES) -> list[Path]:
    """The video devices of a folder by their number; not all of them need be cameras."""
    found = [path for path in folder.glob("video*") if re.fullmatch(r"video[0-9]+", path.name)]
    return sorted(found, key=lambda path: int(path.name[5:]))


def list_cameras(folder: Path = DEVICES) -> str:
    """The same, for people."""
    return ", ".join(str(path) for path in camera_devices(folder)) or "no /dev/video* at all"
