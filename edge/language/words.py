"""A word as it was signed, with what is known of each of its letters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """One spelled letter.

    ``written`` as it was read; ``confidence`` its probability; ``alternatives`` what else it may have been, with
    probabilities (`edge.types.SignEvent`).
    """

    written: str
    confidence: float = 1.0
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SignedWord:
    """One word: its ``text``, and its ``letters`` when it was spelled (none for a word sign)."""

    text: str
    letters: tuple[Letter, ...] = ()

    @property
    def spelled(self) -> bool:
        """Whether it was spelled letter by letter."""
        return bool(self.letters)


@dataclass(frozen=True, slots=True)
class Composed:
    """A sentence's ``text`` and what made it: ``rules`` or ``t5``."""

    text: str
    by: str


def spell(text: str) -> SignedWord:
    """A word spelled without any doubt."""
    return SignedWord(text, tuple(Letter(character) for character in text))
