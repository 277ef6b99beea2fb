"""Ticks come at the model's rate whatever the camera does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.recognition.resample import Resampler, Tick
from edge.types import Hands


def moving(time: float, *, slots: tuple[bool, bool] = (False, True), aspect: float = 4 / 3) -> Hands:
    """A hand that moves evenly: x = 0.2 + 0.1 t."""
    landmarks = np.zeros((2, 21, 3), np.float32)
    for slot in (0, 1):
        if slots[slot]:
            landmarks[slot] = (0.2 + 0.1 * time, 0.5, -0.1)
    return Hands(landmarks, (float(slots[0]), float(slots[1])), aspect, time, time + 100, 0)


def ticks(resampler: Resampler, frames: list[Hands]) -> list[Tick]:
    return [tick for frame in frames for tick in resampler.push(frame)]


@pytest.mark.parametrize("fps", [8, 15, 23.976, 30, 60])
def test_every_rate_gives_the_same_ticks(fps: float) -> None:
    made = ticks(Resampler(15, 4 / 3), [moving(k / fps) for k in range(int(2 * fps) + 1)])
    np.testing.assert_allclose([t.time for t in made], np.arange(len(made)) / 15, atol=1e-9)
    np.testing.assert_allclose([t.landmarks[1, 0, 0] for t in made], [0.2 + 0.1 * t.time for t in made], atol=1e-5)
    assert len(made) >= 30
    assert all(t.visible == (False, True) for t in made)


def test_a_tick_carries_the_capture_time_of_the_frame_that_completed_it() -> None:
    made = ticks(Resampler(15, 4 / 3), [moving(0.0), moving(0.1)])
    assert [t.captured for t in made] == [100.0, 100.1]


def test_frames_that_are_late_or_doubled_are_passed_over() -> None:
    frames = [moving(t) for t in (0.0, 0.1, 0.1, 0.05, 0.2, 0.2, 0.3)]
    assert [t.time for t in ticks(Resampler(10, 4 / 3), frames)] == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_a_source_that_starts_over_is_followed() -> None:
    frames = [moving(t) for t in (9.9, 10.0, 0.0, 0.1, 0.2)]
    assert [t.time for t in ticks(Resampler(10, 4 / 3), frames)] == pytest.approx([9.9, 10.0, 0.0, 0.1, 0.2])


def test_nothing_is_invented_while_the_camera_stalls() -> None:
    made = ticks(Resampler(10, 4 / 3), [moving(0.0), moving(1.0), moving(1.1)])
    assert [t.visible[1] for t in made] == [True] + [False] * 9 + [True, True]
    assert not made[5].landmarks.any()


def test_an_hour_of_silence_does_not_fill_the_memory() -> None:
    assert len(ticks(Resampler(15, 4 / 3), [moving(0.0), moving(3600.0)])) == 2


def test_a_hand_that_only_one_frame_shows_is_taken_from_the_nearer() -> None:
    frames = [moving(0.0, slots=(False, True)), moving(0.4, slots=(True, False))]
    made = ticks(Resampler(10, 4 / 3), frames)
    assert [t.visible for t in made] == [(False, True)] * 2 + [(True, False)] * 3
    assert made[1].landmarks[1, 0, 0] == pytest.approx(0.2)


def test_x_and_z_are_brought_to_the_model_s_aspect() -> None:
    (tick,) = ticks(Resampler(15, 4 / 3), [moving(0.0, aspect=16 / 9)])
    factor = (16 / 9) / (4 / 3)
    np.testing.assert_allclose(tick.landmarks[1, 0], [0.5 - 0.3 * factor, 0.5, -0.1 * factor], rtol=1e-6)
    assert not tick.landmarks[0].any()


def test_the_frame_itself_is_not_written_to() -> None:
    frame = moving(0.0, aspect=16 / 9)
    before = frame.landmarks.copy()
    ticks(Resampler(15, 4 / 3), [frame])
    np.testing.assert_array_equal(frame.landmarks, before)


def test_landmarks_that_are_no_numbers_count_as_missing() -> None:
    frame = moving(0.0)
    frame.landmarks[1] = np.nan
    (tick,) = ticks(Resampler(15, 4 / 3), [frame])
    assert tick.visible == (False, False)


def test_a_face_is_brought_to_the_ticks_and_the_aspect_like_a_hand() -> None:
    def with_face(time: float, x: float | None) -> Hands:
        face = None if x is None else np.full((468, 3), (x, 0.5, 0.1), np.float32)
        return replace(moving(time, aspect=16 / 9), face=face)

    made = ticks(Resampler(10, 4 / 3), [with_face(0.0, 0.5), with_face(0.2, 0.8), with_face(0.4, None)])
    assert [t.face is None for t in made] == [False, False, False, True, True]
    np.testing.assert_allclose(made[1].face[7], [0.5 + 0.15 * 4 / 3, 0.5, 0.1 * 4 / 3], rtol=1e-5)
    assert made[0].face.dtype == np.float32
