"""Several trainings as one."""

from pathlib import Path

import numpy as np
import pytest

from edge.types import FloatArray
from export.training.ensemble import average, main, read_predictions

_LABELS = ("A", "B", "A", "B")


def write(folder: Path, logits: FloatArray, labels: tuple[str, ...] = _LABELS) -> Path:
    folder.mkdir()
    np.savez(folder / "predictions.npz", logits=logits, labels=labels, sources=["s"] * len(labels), classes=["A", "B"])
    return folder


def folders(root: Path) -> list[str]:
    # Each is wrong once, faintly, where the other is right and sure.
    one = np.array([[3, 0], [0, 3], [3, 0], [1, 0]], np.float32)
    two = np.array([[0, 1], [0, 3], [3, 0], [0, 3]], np.float32)
    return [str(write(root / "one", one)), str(write(root / "two", two + 100))]


def test_the_sure_one_is_followed_whatever_the_logits_offset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = folders(tmp_path)
    assert main(paths) == 0
    said = capsys.readouterr().out
    assert "letters, s: 0.750 (" in said
    assert "letters, s: 1.000 (together, 4 recordings)" in said
    members, classes = read_predictions([Path(path) for path in paths])
    assert classes == ["A", "B"]
    assert np.exp(average(members[:1]).logits).sum(1) == pytest.approx(np.ones(4))


def test_other_recordings_and_missing_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write(tmp_path / "three", np.zeros((2, 2), np.float32), ("A", "B"))
    assert main([*folders(tmp_path), str(other)]) == 3
    assert "other recordings" in capsys.readouterr().err
    assert main([str(tmp_path / "nowhere")]) == 3
    assert "nowhere" in capsys.readouterr().err
