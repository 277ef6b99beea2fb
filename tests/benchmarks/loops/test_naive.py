"""The naive loop beside ours: MediaPipe and PyTorch in one process, from two environments."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.__main__ import main


@pytest.mark.reference
@pytest.mark.slow
def test_both_loops_read_every_frame_of_the_clip_and_are_compared(
    demo_bundle: Path, reference_python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--bundle", str(demo_bundle), "--peer", "naive", "--reference", str(reference_python)]
    assert main(["pipeline", *words, "--rounds", "1", "--pace", "flat out", "--json"]) == 0
    (pace,) = json.loads(capsys.readouterr().out)["paces"]
    (ours,), (naive,) = pace["passes"]["fingerpost"], pace["passes"]["naive"]
    assert ours["frames"] == naive["frames"] > 100
    assert ours["text"] == "HELLO"
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
