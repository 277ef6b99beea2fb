"""A slow model makes its sentences beside the loop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event

import pytest

from edge.errors import EngineError
from edge.language.background import Background, Foreground
from edge.language.fake import FakeSentencer
from edge.language.lexicon import Lexicon
from edge.language.sentence import SentenceMaker
from edge.language.words import Composed, SignedWord

WORDS = (SignedWord("hello"), SignedWord("you"))
FEW = Lexicon([("hello", 8.0)])


class Slow:
    """A sentencer that takes until it is let go."""

    def __init__(self) -> None:
        self.let_go = Event()

    def compose(self, words: Sequence[str]) -> Composed:
        assert self.let_go.wait(5)
        return Composed(" ".join(words), "slow")


def eventually(background: Background) -> list[str]:
    end = time.monotonic() + 5
    while not (done := background.ready()) and time.monotonic() < end:
        time.sleep(0.005)
    return [sentence.text for sentence in done]


def test_nobody_waits_for_a_sentence_that_takes_its_time() -> None:
    slow = Slow()
    background = Background(SentenceMaker(slow, FEW))
    begin = time.monotonic()
    background.ask(WORDS, 3.0)
    assert background.ready() == []
    assert time.monotonic() - begin < 1
    slow.let_go.set()
    assert eventually(background) == ["hello you"]
    background.close()


def test_the_rest_is_waited_for_at_the_end_in_order() -> None:
    slow = Slow()
    background = Background(SentenceMaker(slow, FEW))
    background.ask(WORDS, 1.0)
    background.ask(WORDS[:1], 2.0)
    slow.let_go.set()
    assert [(sentence.text, sentence.time) for sentence in background.rest()] == [("hello you", 1.0), ("hello", 2.0)]
    assert background.rest() == []
    background.close()


def test_a_model_that_falls_behind_drops_questions() -> None:
    slow = Slow()
    background = Background(SentenceMaker(slow, FEW))
    for n in range(20):
        background.ask(WORDS, float(n))
    slow.let_go.set()
    assert [sentence.time for sentence in background.rest()] == [0.0, 1.0, 2.0, 3.0]
    background.close()


def test_what_the_model_raises_is_raised_in_the_loop() -> None:
    class Broken:
        def compose(self, words: Sequence[str]) -> Composed:
            raise EngineError("inference failed")

    background = Background(SentenceMaker(Broken(), FEW))
    background.ask(WORDS, 1.0)
    with pytest.raises(EngineError, match="inference failed"):
        background.rest()
    background.ask(WORDS, 2.0)
    with pytest.raises(EngineError):
        eventually(background)
    background.close()


def test_in_the_foreground_a_sentence_is_ready_when_it_was_asked_for() -> None:
    maker = Foreground(SentenceMaker(FakeSentencer(), FEW))
    maker.ask(WORDS, 1.0)
    maker.ask(WORDS[:1], 2.0)
    assert [sentence.text for sentence in maker.ready()] == ["hello+you", "hello"]
    assert maker.rest() == []
