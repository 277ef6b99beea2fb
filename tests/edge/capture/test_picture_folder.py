from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.pictures import PictureFolder, natural_key
from edge.errors import SourceError


def write_pictures(folder: Path, names: list[str]) -> None:
    for n, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((12, 16, 3), 10 * n, np.uint8))


def test_pictures_come_in_natural_order_at_the_given_rate(tmp_path):
    write_pictures(tmp_path, ["frame1.png", "frame2.png", "frame10.png", "frame20.png"])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    source = PictureFolder(tmp_path, fps=5)
    frames = list(source)
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 10, 20, 30]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.2, 0.4, 0.6])
    assert source.length == 4


def test_natural_order_mixes_letters_and_numbers():
    names = ["b1", "a10", "A2", "a", "10", "9", "a2b", "a-1"]
    ordered = [path.name for path in sorted(map(Path, names), key=natural_key)]
    assert ordered == ["9", "10", "a", "A2", "a2b", "a10", "a-1", "b1"]


def test_pictures_of_different_sizes_are_fine(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((10, 20, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "b.jpg"), np.zeros((30, 20), np.uint8))
    assert [frame.image.shape for frame in PictureFolder(tmp_path)] == [(10, 20, 3), (30, 20, 3)]


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(SourceError, match="the folder holds no pictures"):
        PictureFolder(tmp_path)


@pytest.mark.parametrize("content", [b"I am a text file", b"\x89PNG\r\n\x1a\n truncated", b"\xff\xd8\xff\xe0"])
def test_a_picture_that_is_none_is_named_when_its_turn_comes(tmp_path, capfd, content):
    write_pictures(tmp_path, ["frame1.png"])
    (tmp_path / "frame2.png").write_bytes(content)
    frames = iter(PictureFolder(tmp_path))
    next(frames)
    with pytest.raises(SourceError, match=r"frame2\.png: this is no picture that can be decoded; expected JPEG"):
        next(frames)
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_cut_off_is_refused_rather_than_filled_with_grey(tmp_path, capfd):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    content = cv2.imencode(".jpg", noise)[1].tobytes()
    (tmp_path / "1.jpg").write_bytes(content + b"a trailer, as phones write them")
    (tmp_path / "2.jpg").write_bytes(content[: len(content) * 3 // 4])
    frames = iter(PictureFolder(tmp_path))
    assert next(frames).image.shape == (64, 64, 3)
    with pytest.raises(SourceError, match=r"2\.jpg: this is no picture"):
        next(frames)
    assert capfd.readouterr() == ("", "")


def test_an_empty_picture_is_named(tmp_path):
    (tmp_path / "frame1.png").touch()
    with pytest.raises(SourceError, match=r"frame1\.png: the file is empty"):
        list(PictureFolder(tmp_path))


def test_close_ends_the_iteration(tmp_path):
    write_pictures(tmp_path, ["1.png", "2.png", "3.png"])
    source = PictureFolder(tmp_path)
    frames = iter(source)
    next(frames)
    source.close()
    assert list(frames) == []
