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


class Utterances:
    """Watches the composer and says when a sentence is due, of the words since the last one."""

    def __init__(self, signed: Signed, maker: SentenceMaker, *, pause: float = PAUSE) -> None:
        self._signed = signed
        self._maker = maker
        self._pause = pause
        self._told = 0

    def due(self, now: float) -> Sentence | None:
        """The sentence that is due at ``now`` (seconds of the source), if there is one."""
        away = self._signed.away_since
        return self.finish(now) if away is not None and now - away >= self._pause else None

    def finish(self, now: float) -> Sentence | None:
        """The sentence of all words since the last one, if there are any."""
        words = self._signed.words
        new = words[min(self._told, len(words)) :]  # `del` may have taken back what was told already
        self._told = len(words)
        return self._maker.make(new, now) if new else None
