"""The naive loop beside ours: MediaPipe and PyTorch in one process, from two environments."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import cv2
import pytest

from benchmarks.__main__ import main
from edge.capture.video import VideoFile
from edge.samples import demo_clip

FRAMES = 50


def beginning_of_the_demo_clip(path: Path) -> Path:
    """Its first two seconds: the hand comes and shows an H."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (640, 480))
    for frame in islice(VideoFile(demo_clip()), FRAMES):
        writer.write(frame.image)
    writer.release()
    return path


@pytest.mark.reference
@pytest.mark.slow
def test_both_loops_read_every_frame_of_the_clip_and_are_compared(
    demo_bundle: Path, reference_python: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = beginning_of_the_demo_clip(tmp_path / "short.avi")
    words = ["--bundle", str(demo_bundle), "--peer", "naive", "--reference", str(reference_python), "--clip", str(clip)]
    assert main(["pipeline", *words, "--rounds", "1", "--pace", "flat out", "--json"]) == 0
    (pace,) = json.loads(capsys.readouterr().out)["paces"]
    (ours,), (naive,) = pace["passes"]["fingerpost"], pace["passes"]["naive"]
    assert ours["frames"] == naive["frames"] == FRAMES
    assert ours["text"].startswith("H")
    assert naive["latencies"], "it shows labels"
    assert set(naive["stages"]) == {"capture", "landmarks", "recognition", "total"}
    assert pace["cpu_ratio"]["value"] == pytest.approx(ours["cpu"] / naive["cpu"])
    assert pace["cpu_ratio"]["value"] < 1


@pytest.mark.reference
def test_an_image_bundle_has_no_naive_loop(
    picture_bundle: Path, reference_python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["startup", "--bundle", str(picture_bundle), "--peer", "naive", "--reference", str(reference_python)]
    assert main(words) == 2
    assert "the naive loop reads windows of hands" in capsys.readouterr().err


def test_without_mediapipe_it_says_how_to_get_it(
    make_bundle: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["memory", "--bundle", str(make_bundle()), "--peer", "naive", "--reference", str(tmp_path / "python")]
    assert main(words) == 8
    said = capsys.readouterr().err
    assert "no environment with MediaPipe" in said and "make venv-ref" in said and said.count("\n") == 1
