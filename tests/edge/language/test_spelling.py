"""Spelled words are corrected where one word is clearly likelier, and nowhere else."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.language import costs
from edge.language.lexicon import Lexicon, english
from edge.language.spelling import Speller
from edge.language.words import Letter, SignedWord, spell


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return english()


@pytest.fixture(scope="module")
def speller(lexicon: Lexicon) -> Speller:
    return Speller(lexicon)


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("RVN", "RUN"),  # U/V
        ("QVICK", "QUICK"),
        ("SUMNER", "SUMNER"),  # a name that is in the list
        ("SVMMER", "SUMMER"),
        ("FIMGER", "FINGER"),  # M/N
        ("THAMKS", "THANKS"),
        ("COFEE", "COFFEE"),  # a doubled letter that was not seen
        ("COFFFEE", "COFFEE"),
        ("BRIDQE", "BRIDGE"),  # G/Q
        ("KEBY", "KEY"),  # a letter on the way from E to Y
        ("HELO", "HELLO"),
        ("SIGM", "SIGN"),
    ],
)
def test_likely_misreadings_are_put_right(speller: Speller, read: str, meant: str) -> None:
    correction = speller.correct(spell(read))
    assert correction.written == meant
    assert correction.read == read


@pytest.mark.parametrize(
    "name", "XIAOYANG JANYA PANKTI SHINLEE HIROSHI SIOBHAN AOIFE OLUWASEUN ANJU NEHA ZANELE".split()
)
def test_names_stay_as_they_were_spelled(lexicon: Lexicon, speller: Speller, name: str) -> None:
    assert name not in lexicon
    assert not speller.correct(spell(name)).changed


@pytest.mark.parametrize("word", "HELLO GRASS KEY FOXY VOWEL MUG RYAN JOHN TV QK A".split())
def test_known_words_and_initials_stay(speller: Speller, word: str) -> None:
    assert speller.correct(spell(word)).written == word


def test_what_the_recogniser_doubted_is_cheaper_than_what_it_did_not(speller: Speller) -> None:
    sure = spell("DARX")
    doubted = SignedWord("DARX", (*sure.letters[:3], Letter("X", 0.5, (("K", 0.4),))))
    assert speller.correct(sure).written == "DARX"
    assert speller.correct(doubted).written == "DARK"


def test_two_words_that_are_as_likely_change_nothing() -> None:
    speller = Speller(Lexicon([("mat", 8.0), ("nat", 8.0)]))
    correction = speller.correct(spell("TAT"))
    assert correction.written == "TAT"
    assert {candidate.word for candidate in correction.candidates} == {"mat", "nat"}


def test_a_word_sign_and_letters_beyond_a_to_z_are_no_spelling(speller: Speller) -> None:
    assert not speller.correct(SignedWord("helo")).changed
    assert not speller.correct(spell("HELÖ")).changed


def test_costs_are_least_for_what_was_read_and_small_for_lookalikes() -> None:
    row = costs.substitution([Letter("R")])[0]
    a = ord("a")
    assert row[ord("r") - a] == 0
    assert row[ord("u") - a] == costs.LOOKALIKE
    assert row[ord("b") - a] == costs.OTHER


def test_the_shipped_list_is_sorted_lower_case_and_counted(lexicon: Lexicon) -> None:
    assert len(lexicon) > 80_000
    assert lexicon.log_count("the") == pytest.approx(10.36)
    assert lexicon.log_count("KEY") == lexicon.log_count("key") is not None
    assert lexicon.log_count("keby") is None
    words = lexicon.of_length(3)
    assert words is not None
    assert words.word(0) == "aah"


LETTERS = st.builds(
    Letter,
    st.sampled_from(string.ascii_uppercase),
    st.floats(0, 1),
    st.lists(st.tuples(st.sampled_from([*string.ascii_uppercase, "hello", "space"]), st.floats(0, 1)), max_size=3).map(
        tuple
    ),
)


@settings(deadline=None, max_examples=30)
@given(st.lists(LETTERS, min_size=1, max_size=30))
def test_the_speller_never_fails_and_keeps_what_was_read(speller: Speller, letters: list[Letter]) -> None:
    word = SignedWord("".join(letter.written for letter in letters), tuple(letters))
    correction = speller.correct(word)
    assert correction.read == word.text
    assert correction.written.isalpha()
    assert not correction.changed or correction.written == correction.candidates[0].word.upper()
