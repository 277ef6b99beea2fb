"""What the word that is being spelled may become: whole words to choose from, before the last letter is signed.

Two sources, scored alike by log10 of a word's count minus the cost of its letters having been read as they were
(`edge.language.costs`). *Completions* begin as the reading does, with a look-alike letter here and there. *Corrections*
(`edge.language.spelling`) are about as long as the reading and may have letters more or less. Nothing is changed by
itself: somebody takes a word, or spells on. All of it takes some 10 ms on a PC, once a letter.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from edge.language import costs
from edge.language.lexicon import Lexicon
from edge.language.spelling import Candidate, Speller, SpellingSettings
from edge.language.words import SignedWord
from edge.types import Suggestions

_CORRECTED = 3
"""Letters from which on a reading is long enough to say what it was meant to be."""
_BEHIND = 1.0
"""Beside a reading that is a word itself, nothing is offered that is ten times less likely."""


class Spelled(Protocol):
    """What is being spelled: the composer."""

    @property
    def spelling(self) -> SignedWord | None:
        """The word that the next letter would join, None where there is none."""
        ...


class Suggester:
    """Watches the composer; asks the completer when the word that is being spelled has changed."""

    def __init__(self, spelled: Spelled, completer: Completer) -> None:
        self._spelled = spelled
        self._completer = completer
        self._word: SignedWord | None = None
        self._offered = Suggestions((), "", 0.0)

    def changed(self, now: float) -> Suggestions | None:
        """The suggestions at ``now`` (seconds of the source); None while they are those of the last call."""
        word = self._spelled.spelling
        if word is self._word:
            return None
        self._word = word
        words = () if word is None else self._completer.suggest(word)
        before, self._offered = self._offered, Suggestions(words, "" if word is None else word.text, now)
        return self._offered if (words or before.words) else None


class Completer:
    """Suggests up to ``count`` words of a lexicon."""

    def __init__(self, lexicon: Lexicon, *, count: int = 3) -> None:
        self._lexicon = lexicon
        self._count = count
        self._settings = SpellingSettings()
        self._speller = Speller(lexicon, self._settings)

    def suggest(self, word: SignedWord) -> tuple[str, ...]:
        """Words in capitals, likeliest first; none for a reading that no word explains, or that is no spelling."""
        if not word.spelled or not costs.readable(word.letters):
            return ()
        budget = min(self._settings.most, self._settings.cost_per_letter * len(word.letters))
        found = self._beginning(word, budget)
        if len(word.letters) >= _CORRECTED:
            found += self._speller.candidates(word.letters, self._count, budget=budget)
        known = self._lexicon.log_count(word.text)
        if known is not None:
            found = [each for each in found if each.score >= known - _BEHIND]
        best = {each.word.upper(): each for each in sorted(found, key=lambda each: (each.score, each.word))}
        best.pop(word.text.upper(), None)
        return tuple(sorted(best, key=lambda text: (-best[text].score, text))[: self._count])

    def _beginning(self, word: SignedWord, budget: float) -> list[Candidate]:
        """The best words that are longer than the reading and begin with it, give or take a look-alike."""
        read = len(word.letters)
        swap = costs.substitution(word.letters)
        found = []
        for length in range(read + 1, self._settings.longest + 1):
            words = self._lexicon.of_length(length)
            if words is None:
                continue
            cost = swap[np.arange(read), words.letters[:, :read]].sum(axis=1)
            score = np.where(cost <= budget, words.logs - cost, -np.inf)
            for i in np.argsort(-score, kind="stable")[: self._count]:
                if np.isfinite(score[i]):
                    found.append(Candidate(words.word(int(i)), float(cost[i]), float(score[i])))
        return found
