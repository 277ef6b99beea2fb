"""Real processes, fake cameras."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import pytest

from edge.capture.camera import Camera
from edge.capture.opening import camera_spec
from edge.capture.pipe import PipeGrabber
from edge.capture.spec import CameraSpec
from edge.capture.watch import WatchSettings
from edge.errors import SourceError
from edge.types import Frame, State

QUICK = WatchSettings(stall=0.4, start=20.0, frozen=0.6, lost=0.8, pause=0.1, longest_pause=0.2, steady=0.2)
BOUND_S = 30.0


def fake(*starts: str, size: tuple[int, int] = (64, 48), fps: float = 100.0) -> CameraSpec:
    return CameraSpec("fake", "fake", size=size, fps=fps, command=starts)


def open_files() -> int:
    return sum(1 for _file in Path("/proc/self/fd").iterdir())


def until(camera: Camera, wanted) -> list[Frame | State]:
    """What the camera delivers until ``wanted`` of all of it is true."""
    seen: list[Frame | State] = []
    begin = time.monotonic()
    for item in camera:
        seen.append(item)
        if wanted(seen):
            camera.close()
        assert time.monotonic() - begin < BOUND_S, seen[-1]
    return seen


def test_pictures_come_with_their_time_and_the_unseen_are_counted():
    camera = Camera(fake(fps=200))
    seen = []
    for frame in islice(camera, 5):
        seen.append(frame)
        time.sleep(0.05)
    camera.close()
    assert all(frame.image.shape == (48, 64, 3) and frame.time == frame.captured for frame in seen)
    assert all(a.time < b.time and a.index < b.index for a, b in pairwise(seen))
    assert camera.dropped >= 4 and camera.restarts == 0


@pytest.mark.parametrize("fault", ["hang", "freeze", "end", "exit"])
def test_a_camera_in_trouble_is_started_anew(fault):
    camera = Camera(fake(f"frames:30 {fault}", "frames:9999"), settings=QUICK)
    seen = until(camera, lambda seen: camera.restarts == 1 and seen[-1].time - seen[0].time > 0.5 and len(seen) > 60)
    assert camera.restarts == 1
    frames = [item for item in seen if isinstance(item, Frame)]
    assert all(a.time < b.time for a, b in pairwise(frames))


def test_a_hanging_process_is_gone_after_the_restart():
    camera = Camera(fake("frames:5 hang", ""), settings=QUICK)
    first = camera._process.pid
    until(camera, lambda seen: camera.restarts == 1 and len(seen) > 10)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_a_camera_that_stays_away_is_told_about_again_and_again_until_it_is_back(caplog):
    camera = Camera(fake("frames:20 end", "absent", "absent", "absent", "absent", ""), settings=QUICK)
    seen = until(camera, lambda seen: camera.restarts == 5 and isinstance(seen[-1], Frame))
    states = [item for item in seen if isinstance(item, State)]
    assert states and all(state.name == "camera-lost" for state in states)
    assert "there is no camera here" in [state.detail for state in states]
    assert isinstance(seen[-1], Frame)
    assert [record.getMessage() for record in caplog.records].count("fake: pictures come again") == 1


def test_another_size_is_no_trouble():
    camera = Camera(fake("frames:10 32x24"))
    seen = until(camera, lambda seen: seen[-1].image.shape == (24, 32, 3))
    assert camera.restarts == 0
    assert {frame.image.shape for frame in seen} == {(48, 64, 3), (24, 32, 3)}


def test_a_camera_that_is_not_there_at_first_is_an_error_for_the_impatient():
    with pytest.raises(SourceError, match="fake: there is no camera here; found a fake one that is absent"):
        Camera(fake("absent"))


def test_the_patient_wait_for_a_camera_that_is_not_there_yet():
    camera = Camera(fake("absent", "absent", ""), patient=True, settings=QUICK)
    seen = until(camera, lambda seen: isinstance(seen[-1], Frame))
    assert camera.restarts == 2
    assert isinstance(seen[-1], Frame)


def test_a_first_picture_that_never_comes_is_an_error():
    with pytest.raises(SourceError, match=r"no picture within 1\.5 s of its start"):
        Camera(fake("hang"), settings=replace(QUICK, start=1.5))


def test_closing_ends_the_process_and_frees_the_memory():
    before = open_files()
    camera = Camera(fake())
    process = camera._process.pid
    until(camera, lambda seen: True)
    assert open_files() == before
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_camera_that_nobody_read_can_be_closed():
    before = open_files()
    camera = Camera(fake())
    camera.close()
    assert open_files() == before
    assert list(camera) == []


def test_a_password_is_not_shown():
    camera = Camera(camera_spec("rtsp://me:secret@127.0.0.1:9/x"), patient=True)
    assert "secret" not in repr(camera)
    assert "secret" not in Path(f"/proc/{camera._process.pid}/cmdline").read_text()
    camera.close()
    assert list(camera) == []


def test_a_program_that_writes_pictures_is_a_camera():
    command = ("python3", "-c", "import os\nfor n in range(3): os.write(1, bytes([n]) * (4 * 2 * 3))")
    grabber = PipeGrabber(command, (4, 2), "test")
    assert [max(grabber.read().data) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SourceError, match="test: the program that reads this camera ended; found exit code 0"):
        grabber.read()
    grabber.close()


def test_a_program_that_is_not_installed_is_named():
    with pytest.raises(SourceError, match=r"no-such-gst: No such file.*gstreamer1\.0-tools"):
        PipeGrabber(("no-such-gst",), (4, 2), "csi")


def test_the_process_of_a_camera_needs_neither_numpy_nor_opencv():
    """It stays as long as the kiosk: each of them would take ten megabytes of its own."""
    code = "import sys, edge.capture.child, edge.capture.v4l2_stream, edge.capture.pipe; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    assert "edge.capture.child" in modules.split()
    assert {"numpy", "cv2", "pydantic"}.isdisjoint(modules.split())
