from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from edge.capture.devices import check_device, list_cameras, stable_name
from edge.capture.opencv_grabber import CaptureGrabber
from edge.capture.spec import without_password
from edge.errors import SourceError


class FakeCapture:
    """A cv2.VideoCapture with bad buffers."""

    def __init__(self, *, bad: int = 0, stamp: float = 0.0) -> None:
        self.bad, self.stamp, self.released = bad, stamp, False

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.bad -= 1
        return (False, None) if self.bad >= 0 else (True, np.zeros((48, 64, 3), np.uint8))

    def get(self, prop: int, /) -> float:
        return self.stamp

    def set(self, prop: int, value: float, /) -> bool:
        return True

    def release(self) -> None:
        self.released = True


def test_the_drivers_timestamp_is_the_capture_time():
    capture = FakeCapture(stamp=(time.monotonic() - 0.02) * 1000)
    assert CaptureGrabber(capture, "x").read().captured == pytest.approx(capture.stamp / 1000)


@pytest.mark.parametrize("stamp", [0.0, 1e15, -5.0])
def test_a_timestamp_of_another_clock_is_not_believed(stamp):
    before = time.monotonic()
    assert before <= CaptureGrabber(FakeCapture(stamp=stamp), "x").read().captured <= time.monotonic()


def test_a_few_bad_buffers_are_nothing_and_many_are_the_end():
    picture = CaptureGrabber(FakeCapture(bad=2), "x").read()
    assert (picture.height, picture.width, picture.code) == (48, 64, "BGR3")
    with pytest.raises(SourceError, match="/dev/video0: the camera stopped giving pictures"):
        CaptureGrabber(FakeCapture(bad=1000), "/dev/video0").read()


def test_a_missing_camera_says_which_there_are():
    with pytest.raises(SourceError, match=r"/dev/video77: there is no camera here; found No such file.*demo"):
        check_device(Path("/dev/video77"))


def test_the_cameras_of_a_folder_are_listed_by_number(tmp_path):
    assert list_cameras(tmp_path) == "no /dev/video* at all"
    for name in ("video10", "video2", "video2.bak", "videology"):
        (tmp_path / name).touch()
    assert list_cameras(tmp_path) == f"{tmp_path}/video2, {tmp_path}/video10"


def test_a_file_is_no_camera(tmp_path):
    path = tmp_path / "video0"
    path.touch()
    with pytest.raises(SourceError, match="this is no camera device"):
        check_device(path)


def test_a_device_without_permission_names_the_group(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SourceError, match="Add the user to group video"):
        check_device(Path("/dev/null"))


def test_a_camera_is_known_by_the_name_that_stays(tmp_path):
    """It is video0 now and video2 after it was plugged in again; its link says which."""
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    for name in ("video0", "video1"):
        (tmp_path / name).touch()
    (by_id / "usb-cam-index0").symlink_to(tmp_path / "video0")
    assert stable_name(tmp_path / "video0", by_id=by_id) == by_id / "usb-cam-index0"
    assert stable_name(tmp_path / "video1", by_id=by_id) == tmp_path / "video1"
    assert stable_name(tmp_path / "video0", by_id=tmp_path / "none") == tmp_path / "video0"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://me:secret@host:554/a@b", "rtsp://host:554/a@b"),
        ("rtsp://me:s@cret@host", "rtsp://host"),
        ("rtsp://host/path", "rtsp://host/path"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_a_password_is_left_out(address, shown):
    assert without_password(address) == shown
