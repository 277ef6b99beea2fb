"""From signs to text.

Letters join to words in capitals, as finger-spelling is written; a word sign stands for itself, with a blank on
either side. A new spelled word begins after the sign `space`, after a word sign, or after the hands were away for a
while. Keys act on the text: `space` ends a word, `del` takes back the last letter (or word sign), `nothing` does
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from edge.language.words import Letter, SignedWord
from edge.types import Action, SignEvent, State

SPACE, DELETE = "space", "del"
PAUSE = 2.0
"""Seconds without hands after which what was signed is over."""


class Label(Protocol):
    """What the composer must know of a class; the manifest's labels and the recogniser's both fit."""

    @property
    def name(self) -> str:
        """The class."""
        ...

    @property
    def text(self) -> str | None:
        """What is written, where it is not the name."""
        ...


class Composer:
    """Holds the text that was signed so far.

    ``labels`` say what is written for a sign; ``pause`` is how long (seconds) the hands must have been away between
    two letters to begin a new word.
    """

    def __init__(self, labels: Iterable[Label] = (), *, pause: float = PAUSE) -> None:
        self._written: Mapping[str, str] = {label.name: label.text for label in labels if label.text is not None}
        self._pause = pause
        self._words: list[SignedWord] = []
        self._open = False
        """Whether the next letter joins the last word."""
        self._left: float | None = None

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(word.text for word in self._words)

    @property
    def words(self) -> tuple[SignedWord, ...]:
        """The whole text, word by word, with what is known of each letter."""
        return tuple(self._words)

    @property
    def away_since(self) -> float | None:
        """The time (seconds of the source) since which the hands are away; None while they are there."""
        return self._left

    def apply(self, result: SignEvent | State) -> str:
        """Take the recogniser's next result; returns the whole text."""
        if isinstance(result, State):
            if result.name == "waiting":
                self._left = result.time
            else:
                self._returned(result.time)
            return self.text
        self._returned(result.begin)
        if result.kind == "key":
            self._press(result.label)
        elif result.kind == "letter":
            self._letter(Letter(self._letter_text(result.label), result.confidence, result.alternatives))
        else:
            self._words.append(SignedWord(self._written.get(result.label, result.label)))
            self._open = False
        return self.text

    def act(self, action: Action) -> str:
        """Do what somebody asks of the text; returns the whole text."""
        match action.name:
            case "clear" | "forget":
                return self.clear()
            case "undo-letter":
                return self.undo_letter()
            case "undo-word":
                return self.undo_word()
            case "space":
                self._open = False
        return self.text

    def clear(self) -> str:
        """Forget everything; returns the empty text."""
        self._words, self._open = [], False
        return self.text

    def undo_letter(self) -> str:
        """Take back the last letter, or the last word sign; a word that is thereby shortened can be spelled on."""
        if self._words:
            last = self._words.pop()
            if len(last.letters) > 1:
                self._words.append(_spelled(last.letters[:-1]))
        self._open = bool(self._words) and self._words[-1].spelled
        return self.text

    def undo_word(self) -> str:
        """Take back the last word; the next letter begins a new one."""
        if self._words:
            self._words.pop()
        self._open = False
        return self.text

    def _returned(self, time: float) -> None:
        if self._left is not None and time - self._left >= self._pause:
            self._open = False
        self._left = None

    def _letter_text(self, label: str) -> str:
        return self._written.get(label, label.upper())

    def _letter(self, letter: Letter) -> None:
        before = self._words.pop().letters if self._open and self._words else ()
        self._words.append(_spelled((*before, letter)))
        self._open = True

    def _press(self, key: str) -> None:
        if key == SPACE:
            self._open = False
        elif key == DELETE:
            self.undo_letter()


def _spelled(letters: tuple[Letter, ...]) -> SignedWord:
    return SignedWord("".join(letter.written for letter in letters), letters)
