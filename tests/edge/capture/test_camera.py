from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from edge.capture import camera
from edge.capture.camera import Camera, check_device
from edge.errors import SourceError


class FakeCapture:
    """A cv2.VideoCapture that delivers ``count`` pictures ``every`` seconds and then fails to read."""

    def __init__(self, *, count: int = 1000, every: float = 0.005, opened: bool = True, stamp: float = 0.0) -> None:
        self.count, self.every, self.opened, self.stamp = count, every, opened, stamp
        self.settings: dict[int, float] = {}
        self.released = False
        self.reads = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.opened

    def read(self) -> tuple[bool, np.ndarray | None]:
        time.sleep(self.every)
        self.reads += 1
        if self.reads > self.count:
            return False, None
        return True, np.zeros((48, 64, 3), np.uint8)

    def get(self, prop: int, /) -> float:
        return self.stamp

    def set(self, prop: int, value: float, /) -> bool:
        self.settings[prop] = value
        return True

    def release(self) -> None:
        self.released = True


def open_fake(capture: FakeCapture, **options: object) -> Camera:
    return Camera(Path("/dev/video0"), open_capture=lambda path: capture, **options)


def test_a_slow_reader_sees_the_newest_picture_and_drops_are_counted():
    capture = FakeCapture(every=0.002)
    source = open_fake(capture)
    seen = []
    for frame in source:
        seen.append(frame)
        time.sleep(0.03)
        if len(seen) == 5:
            source.close()
    assert source.live and source.length is None
    assert source.dropped > 10
    assert seen[-1].index - seen[0].index > 10
    assert all(frame.time == frame.captured for frame in seen)
    assert capture.released


def test_the_drivers_timestamp_is_the_capture_time():
    capture = FakeCapture()
    capture.stamp = (time.monotonic() - 0.02) * 1000
    source = open_fake(capture)
    frame = next(iter(source))
    assert frame.captured == pytest.approx(capture.stamp / 1000)
    source.close()


@pytest.mark.parametrize("stamp", [0.0, 1e15, -5.0])
def test_a_timestamp_of_another_clock_is_not_believed(stamp):
    source = open_fake(FakeCapture(stamp=stamp))
    before = time.monotonic()
    frame = next(iter(source))
    assert before <= frame.captured <= time.monotonic()
    source.close()


def test_a_camera_that_falls_silent_is_an_error_that_names_it():
    source = open_fake(FakeCapture(count=3), patience=0.3)
    with pytest.raises(SourceError, match=r"/dev/video0: no picture came for 0\.3 s"):
        for _frame in source:
            pass


def test_one_bad_buffer_is_nothing():
    capture = FakeCapture()
    good = capture.read
    capture.read = lambda: (False, None) if capture.reads == 2 and not setattr(capture, "reads", 3) else good()
    source = open_fake(capture)
    iterator = iter(source)
    assert len([next(iterator) for _ in range(4)]) == 4
    source.close()


def test_a_device_that_gives_no_pictures_is_refused():
    with pytest.raises(SourceError, match=r"/dev/video0: this device gives no pictures; found cameras here: "):
        open_fake(FakeCapture(opened=False))


def test_a_missing_camera_says_which_there_are(monkeypatch):
    monkeypatch.setattr(camera, "_cameras", lambda: "/dev/video0, /dev/video2")
    with pytest.raises(SourceError, match=r"/dev/video77: there is no camera here.*/dev/video0, /dev/video2.*demo"):
        Camera(Path("/dev/video77"))


def test_the_cameras_of_a_folder_are_listed_by_number(tmp_path):
    assert camera._cameras(tmp_path) == "no /dev/video* at all"
    for name in ("video10", "video2", "video2.bak", "videology"):
        (tmp_path / name).touch()
    assert camera._cameras(tmp_path) == f"{tmp_path}/video2, {tmp_path}/video10"


def test_a_file_is_no_camera(tmp_path):
    path = tmp_path / "video0"
    path.touch()
    with pytest.raises(SourceError, match="this is no camera device"):
        check_device(path)


def test_a_device_without_permission_names_the_group(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SourceError, match="Add the user to group video"):
        check_device(Path("/dev/null"))
