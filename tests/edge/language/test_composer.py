"""Letters join to words, words stand apart, keys edit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.language import Composer
from edge.language.composer import KEPT, LONGEST
from edge.recognition import LabelInfo
from edge.types import Action, ActionName, EventKind, SignEvent, State

LABELS = (LabelInfo("thankyou", "word", moving=True, text="thank you"), LabelInfo("hello", "word", moving=True))


def sign(label: str, kind: EventKind = "letter", at: float = 0.0) -> SignEvent:
    return SignEvent(label, kind, 0.9, at, at + 0.4, at)


def spell(composer: Composer, letters: str) -> str:
    for letter in letters:
        composer.apply(sign(letter))
    return composer.text


def test_letters_join_and_space_separates() -> None:
    composer = Composer(LABELS)
    assert spell(composer, "HELLO") == "HELLO"
    assert composer.apply(sign("space", "key")) == "HELLO"
    assert composer.apply(sign("space", "key")) == "HELLO"
    assert spell(composer, "YOU") == "HELLO YOU"


def test_word_signs_stand_apart_and_are_written_as_the_label_says() -> None:
    composer = Composer(LABELS)
    spell(composer, "AB")
    assert composer.apply(sign("thankyou", "word")) == "AB thank you"
    assert composer.apply(sign("hello", "word")) == "AB thank you hello"
    assert spell(composer, "C") == "AB thank you hello C"


def test_nothing_does_nothing() -> None:
    composer = Composer()
    spell(composer, "A")
    composer.apply(sign("nothing", "key"))
    assert spell(composer, "B") == "AB"


def test_del_takes_back_a_letter_or_a_word_sign() -> None:
    composer = Composer(LABELS)
    spell(composer, "AB")
    assert composer.apply(sign("del", "key")) == "A"
    assert spell(composer, "C") == "AC"
    composer.apply(sign("thankyou", "word"))
    assert composer.apply(sign("del", "key")) == "AC"
    assert spell(composer, "D") == "ACD"
    for _ in range(9):
        composer.apply(sign("del", "key"))
    assert composer.text == ""


def test_undo_word_and_clear() -> None:
    composer = Composer(LABELS)
    spell(composer, "AB")
    composer.apply(sign("space", "key"))
    spell(composer, "CD")
    assert composer.undo_word() == "AB"
    assert spell(composer, "E") == "AB E"
    assert composer.clear() == ""
    assert composer.undo_word() == composer.undo_letter() == ""
    assert spell(composer, "F") == "F"


def act(composer: Composer, *names: ActionName) -> str:
    for name in names:
        composer.act(Action(name, "key"))
    return composer.text


def test_actions_change_the_text_and_can_be_taken_back_one_by_one() -> None:
    composer = Composer(LABELS)
    spell(composer, "AB")
    assert act(composer, "space") == "AB"
    spell(composer, "CD")
    assert act(composer, "undo-letter") == "AB C"
    assert act(composer, "undo-word") == "AB"
    assert act(composer, "clear") == ""
    assert act(composer, "clear", "undo-letter", "undo-word", "speak", "sentence") == "", "nothing is left to change"
    assert [act(composer, "restore") for _ in range(4)] == ["AB", "AB C", "AB CD", "AB CD"]
    assert spell(composer, "E") == "AB CDE", "the word can be spelled on"


def test_a_completed_word_is_ended_and_can_be_taken_back() -> None:
    composer = Composer(LABELS)
    spell(composer, "HEL")
    composer.act(Action("complete", "touch", "hello"))
    assert composer.text == "HELLO"
    assert composer.words[-1].spelled, "letters can be undone"
    assert act(composer, "restore") == "HEL"
    composer.act(Action("complete", "touch", "<b>"))
    assert composer.text == "HEL"
    act(composer, "space")
    composer.act(Action("complete", "touch", "HELLO"))
    assert composer.text == "HEL", "nothing is being spelled"


def test_once_something_is_signed_nothing_can_be_restored() -> None:
    composer = Composer(LABELS)
    spell(composer, "AB")
    act(composer, "clear")
    composer.apply(sign("nothing", "key"))
    assert act(composer, "restore") == "AB", "`nothing` is nothing"
    act(composer, "clear")
    spell(composer, "C")
    assert act(composer, "restore") == "C"


def test_what_is_forgotten_cannot_be_restored() -> None:
    composer = Composer(LABELS)
    spell(composer, "AB")
    assert act(composer, "undo-letter", "forget") == ""
    assert act(composer, "restore") == ""


def test_the_latest_signs_can_be_taken_back_by_time() -> None:
    composer = Composer(LABELS)
    for at, label in enumerate("ABC"):
        composer.apply(sign(label, at=float(at)))
    ends = [sign(label, at=float(at)).end for at, label in enumerate("ABC")]
    assert composer.take_back(ends[2] + 0.1) == "ABC"
    assert composer.take_back(ends[1]) == "A"
    assert spell(composer, "D") == "AD"
    act(composer, "undo-letter")
    assert composer.take_back(-1.0) == "A", "what an action has changed stays"


@pytest.mark.parametrize(("away", "text"), [(0.5, "AB"), (3.0, "A B")])
def test_hands_that_were_away_long_enough_begin_a_new_word(away: float, text: str) -> None:
    composer = Composer()
    composer.apply(sign("A", at=1.0))
    composer.apply(State("waiting", 5.0))  # held for four seconds: that is no pause
    composer.apply(State("hand", 5.0 + away))
    assert composer.apply(sign("B", at=9.0)) == text


def test_a_long_hold_is_no_pause() -> None:
    composer = Composer()
    composer.apply(sign("A", at=1.0))
    composer.apply(State("hand", 20.0))
    assert composer.apply(sign("B", at=20.0)) == "AB"


@given(st.lists(st.sampled_from(["A", "B", "space", "del", "hello", "nothing"]), max_size=30))
def test_text_is_tidy_whatever_is_signed(labels: list[str]) -> None:
    composer = Composer(LABELS)
    kinds: dict[str, EventKind] = {"space": "key", "del": "key", "nothing": "key", "hello": "word"}
    for label in labels:
        text = composer.apply(sign(label, kinds.get(label, "letter")))
        assert text == text.strip()
        assert "  " not in text


def test_a_text_that_nobody_clears_does_not_grow_for_ever() -> None:
    composer = Composer(LABELS)
    composer.apply(sign("thankyou", "word"))
    for _ in range(KEPT):
        composer.apply(sign("hello", "word"))
    assert composer.text == " ".join(["hello"] * KEPT)


def test_a_word_that_is_spelled_for_ever_is_ended() -> None:
    assert spell(Composer(), "A" * (LONGEST + 1)) == "A" * LONGEST + " A"
