from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture.commands import csi_camera
from edge.capture.live import Live
from edge.capture.opening import camera_spec, open_source
from edge.capture.pictures import PictureFolder
from edge.capture.recording import LandmarkRecording
from edge.capture.video import VideoFile
from edge.errors import SourceError


def test_each_kind_of_source_is_told_by_its_name(tmp_path, write_clip):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8, 3), np.uint8))
    np.savez(tmp_path / "r.npz", landmarks=np.zeros((3, 2, 21, 3), np.float32))
    assert isinstance(open_source(str(write_clip())), VideoFile)
    assert isinstance(open_source(str(tmp_path)), PictureFolder)
    recording = open_source(str(tmp_path / "r.npz"))
    assert isinstance(recording, LandmarkRecording)
    assert recording.delivers == "hands"


def test_realtime_makes_a_recording_live(tmp_path, write_clip):
    np.savez(tmp_path / "r.npz", landmarks=np.zeros((3, 2, 21, 3), np.float32))
    clip = open_source(str(write_clip()), realtime=True)
    recording = open_source(str(tmp_path / "r.npz"), realtime=True)
    assert isinstance(clip, Live) and clip.live and clip.delivers == "frames"
    assert isinstance(recording, Live) and recording.delivers == "hands"
    clip.close()
    recording.close()


def test_the_rate_of_pictures_can_be_given(tmp_path):
    for n in range(2):
        cv2.imwrite(str(tmp_path / f"{n}.png"), np.zeros((8, 8, 3), np.uint8))
    assert [frame.time for frame in open_source(str(tmp_path), fps=4)] == [0, 0.25]
    assert [frame.time for frame in open_source(str(tmp_path))] == [0, 0.1]


@pytest.mark.parametrize("text", ["98", "/dev/video98"])
def test_numbers_and_devices_are_cameras(text):
    with pytest.raises(SourceError, match="/dev/video98: there is no camera here"):
        open_source(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ftp://camera/stream", "addresses of this kind are not read; expected rtsp or"),
        ("gst:", "this is no GStreamer pipeline"),
        ("gst:'", "this is no GStreamer pipeline"),
        ("nowhere.mp4", "there is no such file"),
        ("", "cannot be|no such file|no pictures"),
        ("hand.jpg", "one picture is no clip"),
        ("hand.npy", "an .npy file does not say what it holds"),
        ("٣", "there is no such file"),
    ],
)
def test_what_is_no_source_is_refused(tmp_path, monkeypatch, text, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=says):
        open_source(text)


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("0", "v4l2", "/dev/video0"),
        ("/dev/v4l/by-id/usb-x", "v4l2", "/dev/v4l/by-id/usb-x"),
        ("rtsp://user:secret@camera/stream", "stream", "rtsp://user:secret@camera/stream"),
        ("csi", "pipe", "csi"),
        ("picamera2", "pipe", "picamera2"),
        ("gst:videotestsrc ! queue", "pipe", "gst:videotestsrc ! queue"),
        ("fake:frames:3 hang|absent", "fake", "fake"),
    ],
)
def test_cameras_are_told_by_their_name(text, kind, address):
    spec = camera_spec(text, fps=15)
    assert spec is not None
    assert (spec.kind, spec.address, spec.fps) == (kind, address, 15)


def test_files_are_no_cameras():
    assert camera_spec("clip.mp4") is None
    assert camera_spec("demo") is None


def test_a_jetson_reads_its_ribbon_cable_with_nvidias_element(tmp_path):
    release = tmp_path / "nv_tegra_release"
    pi = csi_camera(size=(640, 480), fps=30, tegra=release)
    release.touch()
    jetson = csi_camera(size=(640, 480), fps=30, tegra=release)
    assert "libcamerasrc" in pi.command and "nvarguscamerasrc" in jetson.command
    assert "video/x-raw,format=BGR,width=640,height=480" in pi.command
