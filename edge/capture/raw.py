"""A picture as its camera gave it.

Turning it into one of ours (`edge.capture.decoding`) is left to whoever looks at it: the process of a camera then needs
neither NumPy nor OpenCV, and what nobody took in time was never decoded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.types import UInt8Array

BGR = "BGR3"
"""Our own format, by the four letters that V4L2 has for it."""
COMPRESSED = ("MJPG", "JPEG")
FORMATS = ("YUYV", "UYVY", "NV12", BGR, "RGB3", *COMPRESSED, "GREY")
"""What can be decoded, best first: without compression where the camera has the wanted size in it."""
_OLDEST_S = 1.0


@dataclass(frozen=True, slots=True)
class RawPicture:
    """``data`` in the format of four letters ``code``, ``stride`` bytes a row (0: those of its pixels).

    ``captured`` in monotonic seconds, which all processes share; ``number`` counts published pictures from 1."""

    data: bytes | bytearray | memoryview
    code: str
    width: int
    height: int
    stride: int
    captured: float
    number: int = 0

    @classmethod
    def from_bgr(cls, image: UInt8Array, captured: float) -> RawPicture:
        """A picture (H, W, 3) BGR, whose memory is not copied."""
        height, width = image.shape[:2]
        return cls(image.data.cast("B"), BGR, width, height, width * 3, captured)


def capture_time(stamp: float) -> float:
    """When a picture was captured, by the driver's ``stamp`` (seconds; 0: none): when the light fell on the sensor, not
    when we came to read it. Where the stamp is not on the monotonic clock, now."""
    now = time.monotonic()
    return stamp if now - _OLDEST_S < stamp <= now else now
