"""Correcting a spelled word: what was probably meant, by how common a word is and how its letters are misread.

The noisy channel: a word's score is log10 of its count minus the cost (`edge.language.costs`) of its having been read
as it was. The cheapest way from every word of about the same length to the reading is found for all of them at once, by
dynamic programming over byte matrices: exact, nothing to build, 1.3 MB. (symspellpy's index of the same words takes
148 MB and 3.3 s to build on a PC, and does not know which letters look alike.)

Names are spelled more than anything else and stand in no list, so `correct` is shy: a word that is known, is short,
costs too much to explain, is as likely a name, or has two explanations that are about as likely, stays as it was read.
What was read is kept in every case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.language import costs
from edge.language.lexicon import Lexicon, Words
from edge.language.words import Letter, SignedWord
from edge.types import FloatArray


@dataclass(frozen=True, slots=True)
class SpellingSettings:
    """When a reading is replaced; costs and leads in powers of ten."""

    shortest: int = 3
    """Readings of fewer letters stay: they are initials or nearly any word."""
    longest: int = 24
    """Longer readings are no words."""
    cost_per_letter: float = 0.5
    """The most that a correction may cost, for each letter that was read ..."""
    most: float = 4.0
    """... and at all."""
    lead: float = 0.8
    """The best word must score this much more than the next, and than `unknown`."""
    unknown: float = 5.0
    """The score of the reading itself, as a name that is in no list."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word, in lower case, that may have been meant: higher ``score``, likelier."""

    word: str
    cost: float
    score: float


@dataclass(frozen=True, slots=True)
class Correction:
    """``read`` letter by letter, and what is ``written`` for it; ``candidates`` best first, the reading aside."""

    read: str
    written: str
    candidates: tuple[Candidate, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether something else is written than was read."""
        return self.written != self.read


class Speller:
    """Corrects spelled words against a lexicon."""

    def __init__(self, lexicon: Lexicon, settings: SpellingSettings | None = None) -> None:
        self._lexicon = lexicon
        self._settings = settings or SpellingSettings()

    def correct(self, word: SignedWord) -> Correction:
        """What to write for a spelled word: the reading, or the one word that is clearly likelier, in capitals."""
        settings = self._settings
        read = word.text
        if not settings.shortest <= len(word.letters) <= settings.longest:
            return Correction(read, read)
        if read in self._lexicon or not costs.readable(word.letters):
            return Correction(read, read)
        budget = min(settings.most, settings.cost_per_letter * len(word.letters))
        candidates = self.candidates(word.letters, budget=budget)
        scores = [settings.unknown, *(candidate.score for candidate in candidates[1:2])]
        taken = bool(candidates) and candidates[0].score - max(scores) >= settings.lead
        return Correction(read, candidates[0].word.upper() if taken else read, candidates)

    def candidates(
        self, letters: Sequence[Letter], n: int = 5, *, budget: float = float("inf")
    ) -> tuple[Candidate, ...]:
        """The ``n`` likeliest words for letters of A to Z that cost at most ``budget``, best first."""
        read = len(letters)
        found: list[Candidate] = []
        swap = costs.substitution(letters)
        for length in range(max(1, read - 2), read + 3):
            words = self._lexicon.of_length(length)
            if words is None:
                continue
            cost = _distances(letters, swap, words)
            score = np.where(cost <= budget, words.logs - cost, -np.inf)
            best = [i for i in np.argsort(-score, kind="stable")[:n] if np.isfinite(score[i])]
            found += [Candidate(words.word(int(i)), float(cost[i]), float(score[i])) for i in best]
        return tuple(sorted(found, key=lambda candidate: (-candidate.score, candidate.word))[:n])


def _distances(letters: Sequence[Letter], swap: FloatArray, words: Words) -> FloatArray:
    """float32 (words,): the least cost of reading ``letters`` where each word was spelled."""
    spelled = words.letters
    count, length = spelled.shape
    missed = np.full((count, length), costs.MISSED, np.float32)
    missed[:, 1:][spelled[:, 1:] == spelled[:, :-1]] = costs.DOUBLED
    row = np.zeros((length + 1, count), np.float32)
    row[1:] = missed.T.cumsum(axis=0)
    for at, letter in enumerate(letters):
        again = at > 0 and letters[at - 1].written == letter.written
        extra = costs.DOUBLED if again else costs.EXTRA
        before, row = row, np.empty_like(row)
        row[0] = before[0] + extra
        for j in range(length):
            row[j + 1] = np.minimum(before[j] + swap[at][spelled[:, j]], before[j + 1] + extra)
            np.minimum(row[j + 1], row[j] + missed[:, j], out=row[j + 1])
    return np.asarray(row[length])
