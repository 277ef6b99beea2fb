"""Skeletons: what a camera would see of a hand's joints, for the trainer alone."""

from pathlib import Path

import numpy as np
import pytest

from edge.errors import InputError
from edge.types import FloatArray
from export.synthetic.__main__ import main
from export.synthetic.skeletons import SKELETON_LETTERS as LETTERS
from export.synthetic.skeletons import draw_skeleton, write_skeletons
from export.training.data import made_by, read_letters

pytestmark = pytest.mark.usefixtures("mesh")
_INDEX_TIP, _MIDDLE_TIP, _KNUCKLE, _LITTLE_KNUCKLE = 8, 12, 5, 17


def letter(name: str, count: int = 12) -> list[FloatArray]:
    index = LETTERS.index(name)
    return [draw_skeleton(3, index + round_ * len(LETTERS))[1] for round_ in range(count)]


def test_a_skeleton_depends_on_nothing_but_seed_and_index() -> None:
    name, points = draw_skeleton(3, 30)
    assert name == LETTERS[30 % len(LETTERS)]
    np.testing.assert_array_equal(draw_skeleton(3, 30)[1], points)
    assert np.abs(draw_skeleton(4, 30)[1] - points).max() > 1e-3


def test_right_hands_with_the_palm_to_the_camera_have_the_index_finger_on_the_right() -> None:
    assert all(points[_KNUCKLE, 0] > points[_LITTLE_KNUCKLE, 0] for points in letter("B"))
    assert all(points[0, 2] == 0 for points in letter("B"))


def test_fingers_cross_in_r_and_do_not_in_u() -> None:
    def crossing(points: FloatArray) -> float:
        across = points[_KNUCKLE, :2] - points[_LITTLE_KNUCKLE, :2]
        return float(np.dot(points[_INDEX_TIP, :2] - points[_MIDDLE_TIP, :2], across) / np.linalg.norm(across))

    assert np.mean([crossing(points) for points in letter("R")]) < 0
    assert np.mean([crossing(points) for points in letter("U")]) > 0


def test_nearer_joints_have_a_smaller_depth() -> None:
    # The bent fingers of an I are in front of their knuckles.
    assert np.mean([points[10, 2] - points[9, 2] for points in letter("I")]) < -0.02


def test_the_trainer_reads_a_set_and_knows_the_command(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    assert main(["skeletons", "--count", "36", "--seed", "3", "--output", str(path)]) == 0
    read = read_letters(path, source="rendered")
    assert read.labels.tolist() == list(LETTERS) * 2
    assert (read.frames[:, 0] == 0).all()
    np.testing.assert_allclose(read.sequence(7)[0, 1], draw_skeleton(3, 7)[1], rtol=1e-6)
    assert made_by(path) == (f"python -m export.synthetic skeletons --count 36 --seed 3 --output {path}",)


def test_a_wrong_place_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="no such folder"):
        write_skeletons(tmp_path / "nowhere" / "set.npz", 0, 1, made_by="a test")
    assert main(["skeletons", "--count", "1", "--output", str(tmp_path / "set.txt")]) == 2
    assert r".npz" in capsys.readouterr().err
