import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from edge.errors import DependencyError
from edge.landmarks.mediapipe_backend import MediapipeLandmarker
from edge.types import LEFT, RIGHT, Frame

FRAME = Frame(np.zeros((90, 160, 3), np.uint8), 1.0, 2.0, 3)


def result(*sides):
    """What ``solutions.hands`` answers: hand i has all its landmarks at (i + 1) / 10."""
    hands = [SimpleNamespace(landmark=[SimpleNamespace(x=v, y=v, z=v)] * 21) for v in (0.1, 0.2)][: len(sides)]
    labels = [SimpleNamespace(classification=[SimpleNamespace(label=label, score=score)]) for label, score in sides]
    return SimpleNamespace(multi_hand_landmarks=hands or None, multi_handedness=labels or None)


@pytest.fixture
def answer(monkeypatch):
    """A mediapipe that gives the answer put in here."""
    box = {}
    module = ModuleType("mediapipe")
    fake = SimpleNamespace(
        process=lambda image: box["result"],
        close=lambda: box.update(closed=True),
        reset=lambda: box.update(forgot=True),
    )
    module.solutions = SimpleNamespace(hands=SimpleNamespace(Hands=lambda **options: fake))
    monkeypatch.setitem(sys.modules, "mediapipe", module)
    return box


def test_its_left_is_the_signers_right(answer):
    answer["result"] = result(("Left", 0.9))
    hands = MediapipeLandmarker().process(FRAME)
    assert hands.presence == (0.0, 0.9)
    assert hands.landmarks[RIGHT, 5] == pytest.approx([0.1] * 3)
    assert not hands.landmarks[LEFT].any()
    assert (hands.time, hands.captured, hands.index) == (1.0, 2.0, 3)


def test_two_hands_of_one_label_take_both_slots(answer):
    answer["result"] = result(("Left", 0.7), ("Left", 0.95))
    hands = MediapipeLandmarker().process(FRAME)
    assert hands.landmarks[RIGHT, 0, 0] == pytest.approx(0.2)
    assert hands.landmarks[LEFT, 0, 0] == pytest.approx(0.1)


def test_nobody_is_zeros(answer):
    answer["result"] = result()
    assert MediapipeLandmarker().process(FRAME).count == 0


def test_reset_makes_it_forget_the_hands_it_followed(answer):
    MediapipeLandmarker().reset()
    assert answer["forgot"]


def test_closing_closes_it(answer):
    MediapipeLandmarker().close()
    assert answer["closed"]


def test_without_mediapipe_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(DependencyError, match=r"fingerpost\[mediapipe\]"):
        MediapipeLandmarker()
