"""Reading a camera's mapped buffers, against a driver made of the numbers of videodev2.h."""

from __future__ import annotations

import errno
import mmap
import os
import struct
import time
from collections import deque
from itertools import islice
from pathlib import Path

import pytest

from edge.capture.raw import FORMATS
from edge.capture.spec import CameraSpec
from edge.capture.v4l2_stream import V4l2Stream, open_stream
from edge.errors import SourceError

S_FMT, S_PARM, REQBUFS, QUERYBUF = 0xC0D05605, 0xC0CC5616, 0xC0145608, 0xC0585609
QBUF, DQBUF, STREAMON = 0xC058560F, 0xC0585611, 0x40045612
ERROR, MONOTONIC = 0x40, 0x2000
PAGE = mmap.PAGESIZE


class Driver:
    """A camera's driver. ``formats`` says which size it gives for each; ``pictures`` what comes: bytes, an errno, or
    (bytes, flags, age in seconds, sequence)."""

    def __init__(self, formats: dict[str, tuple[int, int]], *pictures, busy: bool = False, rates: bool = True) -> None:
        self.formats, self.pictures = formats, deque(pictures)
        self.busy, self.rates = busy, rates
        self.set: list[tuple[str, tuple[int, int]]] = []
        self.rate, self.streaming, self.sequence = 0.0, False, 0
        self.memory: dict[int, mmap.mmap] = {}
        self.queued: list[int] = []

    def map(self, descriptor: int, length: int, offset: int) -> mmap.mmap:
        return self.memory[offset]

    def ioctl(self, descriptor: int, request: int, data: bytearray) -> int:
        {S_FMT: self._format, S_PARM: self._rate, REQBUFS: self._request, QUERYBUF: self._query, QBUF: self._queue,
         DQBUF: self._dequeue, STREAMON: self._on}[request](data)  # fmt: skip
        return 0

    def _format(self, data: bytearray) -> None:
        assert len(data) == 208
        kind, width, height, code = struct.unpack_from("=I4xII4s", data)
        assert kind == 1
        if self.busy:
            raise OSError(errno.EBUSY, "Device or resource busy")
        if code.decode() not in self.formats:  # a driver gives another one instead
            code = b"pRAA"
        else:
            width, height = self.formats[code.decode()]
        self.set.append((code.decode(), (width, height)))
        struct.pack_into("=II4sIII", data, 8, width, height, code, 1, width * 2, width * height * 2)

    def _rate(self, data: bytearray) -> None:
        assert len(data) == 204
        if not self.rates:
            raise OSError(errno.ENOTTY, "no such question")
        seconds, parts = struct.unpack_from("=II", data, 12)
        self.rate = parts / seconds

    def _request(self, data: bytearray) -> None:
        count, kind, memory = struct.unpack_from("=III", data)
        assert (kind, memory) == (1, 1)
        self.memory = {index * PAGE: mmap.mmap(-1, PAGE) for index in range(count)}

    def _query(self, data: bytearray) -> None:
        (index,) = struct.unpack_from("=I", data)
        struct.pack_into("=I", data, 64, index * PAGE)
        struct.pack_into("=I", data, 72, PAGE)

    def _queue(self, data: bytearray) -> None:
        (index,) = struct.unpack_from("=I", data)
        assert index not in self.queued
        self.queued.append(index)

    def _on(self, data: bytearray) -> None:
        assert self.queued, "there is nothing to fill"
        self.streaming = True

    def _dequeue(self, data: bytearray) -> None:
        assert self.streaming and self.queued
        self.sequence += 1
        picture = self.pictures.popleft()
        if isinstance(picture, int):
            raise OSError(picture, os.strerror(picture))
        content, flags, age, sequence = picture if isinstance(picture, tuple) else (picture, MONOTONIC, 0.01, None)
        index = self.queued.pop(0)
        self.memory[index * PAGE][: len(content)] = content
        stamp = time.monotonic() - age if sequence is None else min(sequence, 1)
        struct.pack_into("=IIII", data, 0, index, 1, len(content), flags)
        struct.pack_into("=qq", data, 24, int(stamp), int(stamp % 1 * 1e6))
        struct.pack_into("=I", data, 56, self.sequence if sequence is None else sequence)


@pytest.fixture
def start(tmp_path: Path):
    device = tmp_path / "video0"
    device.touch()
    opened: list[V4l2Stream] = []

    def make(driver: Driver, *, fps: float = 30.0, formats=FORMATS) -> V4l2Stream | None:
        spec = CameraSpec("v4l2", str(device), fps=fps)
        stream = open_stream(spec, formats, ioctl=driver.ioctl, memory=driver.map)
        if stream is not None:
            opened.append(stream)
        return stream

    yield make
    for stream in opened:
        stream.close()


