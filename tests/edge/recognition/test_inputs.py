"""What each task's network is fed, and that pictures are let go of."""

from __future__ import annotations

import numpy as np
import pytest

from edge.recognition.inputs import Pictures, Windows, holistic_window
from edge.recognition.resample import Tick
from edge.types import Hands

NOBODY = np.zeros((2, 21, 3), np.float32)


def tick(time: float, *, right: bool = True, face: float | None = None) -> Tick:
    landmarks = NOBODY.copy()
    landmarks[1] = 0.5 if right else 0
    return Tick(landmarks, (False, right), time, time, None if face is None else np.full((468, 3), face, np.float32))


def frame(time: float, *, picture: bool = True) -> Hands:
    shown = np.full((4, 4, 3), round(time * 10), np.uint8) if picture else None
    return Hands(NOBODY, (0.0, 1.0), 4 / 3, time, time, 0, picture=shown)


def test_a_holistic_window_has_nan_where_something_is_missing() -> None:
    feeds = Windows(holistic_window).feeds([tick(0, face=0.25), tick(0.1), tick(0.2, right=False)], 5)
    rows = feeds["landmarks"]
    assert rows.shape == (1, 5, 543, 3) and rows.dtype == np.float32
    assert (rows[0, 0, :468] == 0.25).all() and np.isnan(rows[0, 1:, :468]).all()
    assert (rows[0, :2, 522:] == 0.5).all() and np.isnan(rows[0, 2:, 522:]).all()
    assert np.isnan(rows[0, :, 468:522]).all()


def test_the_picture_nearest_to_the_last_tick_is_fed() -> None:
    pictures = Pictures()
    for time in (0.0, 0.1, 0.2):
        pictures.see(frame(time))
    pictures.see(frame(0.3, picture=False))
    feeds = pictures.feeds([tick(0.0), tick(0.12)], 2)
    assert feeds["image"].shape == (1, 4, 4, 3) and feeds["image"][0, 0, 0, 0] == 1


def test_the_same_picture_is_the_same_object_so_that_it_is_not_classified_twice() -> None:
    pictures = Pictures()
    pictures.see(frame(0.1))
    first = pictures.feeds([tick(0.1)], 1)
    assert pictures.feeds([tick(0.13)], 1) is first
    pictures.see(frame(0.2))
    assert pictures.feeds([tick(0.2)], 1) is not first


def test_only_the_latest_pictures_are_kept_and_none_from_before_the_hand_left() -> None:
    pictures = Pictures()
    for index in range(100):
        pictures.see(frame(index / 10))
    assert repr(pictures) == "<Pictures: 4 kept>"
    pictures.forget(9.75)
    assert repr(pictures) == "<Pictures: 2 kept>"
    pictures.forget()
    with pytest.raises(ValueError, match="empty"):
        pictures.feeds([tick(10)], 1)
