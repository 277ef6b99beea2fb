"""Sentences: what was signed between two pauses, its spelling corrected and put into English.

A sentence is due when the hands have been away for `edge.language.composer.PAUSE` seconds, or the source has ended.
Spelled words are corrected first, then a `Sentencer` makes the sentence: rules that are always there, or a T5 model
from the bundle. What was read is kept beside it, and the words that were changed are named, so that somebody whose name
was "corrected" can see and undo it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edge.language.composer import PAUSE
from edge.language.lexicon import Lexicon
from edge.language.spelling import Speller
from edge.language.words import Composed, SignedWord
from edge.types import Sentence, SpellingChange

_INITIALS = 3
"""A word that is in no list and no longer than this is written in capitals, as initials are."""


class Sentencer(Protocol):
    """Makes a sentence of words."""

    def compose(self, words: Sequence[str]) -> Composed:
        """The sentence of words in the order signed; an empty one for none. Takes bounded time."""
        ...


class Signed(Protocol):
    """What was signed so far: the composer."""

    @property
    def words(self) -> tuple[SignedWord, ...]:
        """All words."""
        ...

    @property
    def away_since(self) -> float | None:
        """Since when the hands are away, None while they are there."""
        ...


class SentenceMaker:
    """Turns words into a `Sentence`; what the sentence button of a kiosk calls."""

    def __init__(self, sentencer: Sentencer, lexicon: Lexicon) -> None:
        self._sentencer = sentencer
        self._lexicon = lexicon
        self._speller = Speller(lexicon)

    def make(self, words: Sequence[SignedWord], time: float) -> Sentence:
        """The sentence of these words; ``time`` is when it was asked for, in seconds of the source."""
        plain, changes = [], []
        for word in words:
            if not word.spelled:
                plain.append(word.text)
                continue
            correction = self._speller.correct(word)
            plain.append(self._plain(correction.written))
            if correction.changed:
                others = tuple(candidate.word.upper() for candidate in correction.candidates[1:])
                changes.append(SpellingChange(correction.read, correction.written, others))
        composed = self._sentencer.compose(plain)
        read = " ".join(word.text for word in words)
        return Sentence(composed.text, read=read, time=time, by=composed.by, changes=tuple(changes))

    def _plain(self, word: str) -> str:
        """A spelled word as it is written within a sentence."""
        if word in self._lexicon:
            return word.lower()
        return word if len(word) <= _INITIALS else word[:1] + word[1:].lower()


class Makes(Protocol):
    """Makes sentences, at once or in its own time: `edge.language.background`."""

    def ask(self, words: Sequence[SignedWord], time: float) -> None:
        """Make a sentence of these words."""
        ...

    def ready(self) -> list[Sentence]:
        """The sentences that were asked for and are done by now, in order; raises what making them raised."""
        ...

    def rest(self) -> list[Sentence]:
        """The same, after waiting for those that are not done."""
        ...


class Utterances:
    """Watches the composer and has a sentence made when one is due, of the words since the last one.

    Where words of the last sentence were changed since (one was corrected, or taken back and signed anew), all of its
    words are made a sentence again. ``automatic`` is whether sentences are due by themselves; else they are asked for.
    """

    def __init__(self, signed: Signed, maker: Makes, *, automatic: bool = True, pause: float = PAUSE) -> None:
        self._signed = signed
        self._maker = maker
        self._automatic = automatic
        self._pause = pause
        self._told: tuple[SignedWord, ...] = ()
        """All words up to the end of the last sentence ..."""
        self._begin = 0
        """... and how many of them came before it."""

    def due(self, now: float) -> list[Sentence]:
        """The sentences that are done at ``now`` (seconds of the source); one that has become due is begun."""
        away = self._signed.away_since
        if self._automatic and away is not None and now - away >= self._pause:
            self.ask(now)
        return self._maker.ready()

    def ask(self, now: float) -> bool:
        """Somebody wants the sentence now, hands or no hands; False when nothing was signed since the last one."""
        told, words = self._told, self._signed.words
        shared = min(len(told), len(words))
        kept = next((n for n in range(shared) if told[n] is not words[n]), shared)
        if len(words) == kept:
            return False  # nothing new; words that were taken back do not make a sentence
        self._begin = len(told) if kept == len(told) else min(self._begin, kept)
        self._told = words
        self._maker.ask(words[self._begin :], now)
        return True

    def finish(self, now: float) -> list[Sentence]:
        """The source has ended: all sentences that are left."""
        if self._automatic:
            self.ask(now)
        return self._maker.rest()
