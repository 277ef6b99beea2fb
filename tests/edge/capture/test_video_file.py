from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edge.capture.video import VideoFile
from edge.errors import SourceError


@pytest.mark.parametrize("name", ["clip.avi", "clip.mp4", "clip.webm"])
def test_delivers_every_frame_in_order(write_clip, name):
    source = VideoFile(write_clip(name))
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(40))
    assert source.length == 40 and source.dropped == 0 and not source.live
    brightness = np.array([frame.image.mean() for frame in frames])
    assert np.abs(brightness - 3 * np.arange(40)).max() < 8
    assert frames[0].image.shape == (48, 64, 3) and frames[0].image.dtype == np.uint8


def test_time_is_the_media_timestamp(write_clip):
    times = [frame.time for frame in VideoFile(write_clip("clip.mp4", fps=12.5))]
    assert times == pytest.approx([n / 12.5 for n in range(40)], abs=1e-3)


def test_time_follows_the_declared_rate_where_timestamps_do_not_grow(write_clip, monkeypatch):
    source = VideoFile(write_clip(fps=20))
    source._first = (source._first[0], -1.0)
    read = source._read

    def without_timestamp() -> tuple[np.ndarray, float] | None:
        picture = read()
        return picture and (picture[0], 0.0)

    monkeypatch.setattr(source, "_read", without_timestamp)
    times = [frame.time for frame in source]
    assert times == pytest.approx([n / 20 for n in range(40)])


def test_capture_times_are_of_now_and_grow(write_clip):
    captured = [frame.captured for frame in VideoFile(write_clip())]
    assert captured == sorted(captured)
    assert captured[0] > 0


def test_close_ends_the_iteration(write_clip):
    source = VideoFile(write_clip())
    seen = 0
    for _frame in source:
        seen += 1
        if seen == 3:
            source.close()
    assert seen == 3


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"nowhere\.mp4: there is no such file"):
        VideoFile(tmp_path / "nowhere.mp4")


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match=r"pipe\.mp4: this is no regular file"):
        VideoFile(tmp_path / "pipe.mp4")


def test_a_name_in_any_script_is_opened(write_clip, tmp_path):
    path = write_clip("clip.avi").rename(tmp_path / "手話.avi")
    assert len(list(VideoFile(path))) == 40


def test_a_name_that_is_no_text_is_refused_before_opencv_crashes_on_it(write_clip, tmp_path):
    path = write_clip("clip.avi").rename(tmp_path / os.fsdecode(b"caf\xe9.avi"))
    with pytest.raises(SourceError, match=r"caf.\.avi: OpenCV cannot open a name that is not UTF-8"):
        VideoFile(path)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    with pytest.raises(SourceError, match=r"empty\.mp4: the file is empty"):
        VideoFile(path)


@pytest.mark.parametrize("content", [b"hello world\n" * 500, b"\0" * 4096, b"RIFF\xff\xff\xff\xffAVI LIST"])
def test_a_file_that_is_no_video_is_refused_without_other_output(tmp_path, capfd, content):
    path = tmp_path / "notes.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"notes\.mp4: (no video|not one frame)"):
        VideoFile(path)
    assert capfd.readouterr() == ("", "")


def test_a_header_without_frames_is_refused(write_clip):
    path = write_clip("clip.webm")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(SourceError, match=r"clip\.webm: (no video|not one frame)"):
        VideoFile(path)


@pytest.mark.parametrize("name", ["clip.avi", "clip.webm"])
def test_a_clip_cut_in_half_delivers_what_it_has_and_then_says_so(write_clip, capfd, name):
    path: Path = write_clip(name)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    seen = []
    capfd.readouterr()  # what the writer says
    with pytest.raises(SourceError, match=r"ends early.*expected 40 frames \(2\.0 s\); found \d+ \("):
        seen.extend(VideoFile(path))
    assert 5 < len(seen) < 30
    assert capfd.readouterr() == ("", "")


def test_a_clip_that_was_closed_early_is_not_called_damaged(write_clip):
    source = VideoFile(write_clip())
    iterator = iter(source)
    next(iterator)
    source.close()
    assert list(iterator) == []
