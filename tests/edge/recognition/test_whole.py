"""Whole pictures: what the network says steadily is a sign, what it says in passing is none."""

from __future__ import annotations

import numpy as np
import pytest

from edge.engines import FakeEngine
from edge.recognition import LabelInfo, WholePictureRecogniser
from edge.types import Hands, SignEvent, State

LABELS = [LabelInfo("A", "letter"), LabelInfo("B", "letter"), LabelInfo("nothing", "key")]
UNCLEAR = 3


def film(*scenes: tuple[int, float], fps: float = 25) -> list[Hands]:
    """Frames whose pictures show which logit is high, each for so many seconds."""
    frames: list[Hands] = []
    for value, seconds in scenes:
        for _ in range(round(seconds * fps)):
            time = len(frames) / fps
            picture = np.full((4, 4, 3), value, np.uint8)
            frames.append(
                Hands(np.zeros((2, 21, 3), np.float32), (0, 0), 4 / 3, time, time, len(frames), picture=picture)
            )
    return frames


def network(feeds):
    shown = int(feeds["image"][0, 0, 0, 0])
    logits = np.zeros((1, 3), np.float32)
    if shown != UNCLEAR:
        logits[0, shown] = 5
    return {"logits": logits}


def read(frames: list[Hands], function=network) -> tuple[str, list[str], WholePictureRecogniser]:
    recogniser = WholePictureRecogniser(FakeEngine(function), labels=LABELS, rate=10)
    results = [result for hands in frames for result in recogniser.push(hands)]
    results += recogniser.finish()
    signs = "".join(r.label for r in results if isinstance(r, SignEvent))
    return signs, [r.name for r in results if isinstance(r, State)], recogniser


@pytest.mark.parametrize("fps", [8, 15, 30])
def test_what_is_shown_steadily_is_read_once(fps):
    assert read(film((0, 3.0), (1, 3.0), fps=fps))[0] == "AB"


def test_what_is_shown_in_passing_is_not_read():
    assert read(film((2, 1.0), (0, 0.2), (2, 1.0), (1, 0.2), (2, 1.0)))[0] == ""


@pytest.mark.parametrize("between", [2, UNCLEAR])
def test_the_same_letter_counts_again_after_nothing_or_a_while_without_a_clear_answer(between):
    assert read(film((0, 1.0), (between, 1.5), (0, 1.0)))[0] == "AA"
    assert read(film((0, 1.0), (UNCLEAR, 0.2), (0, 1.0)))[0] == "A"


def test_states_tell_whether_anything_is_recognised():
    states = ["waiting", "recognising", "sure", "recognising", "waiting"]
    assert read(film((2, 1.0), (0, 1.0), (2, 2.0)))[1] == states


def test_a_picture_is_classified_once_and_a_slow_camera_costs_no_more():
    engine = FakeEngine(network)
    recogniser = WholePictureRecogniser(engine, labels=LABELS, rate=10)
    for hands in film((0, 2.0), fps=4):
        recogniser.push(hands)
    assert engine.runs <= 8


def test_numbers_that_are_not_finite_are_noticed():
    signs, _, recogniser = read(film((0, 1.0)), lambda feeds: {"logits": np.full((1, 3), np.nan, np.float32)})
    assert signs == "" and not recogniser.finite
