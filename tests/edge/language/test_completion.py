"""Words to choose from while one is being spelled."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.language import Composer
from edge.language.completion import Completer, Suggester
from edge.language.lexicon import Lexicon, english
from edge.language.words import Letter, SignedWord, spell
from edge.types import Action, SignEvent


@pytest.fixture(scope="module")
def completer() -> Completer:
    return Completer(english())


def test_common_words_that_go_on_come_first(completer: Completer) -> None:
    assert completer.suggest(spell("COFF"))[:1] == ("COFFEE",)
    assert completer.suggest(spell("HEL"))[:2] == ("HELP", "HELD")
    assert len(completer.suggest(spell("H"))) == 3


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("THAM", "THAN"),  # the fists A, E, M, N, S, T are confused: a correction
        ("PLEAN", "PLEASE"),  # ... and so a completion
        ("COFE", "COFFEE"),  # a doubled letter that was read once
        ("HELO", "HELLO"),
    ],
)
def test_a_look_alike_or_a_missed_letter_does_not_hide_the_word(completer: Completer, read: str, meant: str) -> None:
    assert meant in Completer(english(), count=8).suggest(spell(read))


def test_what_the_recogniser_doubted_counts(completer: Completer) -> None:
    doubted = SignedWord("HX", (Letter("H"), Letter("X", 0.5, (("E", 0.45),))))
    assert "HELP" not in completer.suggest(spell("HX"))
    assert "HELP" in completer.suggest(doubted)


def test_beside_a_word_only_what_is_about_as_likely_is_offered(completer: Completer) -> None:
    assert completer.suggest(spell("HELLO")) == ()
    assert "THAT" in completer.suggest(spell("THAN"))


def test_what_is_no_spelling_and_what_no_word_explains_gets_nothing(completer: Completer) -> None:
    assert completer.suggest(SignedWord("hello")) == ()
    assert completer.suggest(spell("ZQXJ")) == ()
    assert completer.suggest(spell("Ä1")) == ()
    assert completer.suggest(spell("B" * 60)) == ()


FEW = Completer(Lexicon([("hello", 8.0), ("help", 7.0), ("held", 7.0), ("key", 8.0), ("a", 9.0)]))


@settings(deadline=None)
@given(st.text("AEHKLOPY", min_size=1, max_size=8))
def test_suggestions_are_few_distinct_and_other_than_the_reading(read: str) -> None:
    words = FEW.suggest(spell(read))
    assert len(words) == len(set(words)) <= 3
    assert read not in words


def sign(label: str) -> SignEvent:
    return SignEvent(label, "word" if len(label) > 1 else "letter", 0.9, 0.0, 0.4, 0.0)


def test_suggestions_follow_the_word_that_is_being_spelled() -> None:
    composer = Composer()
    suggester = Suggester(composer, FEW)
    assert suggester.changed(0.0) is None
    composer.apply(sign("H"))
    first = suggester.changed(1.0)
    assert first is not None
    assert (first.words, first.spelled, first.time) == (("HELLO", "HELD", "HELP"), "H", 1.0)
    assert suggester.changed(2.0) is None, "nothing has changed"
    composer.apply(sign("E"))
    assert suggester.changed(3.0) is not None
    composer.act(Action("complete", "touch", "HELLO"))
    assert composer.text == "HELLO"
    last = suggester.changed(4.0)
    assert last is not None
    assert (last.words, last.spelled) == ((), "")
    composer.apply(sign("K"))
    assert composer.text == "HELLO K"
