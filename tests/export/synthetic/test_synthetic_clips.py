import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import DependencyError, UsageError
from edge.samples import demo_clip, demo_truth
from export.synthetic.__main__ import main
from export.synthetic.clip import truth, write_clip, write_truth
from export.synthetic.frame import RenderedFrame
from export.synthetic.style import Style
from export.synthetic.words import word_length


def _frames(count: int = 5) -> Iterator[RenderedFrame]:
    for k in range(count):
        joints = np.arange(42.0).reshape(21, 2) + k + 0.04
        yield RenderedFrame(np.full((48, 64, 3), 40 * k, np.uint8), "A" if k else "", joints, k / 5)


@contextmanager
def chdir(folder: Path) -> Iterator[None]:
    """`contextlib.chdir` of Python 3.11, for 3.10."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _read(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    pictures = []
    while (got := capture.read())[0]:
        pictures.append(got[1])
    capture.release()
    return pictures


def test_a_clip_is_written_without_any_program_but_opencv(tmp_path: Path) -> None:
    path = tmp_path / "word.avi"
    drawn = write_clip(path, _frames(), fps=5)
    pictures = _read(path)
    assert len(pictures) == len(drawn) == 5
    assert [round(float(p.mean()) / 40) for p in pictures] == [0, 1, 2, 3, 4]
    assert [p.name for p in tmp_path.iterdir()] == ["word.avi"]


def test_what_cannot_be_written_is_refused_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> Iterator[RenderedFrame]:
        raise AssertionError("drawn")
        yield

    with pytest.raises(UsageError, match=r"expected \.webm \.mp4 \.avi; found \.gif"):
        write_clip(tmp_path / "word.gif", never(), fps=5)
    with pytest.raises(UsageError, match="no such folder"):
        write_clip(tmp_path / "absent" / "word.avi", never(), fps=5)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(DependencyError, match="needs ffmpeg"):
        write_clip(tmp_path / "word.webm", never(), fps=5)


def test_an_encoder_that_fails_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    ffmpeg = programs / "ffmpeg"
    ffmpeg.write_text("#!/bin/sh\necho 'no such codec' >&2\nexit 3\n")
    ffmpeg.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    with pytest.raises(DependencyError, match="no such codec"):
        write_clip(tmp_path / "word.webm", _frames(), fps=5)
    assert [p.name for p in tmp_path.iterdir()] == ["bin"]


def test_the_truth_says_what_was_drawn(tmp_path: Path) -> None:
    path = tmp_path / "word.json"
    write_truth(path, truth("A", list(_frames()), fps=5, style=Style(seed=9), made_by="a command"))
    read = json.loads(path.read_text())
    assert (read["word"], read["fps"], read["width"], read["height"]) == ("A", 5, 64, 48)
    assert read["made_by"] == "a command"
    assert read["style"]["seed"] == 9
    assert [frame["label"] for frame in read["frames"]] == ["", "A", "A", "A", "A"]
    assert read["frames"][2]["joints"][1] == [4.0, 5.0]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["word", "JAZZ", "--output", "j.avi"], 2, "J and Z are movements"),
        (["word", "HI", "--output", "hi.gif"], 2, ".gif"),
        (["word", "HI", "--output", "hi.avi", "--fps", "0"], 2, "--fps"),
        (["stills", "--count", "0", "--output", "s.npz"], 2, "--count"),
    ],
)
def test_wrong_words_end_with_one_line_and_the_documented_code(
    arguments: list[str],
    code: int,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with chdir(tmp_path):
        assert main(arguments) == code
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("mesh")
def test_the_command_writes_clip_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "i.avi"
    given = ["word", "I", "--output", str(path), "--fps", "5", "--hold", "0.2", "--seed", "3", "--tone", "dark"]
    assert main(given) == 0
    assert str(path) in capsys.readouterr().out
    read = json.loads(path.with_suffix(".json").read_text())
    assert len(_read(path)) == len(read["frames"]) == word_length("I", fps=5, hold=0.2)
    assert read["style"]["tone"] == "dark"
    assert "--seed 3" in read["made_by"]


def test_the_shipped_clip_spells_hello_as_its_truth_says() -> None:
    assert demo_clip().stat().st_size <= 400 * 1024
    read = json.loads(demo_truth().read_text())
    assert (read["word"], read["fps"]) == ("HELLO", 25)
    runs = ["".join(run) for _, run in groupby(frame["label"] for frame in read["frames"])]
    assert [run[0] for run in runs if run] == list("HELLO")
    assert len(read["frames"]) == word_length("HELLO")

    capture = cv2.VideoCapture(str(demo_clip()))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(25)
    capture.release()
    pictures = _read(demo_clip())
    assert len(pictures) == len(read["frames"])
    assert pictures[0].shape == (read["height"], read["width"], 3)
    # Where the truth has joints, something differs from the empty wall of the first frame.
    wall = pictures[0].astype(int)
    for k in (30, 65, 100, 130, 165):
        joints = np.array(read["frames"][k]["joints"]).astype(int)
        changed = np.abs(pictures[k].astype(int) - wall).sum(axis=2)
        assert np.mean([changed[y, x] > 25 for x, y in joints]) > 0.85
