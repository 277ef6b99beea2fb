"""Reading a camera through V4L2's memory-mapped buffers: as small as a process that reads a camera can be.

The driver's own words are kept: when a picture was captured, and whether a buffer is new or damaged. Formats are taken
as the camera has them. A device that cannot do this (no mapped buffers, several planes, formats unknown to us) is none
of ours: `open_stream` returns None, and OpenCV may know better. Structures and numbers as in Linux' ``videodev2.h``
on 64 bits.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import struct
from collections.abc import Callable, Sequence

from edge.capture.raw import RawPicture, capture_time
from edge.capture.spec import CameraSpec
from edge.capture.v4l2 import Ioctl
from edge.errors import SourceError

_SET_FORMAT, _SET_RATE = 0xC0D05605, 0xC0CC5616
_REQUEST_BUFFERS, _QUERY_BUFFER = 0xC0145608, 0xC0585609
_QUEUE, _DEQUEUE, _STREAM_ON = 0xC058560F, 0xC0585611, 0x40045612
_FORMAT = struct.Struct("=I4xII4sIII176x")
"""buffer type, width, height, four-letter code, field, bytes a row, bytes of a picture."""
_RATE = struct.Struct("=IIIII184x")
"""buffer type, capability, mode, seconds of a picture as a fraction."""
_REQUEST = struct.Struct("=IIIII")
"""count, buffer type, memory, capabilities, flags."""
_BUFFER = struct.Struct("=IIIII4xqq16xIIQIII4x")
"""index, type, bytes used, flags, field, timestamp (s, us), sequence, memory, offset, length, reserved, request."""
_CAPTURE, _MAPPED = 1, 1
_DAMAGED, _MONOTONIC, _CLOCKS = 0x40, 0x2000, 0xE000
_BUFFERS = 3
"""One that is read, one that is filled, one between."""
_BAD_BUFFERS = 20
"""In a row; a few are nothing."""

Map = Callable[[int, int, int], mmap.mmap]


class V4l2Stream:
    """A camera that delivers, see `open_stream`. A picture's data are a driver's buffer, good until the next `read`."""

    def __init__(
        self, descriptor: int, where: str, code: str, size: tuple[int, int], stride: int, *, ioctl: Ioctl, memory: Map
    ) -> None:
        self._descriptor, self._where, self._ioctl = descriptor, where, ioctl
        self._code, self._size, self._stride = code, size, stride
        self._queue: list[int] = []
        """What goes back to the driver before the next picture is awaited."""
        self._last = (-1, -1, -1)
        request = bytearray(_REQUEST.pack(_BUFFERS, _CAPTURE, _MAPPED, 0, 0))
        ioctl(descriptor, _REQUEST_BUFFERS, request)
        self._buffers = [self._mapped(index, memory) for index in range(_REQUEST.unpack(request)[0])]
        self._queue.extend(range(len(self._buffers)))
        self._give_back()
        ioctl(descriptor, _STREAM_ON, bytearray(struct.pack("=i", _CAPTURE)))

    def read(self) -> RawPicture:
        """The next picture that is new and whole; SourceError when the camera ended."""
        for _attempt in range(_BAD_BUFFERS):
            buffer = bytearray(_buffer(0))
            try:
                self._give_back()
                self._ioctl(self._descriptor, _DEQUEUE, buffer)
            except OSError as error:
                if error.errno == errno.EIO:  # of this buffer only
                    continue
                raise self._ended(str(error.strerror)) from error
            index, _kind, used, flags, _field, seconds, micros, sequence, *_rest = _BUFFER.unpack(buffer)
            self._queue.append(index)
            stamp = (sequence, seconds, micros)
            # A driver that has no clock says 0 each time.
            if flags & _DAMAGED or used == 0 or (stamp == self._last and any(stamp)):
                continue
            self._last = stamp
            view = memoryview(self._buffers[index])[:used]
            captured = capture_time(seconds + micros / 1e6 if flags & _CLOCKS == _MONOTONIC else 0.0)
            return RawPicture(view, self._code, *self._size, self._stride, captured)
        raise self._ended("damaged or old pictures only")

    def close(self) -> None:
        """Release the camera."""
        os.close(self._descriptor)

    def _mapped(self, index: int, memory: Map) -> mmap.mmap:
        buffer = bytearray(_buffer(index))
        self._ioctl(self._descriptor, _QUERY_BUFFER, buffer)
        fields = _BUFFER.unpack(buffer)
        return memory(self._descriptor, fields[10], fields[9])

    def _give_back(self) -> None:
        while self._queue:
            self._ioctl(self._descriptor, _QUEUE, bytearray(_buffer(self._queue.pop())))

    def _ended(self, found: str) -> SourceError:
        return SourceError(
            "the camera stopped giving pictures",
            where=self._where,
            found=found,
            remedy="check the cable, and that no other program uses the camera",
        )

    def __repr__(self) -> str:
        return f"<V4l2Stream {self._where}: {self._code} {self._size[0]}x{self._size[1]}>"


def open_stream(
    spec: CameraSpec, formats: Sequence[str], *, ioctl: Ioctl = fcntl.ioctl, memory: Map | None = None
) -> V4l2Stream | None:
    """The camera of ``spec`` in the first of ``formats`` that it has in the wanted size, else in the first that it has
    at all; None when it has none, or cannot be read in this way. Raises SourceError when another program reads it.
    """
    descriptor, stream = -1, None
    try:
        descriptor = os.open(spec.address, os.O_RDWR | os.O_CLOEXEC)
        stream = _started(descriptor, spec, formats, ioctl, memory or _map)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise SourceError(
                "another program uses this camera",
                where=spec.address,
                remedy="end it: `fuser -v /dev/video*` names it",
            ) from error
    finally:
        if stream is None and descriptor >= 0:
            os.close(descriptor)
    return stream


def _started(descriptor: int, spec: CameraSpec, formats: Sequence[str], ioctl: Ioctl, memory: Map) -> V4l2Stream | None:
    found = [have for code in formats if (have := _set_format(descriptor, code, spec.size, ioctl))]
    best = next((each for each in found if each[1] == spec.size), found[0] if found else None)
    # Once more, because the last one that was asked for is set.
    chosen = _set_format(descriptor, best[0], spec.size, ioctl) if best else None
    if chosen is None:
        return None
    _set_rate(descriptor, spec.fps, ioctl)
    return V4l2Stream(descriptor, spec.address, *chosen, ioctl=ioctl, memory=memory)


def _set_format(
    descriptor: int, code: str, size: tuple[int, int], ioctl: Ioctl
) -> tuple[str, tuple[int, int], int] | None:
    """Code, size and bytes of a row as the driver set them; None when it does not have that format."""
    asked = bytearray(_FORMAT.pack(_CAPTURE, *size, code.encode(), 0, 0, 0))
    try:
        ioctl(descriptor, _SET_FORMAT, asked)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise
    _kind, width, height, given, _field, stride, _bytes = _FORMAT.unpack(asked)
    return (code, (width, height), stride) if given == code.encode() else None


def _set_rate(descriptor: int, fps: float, ioctl: Ioctl) -> None:
    try:
        ioctl(descriptor, _SET_RATE, bytearray(_RATE.pack(_CAPTURE, 0, 0, 1000, round(fps * 1000))))
    except OSError as error:
        # A camera of one rate only need not know the question.
        if error.errno not in (errno.EINVAL, errno.ENOTTY):
            raise


def _buffer(index: int) -> bytes:
    return _BUFFER.pack(index, _CAPTURE, 0, 0, 0, 0, 0, 0, _MAPPED, 0, 0, 0, 0)


def _map(descriptor: int, length: int, offset: int) -> mmap.mmap:
    return mmap.mmap(descriptor, length, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset)
