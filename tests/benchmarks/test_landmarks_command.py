"""The whole suite beside MediaPipe itself, on scenes of a few frames."""

import json
from dataclasses import replace

import pytest

from benchmarks import landmarks, landmarks_scenes
from benchmarks.landmarks_scenes import Scene
from edge.errors import DependencyError


def shortened(scene: Scene, frames: int = 6) -> Scene:
    return replace(scene, order=list(scene.order)[:frames], starts=(0,))


def test_without_mediapipe_it_says_how_to_get_it(tmp_path):
    with pytest.raises(DependencyError, match="make venv-ref"):
        landmarks.main(["--reference", str(tmp_path / "python")])


@pytest.mark.reference
@pytest.mark.slow
def test_every_row_of_the_readme_is_measured(reference_python, demo_bundle, data_dir, monkeypatch, capsys):
    timed = {name: (lambda made=make: shortened(made())) for name, make in landmarks_scenes.TIMED.items()}
    face = shortened(landmarks_scenes.moving_face())
    monkeypatch.setattr(landmarks_scenes, "TIMED", timed)
    monkeypatch.setattr(landmarks_scenes, "moving_face", lambda: face)
    for name, value in (("_WARMUP_FRAMES", 1), ("_STARTS", 1), ("_PANNED", 1), ("_HELD", 1)):
        monkeypatch.setattr(landmarks, name, value)
    words = ["--bundle", demo_bundle, "--data", data_dir, "--reference", reference_python]
    numbers = ["--rounds", "1", "--pictures", "2", "--letters", "2", "--json"]
    assert landmarks.main([*map(str, words), *numbers]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {*landmarks_scenes.TIMED, "peak memory", "start to first landmarks"} < set(result["costs"])
    for cost in result["costs"].values():
        assert all(value > 0 for value in cost["values"].values())
    assert set(result["costs"]["two hands"]["values"]) == {"mediapipe", "fp32", "int8"}
    assert set(result["agreements"]["real pictures panned"]) == {"mediapipe", "fp32", "int8"}
    assert result["agreements"]["real pictures (vita)"]["fp32"]["hands"] == 2
    assert result["agreements"]["rendered, two hands"]["fp32"]["mean"] < 0.01
    assert result["faces"]["portrait, moving"]["fp32"]["mean"] < 0.02
    assert result["letters"]["n"] == 4
    assert all(value > 0 for values in result["jitters"].values() for value in values.values())
