"""How far the landmark networks may move what is read off them in float16."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import CheckFailedError
from export.graphs import landmark_half
from export.graphs.landmark_half import movement

_HAND = {"landmarks": np.zeros((2, 63), np.float32), "presence": np.array([[0.9], [0.1]], np.float32)}
_HAND["landmarks"][0, 3:5] = (100, 50)


def test_points_are_measured_in_hand_sizes_where_there_is_a_hand() -> None:
    moved = {"landmarks": _HAND["landmarks"].copy(), "presence": _HAND["presence"] + np.float32(0.01)}
    moved["landmarks"][0, 0::3] += 2
    moved["landmarks"][1] = 1000
    points, change = movement("hand", _HAND, moved)
    assert points == pytest.approx(0.02) and change == pytest.approx(0.01)


def test_boxes_are_measured_where_the_detector_believes_in_them() -> None:
    want = {"boxes": np.zeros((1, 2, 18), np.float32), "scores": np.array([[[2.0], [-5.0]]], np.float32)}
    want["boxes"][0, :, 2:4] = 50
    have = {"boxes": want["boxes"] + np.float32([[[1.0], [40.0]]]), "scores": want["scores"]}
    points, change = movement("palm", want, have)
    assert points == pytest.approx(0.02) and change == 0


def test_a_network_that_moves_its_points_too_far_stops_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = {name: values.copy() for name, values in _HAND.items()}
    moved["landmarks"][0] += 3
    with pytest.raises(CheckFailedError, match=r"hand network loses accuracy in fp16.*4\.24%"):
        landmark_half._check("hand", _HAND, moved)
    moved["landmarks"][0] = np.inf
    with pytest.raises(CheckFailedError, match="overflows"):
        landmark_half._check("hand", _HAND, moved)
