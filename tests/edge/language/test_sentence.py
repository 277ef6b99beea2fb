"""Signs become sentences, in small steps that invent nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.language import Composer
from edge.language.background import Foreground
from edge.language.fake import FakeSentencer
from edge.language.lexicon import Lexicon, english
from edge.language.rules import RuleSentencer
from edge.language.sentence import SentenceMaker, Utterances
from edge.language.words import Composed, SignedWord, spell
from edge.types import Action, Sentence, SignEvent, SpellingChange, State

ADDED = {"i", "am", "is", "are", "do", "does"}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return english()


@pytest.mark.parametrize(
    ("signs", "sentence"),
    [
        ("hello|my|name|John", "Hello, my name is John."),
        ("me|hungry", "I am hungry."),
        ("you|hungry", "You are hungry?"),
        ("he|not|happy", "He is not happy."),
        ("I|want|tea", "I want tea."),
        ("me|not|want|coffee", "I do not want coffee."),
        ("you|live|where", "Where do you live?"),
        ("your|name|what", "What is your name?"),
        ("you|who", "Who are you?"),
        ("how much|coffee", "How much coffee?"),
        ("coffee|how much", "How much coffee?"),
        ("can|you|help", "Can you help?"),
        ("please|help", "Please help."),
        ("me|sorry", "I am sorry."),
        ("thank you|bye", "Thank you, bye."),
        ("I love you", "I love you."),
        ("house|where", "Where is house?"),
        ("key", "Key."),
        ("big|red|bus", "Big red bus."),
        ("", ""),
    ],
)
def test_rules(signs: str, sentence: str) -> None:
    assert RuleSentencer().compose(signs.split("|") if signs else []) == Composed(sentence, "rules")


WORDS = st.sampled_from(
    "I me you he my your name what where hello yes thank|you please not hungry want need coffee John can key".split()
).map(lambda word: word.replace("|", " "))


@given(st.lists(WORDS, max_size=8))
def test_rules_lose_no_word_and_add_only_little_ones(words: list[str]) -> None:
    sentence = RuleSentencer().compose(words).text
    have = re.findall(r"[a-z]+", sentence.lower())
    want = " ".join(words).lower().split()
    for word in want:
        if word in have:
            have.remove(word)
        else:
            assert word == "me"
            have.remove("i")
    assert set(have) <= ADDED
    assert not words or (sentence[0].isupper() and sentence[-1] in ".?")


def test_spelled_words_are_corrected_and_what_was_read_is_kept(lexicon: Lexicon) -> None:
    fake = FakeSentencer()
    words = (SignedWord("my"), SignedWord("name"), spell("JANYA"), spell("KEBY"), spell("UK"), spell("QX"))
    sentence = SentenceMaker(fake, lexicon).make(words, 3.0)
    assert fake.asked == [("my", "name", "Janya", "key", "UK", "QX")]
    assert sentence.read == "my name JANYA KEBY UK QX"
    assert sentence.changes == (SpellingChange("KEBY", "KEY"),)
    assert (sentence.text, sentence.by, sentence.time) == ("my+name+Janya+key+UK+QX", "fake", 3.0)


def sign(label: str, at: float) -> SignEvent:
    return SignEvent(label, "word" if len(label) > 1 else "letter", 0.9, at, at + 0.4, at)


def texts(sentences: list[Sentence]) -> list[str]:
    return [sentence.text for sentence in sentences]


def watching(composer: Composer, lexicon: Lexicon, **options: object) -> Utterances:
    return Utterances(composer, Foreground(SentenceMaker(FakeSentencer(), lexicon)), **options)


def test_a_sentence_is_due_when_the_hands_were_away_for_long_enough(lexicon: Lexicon) -> None:
    composer = Composer()
    utterances = watching(composer, lexicon, pause=2.0)
    for item in (sign("hello", 1.0), State("waiting", 2.0)):
        composer.apply(item)
    assert utterances.due(3.9) == []
    (first,) = utterances.due(4.0)
    assert (first.text, first.read, first.time) == ("hello", "hello", 4.0)
    assert utterances.due(9.0) == [], "it is told once"
    for item in (State("hand", 10.0), sign("you", 10.0), sign("hungry", 11.0)):
        composer.apply(item)
    assert utterances.due(12.0) == [], "the hands are there"
    assert texts(utterances.finish(12.0)) == ["you+hungry"]
    assert utterances.finish(12.0) == []


def test_a_sentence_can_be_asked_for_while_the_hands_are_there(lexicon: Lexicon) -> None:
    composer = Composer()
    utterances = watching(composer, lexicon, automatic=False)
    for item in (sign("hello", 1.0), State("waiting", 2.0)):
        composer.apply(item)
    assert utterances.due(60.0) == [], "only when it is asked for"
    composer.apply(sign("you", 61.0))
    assert utterances.ask(61.5)
    assert texts(utterances.due(61.6)) == ["hello+you"]
    assert not utterances.ask(62.0), "nothing is new"
    composer.apply(sign("hungry", 63.0))
    assert utterances.finish(64.0) == []


def test_words_that_were_taken_back_make_no_sentence_and_what_replaces_them_one_with_the_rest(lexicon: Lexicon) -> None:
    composer = Composer()
    utterances = watching(composer, lexicon)
    composer.apply(sign("bye", 0.0))
    assert texts(utterances.finish(0.5)) == ["bye"]
    for label in ("hello", "you"):
        composer.apply(sign(label, 1.0))
    assert texts(utterances.finish(2.0)) == ["hello+you"]
    composer.undo_word()
    assert utterances.finish(3.0) == []
    composer.apply(sign("me", 4.0))
    assert texts(utterances.finish(5.0)) == ["hello+me"]


def test_a_text_that_was_cleared_and_restored_is_not_told_again(lexicon: Lexicon) -> None:
    composer = Composer()
    utterances = watching(composer, lexicon)
    for label in ("hello", "you"):
        composer.apply(sign(label, 1.0))
    assert texts(utterances.finish(2.0)) == ["hello+you"]
    composer.act(Action("clear", "touch"))
    assert utterances.finish(3.0) == []
    composer.act(Action("restore", "touch"))
    assert composer.text == "hello you"
    assert utterances.finish(4.0) == []
    composer.act(Action("clear", "touch"))
    for label in ("hello", "you"):
        composer.apply(sign(label, 5.0))
    assert texts(utterances.finish(6.0)) == ["hello+you"], "signed anew, it is said anew"


FEW = Lexicon([("hello", 8.0), ("help", 7.0), ("key", 8.0), ("run", 7.0), ("a", 9.0)])


@settings(deadline=None)
@given(st.lists(st.text("AEHKLNOPRSUVY", min_size=1, max_size=12), min_size=1, max_size=4))
def test_no_letter_is_lost(words: list[str]) -> None:
    sentence = SentenceMaker(FakeSentencer(), FEW).make([spell(word) for word in words], 0.0)
    assert sentence.read == " ".join(words)
    written = sentence.text.upper().split("+")
    changes = {change.read: change.written for change in sentence.changes}
    assert written == [changes.get(word, word) for word in words]