def open_files() -> int:
    return sum(1 for _file in Path("/proc/self/fd").iterdir())


WEBCAM = {"YUYV": (640, 480), "MJPG": (640, 480)}


def test_pictures_come_as_the_camera_has_them(start):
    driver = Driver(WEBCAM, b"first", b"second!", b"third")
    stream = start(driver)
    seen = []
    for _ in range(3):
        picture = stream.read()
        seen.append(bytes(picture.data))
    assert seen == [b"first", b"second!", b"third"]
    assert (picture.code, picture.width, picture.height, picture.stride) == ("YUYV", 640, 480, 1280)


def test_a_picture_is_the_drivers_again_only_when_the_next_one_is_read(start):
    driver = Driver(WEBCAM, *(b"%d" % n for n in range(9)))
    stream = start(driver)
    for n in range(9):
        picture = stream.read()
        assert len(driver.queued) == 2 and bytes(picture.data) == b"%d" % n


def test_the_first_format_with_the_wanted_size_is_taken(start):
    driver = Driver({"YUYV": (160, 120), "MJPG": (640, 480)}, b"x")
    assert start(driver).read().code == "MJPG"
    assert driver.set[-1] == ("MJPG", (640, 480))


def test_another_size_is_better_than_none(start):
    driver = Driver({"UYVY": (1280, 720), "MJPG": (1280, 720)}, b"x")
    picture = start(driver).read()
    assert (picture.code, picture.width, picture.height) == ("UYVY", 1280, 720)


def test_a_camera_with_formats_that_are_not_read_is_left_to_others(start):
    before = open_files()
    assert start(Driver({"pRAA": (640, 480)})) is None
    assert start(Driver({})) is None
    assert open_files() == before


def test_the_rate_is_asked_for_and_need_not_be_granted(start):
    driver = Driver(WEBCAM)
    start(driver, fps=7.5)
    assert driver.rate == pytest.approx(7.5)
    assert start(Driver(WEBCAM, rates=False)) is not None


def test_a_camera_in_use_is_said(start):
    before = open_files()
    with pytest.raises(SourceError, match=r"another program uses this camera.*fuser"):
        start(Driver(WEBCAM, busy=True))
    assert open_files() == before


def test_a_device_that_cannot_be_opened_is_left_to_others(tmp_path: Path):
    assert open_stream(CameraSpec("v4l2", str(tmp_path / "video7")), FORMATS) is None


def test_the_drivers_time_is_the_capture_time(start):
    stream = start(Driver(WEBCAM, (b"x", MONOTONIC, 0.25, None)))
    begin = time.monotonic()
    assert stream.read().captured == pytest.approx(begin - 0.25, abs=0.1)


@pytest.mark.parametrize(("flags", "age"), [(0, 0.25), (MONOTONIC, 1000.0), (MONOTONIC, -5.0)])
def test_a_time_of_another_clock_is_not_believed(start, flags, age):
    stream = start(Driver(WEBCAM, (b"x", flags, age, None)))
    before = time.monotonic()
    assert before <= stream.read().captured <= time.monotonic()


def test_what_is_damaged_empty_or_seen_before_is_no_picture(start):
    old = (b"old", 0, 0.0, 7)
    driver = Driver(WEBCAM, (b"torn", MONOTONIC | ERROR, 0.0, None), b"", errno.EIO, old, old, old, b"new")
    stream = start(driver)
    assert [bytes(stream.read().data) for _ in range(2)] == [b"old", b"new"]
    # Every buffer is with the driver but the one in our hands.
    assert len(driver.queued) == 2


def test_a_driver_that_counts_nothing_is_believed(start):
    nothing = [(content, 0, 0.0, 0) for content in (b"a", b"b", b"c")]
    stream = start(Driver(WEBCAM, *nothing))
    assert [bytes(stream.read().data) for _ in range(3)] == [b"a", b"b", b"c"]


def test_one_picture_again_and_again_is_the_end(start):
    """Its process is started anew then, as when nothing comes."""
    stream = start(Driver(WEBCAM, *([(b"x", 0, 0.0, 7)] * 100)))
    stream.read()
    with pytest.raises(SourceError, match="damaged or old pictures only"):
        stream.read()


def test_damaged_pictures_only_are_the_end(start):
    stream = start(Driver(WEBCAM, *([errno.EIO] * 100)))
    with pytest.raises(SourceError, match="stopped giving pictures; found damaged or old pictures only"):
        stream.read()


def test_an_unplugged_camera_ends(start):
    stream = start(Driver(WEBCAM, b"x", errno.ENODEV))
    pictures = (stream.read() for _ in range(2))
    assert len(list(islice(pictures, 1))) == 1
    with pytest.raises(SourceError, match="video0: the camera stopped giving pictures; found No such device"):
        next(pictures)
