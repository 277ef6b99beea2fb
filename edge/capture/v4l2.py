"""What a video device is, asked of its driver: a Raspberry Pi has a dozen ``/dev/video*``, and few of them are cameras.

Structures and numbers as in Linux' ``videodev2.h``.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_QUERYCAP = 0x80685600
_ENUM_FMT = 0xC0405602
_CAPABILITY = struct.Struct("=16s32s32sIII12x")
"""driver, card, bus, version, capabilities of all of it, capabilities of this node."""
_FORMAT = struct.Struct("=III32s4s16x")
"""index, type, flags, description, four-letter code."""
_PER_NODE = 0x80000000
_CAPTURES = {0x1: 1, 0x1000: 9}
"""Capability -> buffer type: single-planar and multi-planar capture."""
_MOST_FORMATS = 64

Ioctl = Callable[[int, int, bytearray], int]


@dataclass(frozen=True, slots=True)
class VideoDevice:
    """A camera: the name that its maker gave it, its driver, and the four-letter codes of its picture formats."""

    path: Path
    name: str
    driver: str
    formats: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path} {self.name} ({', '.join(self.formats) or 'no formats'})"


def ask_device(path: Path, *, ioctl: Ioctl = fcntl.ioctl) -> VideoDevice | None:
    """The camera at ``path``; None when it is none, or may not be opened. It is not disturbed when in use."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        data = bytearray(_CAPABILITY.size)
        ioctl(descriptor, _QUERYCAP, data)
        driver, card, _bus, _version, all_of_it, this_node = _CAPABILITY.unpack(data)
        able = this_node if all_of_it & _PER_NODE else all_of_it
        kinds = [kind for flag, kind in _CAPTURES.items() if able & flag]
        if not kinds:
            return None
        return VideoDevice(path, _text(card), _text(driver), _formats(descriptor, kinds[0], ioctl))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _formats(descriptor: int, kind: int, ioctl: Ioctl) -> tuple[str, ...]:
    found = []
    for index in range(_MOST_FORMATS):
        data = bytearray(_FORMAT.pack(index, kind, 0, b"", b""))
        try:
            ioctl(descriptor, _ENUM_FMT, data)
        except OSError:  # the driver's way to say that there are no more
            break
        found.append(_text(_FORMAT.unpack(data)[4]))
    return tuple(found)


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode(errors="replace").strip()
