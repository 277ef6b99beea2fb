from __future__ import annotations

import json
import re
from typing import get_args

import numpy as np

from edge.outputs.kiosk import topics
from edge.outputs.kiosk.hub import Hub, News, Topic
from edge.outputs.kiosk.topics import as_json, as_message, hand_points
from edge.types import Caption, Guess, Hands, Past, Sentence, SignEvent, SpellingChange, State, Suggestions


def test_a_message_is_one_line_with_the_topics_that_changed():
    line = as_message(News({"caption": (1, Caption("a\nb", 0.0))}, live=True), pages="x")
    assert "\n" not in line
    assert json.loads(line) == {"caption": "a\nb", "live": True, "pages": "x"}


def test_hands_are_thousandths_and_a_missing_one_is_null():
    landmarks = np.zeros((2, 21, 3), np.float32)
    landmarks[1, :, :2] = (0.25, 0.5)
    hands = as_json(Hands(landmarks, (0.0, 0.9), 16 / 9, 0.0, 0.0, 0), 1)
    assert hands == {"aspect": 1.7778, "left": None, "right": [250, 500] * 21}


def test_wild_landmarks_stay_short_numbers():
    hand = np.full((21, 3), np.nan, np.float32)
    hand[0] = 1e30
    hand[1] = -np.inf
    assert hand_points(hand)[:4] == [10000, 10000, -9000, -9000]


def test_numbers_of_numpy_are_json():
    sign = SignEvent("L", "letter", np.float32(0.9), 0.0, 1.0, 0.0)
    guess = Guess("A", "letter", np.float32("nan"), (("S", np.float32(0.25)),), 0.0)
    news = News({"sign": (3, sign), "guess": (1, guess)}, live=False)
    told = json.loads(as_message(news))
    assert told["sign"] == {"label": "L", "kind": "letter", "confidence": 0.9, "n": 3}
    assert told["guess"]["confidence"] == 0.0 and told["guess"]["alternatives"] == [["S", 0.25]]


def test_sentences_states_and_suggestions():
    sentence = Sentence("My key.", "my KEBY", 3.0, "rules", (SpellingChange("KEBY", "KEY", ("KEN",)),))
    assert as_json(sentence, 1) == {"text": "My key.", "read": "my KEBY", "changes": [["KEBY", "KEY"]]}
    assert as_json(Past((sentence,), 3.0), 1) == ["My key."]
    assert as_json(Suggestions(("KEY",), "KE", 1.0), 1) == {"words": ["KEY"], "spelled": "KE"}
    unsure = as_json(State("unsure", 0.0, "", (("A", 0.4), ("S", 0.3))), 1)
    assert unsure == {"name": "unsure", "detail": "", "alternatives": [["A", 0.4], ["S", 0.3]]}
    assert as_json((State("too-hot", 0.0, "81"),), 1) == [{"name": "too-hot", "detail": "81"}]


def test_the_documentation_names_every_topic():
    documented = set(re.findall(r"^``(\w+)``", topics.__doc__ or "", re.MULTILINE))
    assert documented == {*get_args(Topic), "live"}
    assert set(Hub().subscribe(lambda: None).take().topics) <= documented
