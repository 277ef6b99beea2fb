"""``python -m benchmarks networks``: every network of a bundle alone, and where its time goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.kept import read


def test_operators_are_shown_with_their_share_costliest_first(
    picture_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["networks", "--bundle", str(picture_bundle), "--iterations", "5", "--operators"]
    assert main([*words, "--save", str(tmp_path / "kept")]) == 0
    shown = capsys.readouterr().out
    assert "fp32, operator" in shown
    (kept,) = (tmp_path / "kept").iterdir()
    (row,) = json.loads(kept.read_text())["rows"]
    assert {(each["operator"], each["count"]) for each in row["operators"]} == {
        ("Cast", 1),
        ("ReduceMean", 1),
        ("MatMul", 1),
    }
    seconds = [each["seconds"] for each in row["operators"]]
    assert seconds == sorted(seconds, reverse=True)
    assert 0 <= seconds[-1] <= seconds[0] < 1
    assert read(kept).suite == "networks"


def test_operators_are_left_out_unless_they_are_asked_for(
    picture_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["networks", "--bundle", str(picture_bundle), "--iterations", "5", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["operators"] == []
    assert row["latencies"][0]["variant"] == "fp32"
