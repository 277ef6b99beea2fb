"""From a camera's own formats to pictures (H, W, 3) BGR."""

from __future__ import annotations

import numpy as np

from edge.capture.opencv import quiet_cv2
from edge.capture.raw import BGR, COMPRESSED, FORMATS, RawPicture
from edge.errors import SourceError
from edge.types import UInt8Array

_PACKED = {BGR: (3, ""), "RGB3": (3, "COLOR_RGB2BGR"), "GREY": (1, "COLOR_GRAY2BGR"),
           "YUYV": (2, "COLOR_YUV2BGR_YUYV"), "UYVY": (2, "COLOR_YUV2BGR_UYVY")}  # fmt: skip
"""Bytes of a pixel, and OpenCV's name for the way to BGR."""
_TWO_PLANES = {"NV12": "COLOR_YUV2BGR_NV12"}
"""All brightness first, then colours at half the height."""


def to_bgr(raw: RawPicture) -> UInt8Array | None:
    """The picture, with memory of its own unless it is BGR already; None when its data are damaged.

    Raises SourceError for a format that is none of `edge.capture.raw.FORMATS`.
    """
    data = np.frombuffer(raw.data, np.uint8)
    if raw.code in COMPRESSED:
        cv2 = quiet_cv2()
        image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION) if data.size else None
        return None if image is None else np.asarray(image, np.uint8)
    if raw.code in _PACKED:
        channels, name = _PACKED[raw.code]
        rows = _rows(data, raw.height, raw.stride, raw.width * channels)
        if rows is None or not name:
            return None if rows is None else np.ascontiguousarray(rows).reshape(raw.height, raw.width, channels)
        return _converted(rows.reshape(raw.height, raw.width, channels), name)
    if raw.code in _TWO_PLANES:
        rows = _rows(data, raw.height * 3 // 2, raw.stride, raw.width)
        return None if rows is None else _converted(rows, _TWO_PLANES[raw.code])
    raise SourceError("the camera's picture format is not read", expected=", ".join(FORMATS), found=raw.code)


def _rows(data: UInt8Array, count: int, stride: int, length: int) -> UInt8Array | None:
    """Rows without their padding; None when there are fewer. A driver that says no stride has none."""
    stride = stride or length
    if stride < length or data.size < count * stride:
        return None
    return data[: count * stride].reshape(count, stride)[:, :length]


def _converted(image: UInt8Array, name: str) -> UInt8Array:
    cv2 = quiet_cv2()
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), getattr(cv2, name)), np.uint8)
