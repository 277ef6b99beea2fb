"""Gestures of rendered hands: they are seen whoever makes them, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edge.recognition.gestures import GestureReader, GestureSettings
from edge.types import LEFT, RIGHT, Gesture, Hands
from export.synthetic.gestures import MovedHand, Path, film, sweep

SEEDS = range(10)


def gestures(frames: Iterator[Hands], settings: GestureSettings | None = None) -> list[Gesture]:
    reader = GestureReader(settings)
    return [gesture for hands in frames if (gesture := reader.push(hands)) is not None]


def names(frames: Iterator[Hands]) -> list[str]:
    return [gesture.name for gesture in gestures(frames)]


@pytest.mark.parametrize("fps", [10, 15, 30])
@pytest.mark.parametrize("slot", [LEFT, RIGHT])
def test_an_open_hand_swept_across_the_body_takes_back_a_letter_whoever_makes_it(fps, slot):
    seen = 0
    for seed in SEEDS:
        # The way of a right hand is to the picture's right, that of a left one to its left.
        who = (MovedHand(seed), sweep(0.28 if slot == RIGHT else -0.28))
        seen += names(film(fps, 1.6, **{"left" if slot == LEFT else "right": who})) == ["undo-letter"]
    assert seen >= 0.9 * len(SEEDS)


def test_a_wipe_says_when_the_hand_was_opened_and_when_it_was_over():
    (gesture,) = gestures(film(30, 1.6, right=(MovedHand(0), sweep(0.28))))
    assert gesture.begin == 0.0
    assert 0.6 < gesture.end < 1.05


def test_each_wipe_takes_back_one_letter_and_the_way_back_none():
    def twice(time: float) -> tuple[float, float]:
        return sweep(0.28)(time % 2.0) if time % 2.0 < 1.4 else sweep(-0.28, begin=1.4)(time % 2.0)

    assert names(film(30, 4.0, right=(MovedHand(0), twice))) == ["undo-letter"] * 2


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ("outwards", sweep(-0.28)),
        ("short", sweep(0.12)),
        ("slow", sweep(0.28, seconds=2.0)),
        ("without stillness", lambda time: (0.14 * np.sin(8 * time), 0.0)),
        ("upwards", lambda time: sweep(0.28)(time)[::-1]),
        ("a jump of the landmarks", lambda time: (-0.14 if time < 0.6 else 0.14, 0.0)),
    ],
)
def test_other_movements_of_an_open_hand_take_back_nothing(what, path):
    for seed in SEEDS:
        assert names(film(30, 2.8, right=(MovedHand(seed), path))) == [], what


def test_no_letter_that_is_swept_sideways_takes_back_anything():
    for number, letter in enumerate("ABCDEFGHIKLMNOPQRSTUVWXY"):
        assert names(film(15, 1.6, right=(MovedHand(number, letter), sweep(0.28)))) == [], letter


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_both_palms_shown_still_clear_the_text_once_however_long_they_are_shown(fps):
    seen = 0
    for seed in SEEDS:
        left, right = (MovedHand(seed), lambda time: (0.12, 0.0)), (MovedHand(seed + 100), lambda time: (-0.12, 0.01))
        found = gestures(film(fps, 4.0, left=left, right=right))
        assert len(found) <= 1
        if found:
            assert found[0].name == "clear"
            assert 1.5 <= found[0].end - found[0].begin < 2.2
            seen += 1
    assert seen >= 0.9 * len(SEEDS)


@pytest.mark.parametrize("seconds", [0.8, 1.4])
def test_both_palms_shown_for_a_moment_or_moving_clear_nothing(seconds):
    def brief(x: float) -> Path:
        return lambda time: (x, 0.0) if time < seconds else None

    def waving(x: float) -> Path:
        return lambda time: (x + 0.06 * np.sin(7 * time), 0.0)

    for seed in SEEDS:
        assert names(film(15, 3.0, left=(MovedHand(seed), brief(0.12)), right=(MovedHand(seed), brief(-0.12)))) == []
        assert names(film(15, 4.0, left=(MovedHand(seed), waving(0.12)), right=(MovedHand(seed), waving(-0.12)))) == []


def test_a_hand_that_is_lost_for_a_moment_still_makes_its_gesture():
    def flickering(time: float) -> tuple[float, float] | None:
        return None if 0.72 < time < 0.85 else sweep(0.28)(time)

    assert names(film(30, 1.6, right=(MovedHand(0), flickering))) == ["undo-letter"]


def test_the_thresholds_are_settings():
    frames = list(film(30, 1.6, right=(MovedHand(0), sweep(0.28))))
    assert gestures(iter(frames), GestureSettings(wipe=9.0)) == []
