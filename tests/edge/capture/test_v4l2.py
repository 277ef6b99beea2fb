from __future__ import annotations

import errno
import struct
from pathlib import Path

from edge.capture.v4l2 import ask_device

CAMERA, CODEC = 0x1, 0x8000
PER_NODE = 0x80000000


def driver(capabilities: int, node: int = 0, formats: tuple[bytes, ...] = ()):
    """A driver's answers to the two questions, by the numbers of videodev2.h."""

    def ioctl(descriptor: int, request: int, data: bytearray) -> int:
        if request == 0x80685600:
            data[:] = struct.pack("=16s32s32sIII12x", b"uvcvideo", b"HD Webcam", b"usb-1", 6, capabilities, node)
            return 0
        assert request == 0xC0405602 and len(data) == 64
        index, kind = struct.unpack_from("=II", data)
        assert kind == 1
        if index >= len(formats):
            raise OSError(errno.EINVAL, "no more")
        data[44:48] = formats[index]
        return 0

    return ioctl


def test_a_camera_says_its_name_and_formats(tmp_path):
    path = tmp_path / "video0"
    path.touch()
    device = ask_device(path, ioctl=driver(PER_NODE | CAMERA | CODEC, CAMERA, (b"YUYV", b"MJPG")))
    assert device is not None
    assert str(device) == f"{path} HD Webcam (YUYV, MJPG)" and device.driver == "uvcvideo"


def test_a_node_of_a_camera_that_gives_no_pictures_is_none(tmp_path):
    """A webcam's second node carries its metadata only."""
    path = tmp_path / "video1"
    path.touch()
    assert ask_device(path, ioctl=driver(PER_NODE | CAMERA, 0)) is None


def test_an_old_driver_tells_of_the_whole_device_only(tmp_path):
    path = tmp_path / "video0"
    path.touch()
    assert ask_device(path, ioctl=driver(CAMERA)) is not None
    assert ask_device(path, ioctl=driver(CODEC)) is None


def test_what_is_no_video_device_is_none(tmp_path):
    assert ask_device(tmp_path / "none") is None
    assert ask_device(Path("/dev/null")) is None
