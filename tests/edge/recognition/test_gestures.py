"""Gestures of rendered hands: they are seen whoever makes them, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from edge.recognition.gestures import GestureReader, GestureSettings
from edge.types import LEFT, RIGHT, Gesture, Hands
from export.synthetic.camera import Camera, place
from export.synthetic.kinematics import Pose, finger_chain
from export.synthetic.mesh import GENDERS, THUMB, hand_mesh
from export.synthetic.poses import letter_pose, straight
from export.synthetic.stills import View

SEEDS = range(10)
Path = Callable[[float], tuple[float, float] | None]
"""Where a hand is (metres right and up of the picture's middle) at a time in seconds; None where it is not there."""


def open_pose(gender: str) -> Pose:
    """All fingers stretched and apart."""
    fingers = np.array([straight(12), straight(2), straight(-8), straight(-18)])
    return replace(letter_pose("L", gender), fingers=fingers)


class Hand:
    """Somebody's right hand; what a camera of 4:3 sees of its joints at a place."""

    def __init__(self, seed: int, letter: str | None = None) -> None:
        self._random = np.random.default_rng(seed)
        gender = GENDERS[seed % len(GENDERS)]
        view = replace(View.draw(self._random), looseness=float(self._random.uniform(0, 4)), x=0.0, y=0.0)
        pose = view.own(open_pose(gender) if letter is None else letter_pose(letter, gender))
        mesh, angles = hand_mesh(gender), [pose.thumb, *pose.fingers]
        chains = [
            finger_chain(mesh, finger, angles[finger], view.build.length)[1] for finger in range(THUMB, THUMB + 5)
        ]
        size = view.build.size
        joints = place(size * np.concatenate([np.zeros((1, 3)), *chains]), pose.facing, np.zeros(3), size)
        camera = Camera(distance=float(self._random.uniform(0.6, 0.9)))
        self._picture = np.array([camera.width, camera.height])
        self._pixels, self._metre = camera.project(joints), camera.focal / camera.distance

    def seen(self, at: tuple[float, float]) -> np.ndarray:
        """The joints (21, 3) with the trembling of a landmark network, of a hand moved across the picture."""
        moved = self._pixels + self._metre * np.array([at[0], -at[1]]) + self._random.normal(0, 0.6, (21, 2))
        return np.column_stack([moved / self._picture, np.zeros(21)])


def film(fps: float, seconds: float, *, left: tuple[Hand, Path] | None = None, right: tuple[Hand, Path] | None = None):
    """The frames of a film; the signer's left hand is a mirrored right one."""
    for index in range(round(seconds * fps)):
        time = index / fps
        landmarks = np.zeros((2, 21, 3), np.float32)
        for slot, who in ((LEFT, left), (RIGHT, right)):
            if who is None or (at := who[1](time)) is None:
                continue
            landmarks[slot] = who[0].seen((-at[0], at[1]) if slot == LEFT else at)
            if slot == LEFT:
                landmarks[slot, :, 0] = 1 - landmarks[slot, :, 0]
        presence = (float(landmarks[LEFT].any()), float(landmarks[RIGHT].any()))
        yield Hands(landmarks, presence, 4 / 3, time, time, index)


def gestures(frames: Iterator[Hands], settings: GestureSettings | None = None) -> list[Gesture]:
    reader = GestureReader(settings)
    return [gesture for hands in frames if (gesture := reader.push(hands)) is not None]


def names(frames: Iterator[Hands]) -> list[str]:
    return [gesture.name for gesture in gestures(frames)]


def sweep(way: float, *, begin: float = 0.6, seconds: float = 0.4) -> Path:
    """Still, then sideways by ``way`` metres (to the picture's right), then still again."""

    def path(time: float) -> tuple[float, float]:
        share = min(max((time - begin) / seconds, 0.0), 1.0)
        return -way / 2 + way * share * share * (3 - 2 * share), 0.01 * np.sin(3 * time)

    return path


@pytest.mark.parametrize("fps", [10, 15, 30])
@pytest.mark.parametrize("slot", [LEFT, RIGHT])
def test_an_open_hand_swept_across_the_body_takes_back_a_letter_whoever_makes_it(fps, slot):
    seen = 0
    for seed in SEEDS:
        # The way of a right hand is to the picture's right, that of a left one to its left.
        who = (Hand(seed), sweep(0.28 if slot == RIGHT else -0.28))
        seen += names(film(fps, 1.6, **{"left" if slot == LEFT else "right": who})) == ["undo-letter"]
    assert seen >= 0.9 * len(SEEDS)


def test_a_wipe_says_when_the_hand_was_opened_and_when_it_was_over():
    (gesture,) = gestures(film(30, 1.6, right=(Hand(0), sweep(0.28))))
    assert gesture.begin == 0.0
    assert 0.6 < gesture.end < 1.05


def test_each_wipe_takes_back_one_letter_and_the_way_back_none():
    def twice(time: float) -> tuple[float, float]:
        return sweep(0.28)(time % 2.0) if time % 2.0 < 1.4 else sweep(-0.28, begin=1.4)(time % 2.0)

    assert names(film(30, 4.0, right=(Hand(0), twice))) == ["undo-letter"] * 2


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
        assert names(film(30, 2.8, right=(Hand(seed), path))) == [], what


def test_no_letter_that_is_swept_sideways_takes_back_anything():
    for number, letter in enumerate("ABCDEFGHIKLMNOPQRSTUVWXY"):
        assert names(film(15, 1.6, right=(Hand(number, letter), sweep(0.28)))) == [], letter


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_both_palms_shown_still_clear_the_text_once_however_long_they_are_shown(fps):
    seen = 0
    for seed in SEEDS:
        left, right = (Hand(seed), lambda time: (0.12, 0.0)), (Hand(seed + 100), lambda time: (-0.12, 0.01))
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
        assert names(film(15, 3.0, left=(Hand(seed), brief(0.12)), right=(Hand(seed), brief(-0.12)))) == []
        assert names(film(15, 4.0, left=(Hand(seed), waving(0.12)), right=(Hand(seed), waving(-0.12)))) == []


def test_a_hand_that_is_lost_for_a_moment_still_makes_its_gesture():
    def flickering(time: float) -> tuple[float, float] | None:
        return None if 0.72 < time < 0.85 else sweep(0.28)(time)

    assert names(film(30, 1.6, right=(Hand(0), flickering))) == ["undo-letter"]


def test_the_thresholds_are_settings():
    frames = list(film(30, 1.6, right=(Hand(0), sweep(0.28))))
    assert gestures(iter(frames), GestureSettings(wipe=9.0)) == []
