"""Movement and hold are told apart, with hysteresis."""

from __future__ import annotations

import numpy as np

from edge.recognition.resample import Tick
from edge.recognition.segment import Phase, Segmenter
from edge.recognition.settings import RecognitionSettings

SIZE = 0.2
RATE = 15


def run(speeds: list[float | None], segmenter: Segmenter | None = None) -> list[Phase]:
    """Phases of a hand that moves by these speeds (hand sizes per second), ``None`` where it is not seen."""
    segmenter = segmenter or Segmenter(4 / 3, RecognitionSettings())
    phases, x = [], 0.0
    shape = np.zeros((21, 2), np.float32)
    shape[9], shape[5], shape[17] = (0, -SIZE), (-0.05, -SIZE), (0.05, -SIZE)
    for index, speed in enumerate(speeds):
        landmarks = np.zeros((2, 21, 3), np.float32)
        if speed is not None:
            x += speed * SIZE / RATE
            landmarks[1, :, :2] = (shape + np.array([x, 0.8])) / [4 / 3, 1]
        phases.append(segmenter.push(Tick(landmarks, (False, speed is not None), index / RATE, 0.0)))
    return phases


def test_a_hand_comes_moves_holds_and_leaves() -> None:
    phases = run([None] * 3 + [3.0] * 6 + [0.0] * 12 + [3.0] * 5 + [None] * 10)
    order = [a for i, a in enumerate(phases) if i == 0 or a is not phases[i - 1]]
    assert order == [Phase.ABSENT, Phase.MOVING, Phase.HOLDING, Phase.MOVING, Phase.ABSENT]


def test_a_hold_begins_when_it_lasted_and_counts_from_its_first_tick() -> None:
    segmenter = Segmenter(4 / 3, RecognitionSettings())
    phases = run([3.0] * 6 + [0.0] * 8, segmenter)
    first = phases.index(Phase.HOLDING)
    assert first / RATE - segmenter.hold[0].tick.time >= RecognitionSettings().hold - 1e-9
    assert segmenter.movement[-1].tick.time < segmenter.hold[0].tick.time


def test_a_short_pause_belongs_to_the_movement() -> None:
    segmenter = Segmenter(4 / 3, RecognitionSettings())
    phases = run([3.0] * 6 + [0.0] * 4 + [3.0] * 6, segmenter)
    assert Phase.HOLDING not in phases
    assert len(segmenter.movement) == 16


def test_between_the_two_speeds_nothing_changes() -> None:
    settings = RecognitionSettings()
    between = (settings.still + settings.move) / 2
    assert run([3.0] * 6 + [0.0] * 8 + [between] * 20)[-1] is Phase.HOLDING
    assert Phase.HOLDING not in run([3.0] * 6 + [between] * 20)


def test_a_lapse_of_the_landmarker_is_bridged_and_a_longer_absence_is_not() -> None:
    lapse = int(RecognitionSettings().bridge * RATE) - 1
    assert Phase.ABSENT not in run([3.0] * 4 + [0.0] * 8 + [None] * lapse + [0.0] * 8)
    assert run([3.0] * 4 + [0.0] * 8 + [None] * (lapse + 3))[-1] is Phase.ABSENT


def test_at_its_end_the_movement_is_whole() -> None:
    segmenter = Segmenter(4 / 3, RecognitionSettings())
    run([3.0] * 20 + [0.0] * 3 + [None] * 10, segmenter)
    assert len(segmenter.movement) == 23


def test_a_hand_that_rests_or_waves_for_hours_does_not_fill_the_memory() -> None:
    segmenter = Segmenter(4 / 3, RecognitionSettings())
    run([3.0] * 6 + [0.0] * 3000, segmenter)
    assert len(segmenter.hold) == 1025
    assert segmenter.hold[0].tick.time < 1 and segmenter.hold[-1].tick.time == 3005 / RATE
    run(([3.0] * 15 + [-3.0] * 15) * 100, segmenter := Segmenter(4 / 3, RecognitionSettings()))
    assert len(segmenter.movement) == 1025 and segmenter.movement[0].tick.time == 0
