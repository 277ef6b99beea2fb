"""Signs become sentences, in small steps that invent nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.language import Composer
from edge.language.fake import FakeSentencer
from edge.language.lexicon import Lexicon, english
from edge.language.rules import RuleSentencer
from edge.language.sentence import SentenceMaker, Utterances
from edge.language.words import Composed, SignedWord, spell
from edge.types import SignEvent, SpellingChange, State

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


def test_a_sentence_is_due_when_the_hands_were_away_for_long_enough(lexicon: Lexicon) -> None:
    composer = Composer()
    utterances = Utterances(composer, SentenceMaker(FakeSentencer(), lexicon), pause=2.0)
    for item in (sign("hello", 1.0), State("waiting", 2.0)):
        composer.apply(item)
    assert utterances.due(3.9) is None
    first = utterances.due(4.0)
    assert first is not None
    assert (first.text, first.read, first.time) == ("hello", "hello", 4.0)
    assert utterances.due(9.0) is None, "it is told once"
    for item in (State("hand", 10.0), sign("you", 10.0), sign("hungry", 11.0)):
        composer.apply(item)
    assert utterances.due(12.0) is None, "the hands are there"
    last = utterances.finish(12.0)
    assert last is not None
    assert last.text == "you+hungry"
    assert utterances.finish(12.0) is None


def test_words_that_were_taken_back_after_their_sentence_do_not_come_again(lexicon: Lexicon) -> None:
    composer = Composer()
    utterances = Utterances(composer, SentenceMaker(FakeSentencer(), lexicon))
    for label in ("hello", "you"):
        composer.apply(sign(label, 1.0))
    assert utterances.finish(2.0) is not None
    composer.undo_word()
    assert utterances.finish(3.0) is None
    composer.apply(sign("me", 4.0))
    sentence = utterances.finish(5.0)
    assert sentence is not None
    assert sentence.text == "me"


FEW = Lexicon([("hello", 8.0), ("help", 7.0), ("key", 8.0), ("run", 7.0), ("a", 9.0)])


@settings(deadline=None)
@given(st.lists(st.text("AEHKLNOPRSUVY", min_size=1, max_size=12), min_size=1, max_size=4))
def test_no_letter_is_lost(words: list[str]) -> None:
    sentence = SentenceMaker(FakeSentencer(), FEW).make([spell(word) for word in words], 0.0)
    assert sentence.read == " ".join(words)
    written = sentence.text.upper().split("+")
    changes = {change.read: change.written for change in sentence.changes}
    assert written == [changes.get(word, word) for word in words]
