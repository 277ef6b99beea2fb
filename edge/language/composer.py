"""From signs to text.

Letters join to words in capitals, as finger-spelling is written; a word sign stands for itself, with a blank on
either side. A new spelled word begins after the sign `space`, after a word sign, or after the hands were away for a
while. Keys act on the text: `space` ends a word, `del` takes back the last letter (or word sign), `nothing` does
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from edge.types import SignEvent, State

SPACE, DELETE = "space", "del"


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


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    spelled: bool


class Composer:
    """Holds the text that was signed so far.

    ``labels`` say what is written for a sign; ``pause`` is how long (seconds) the hands must have been away between
    two letters to begin a new word.
    """

    def __init__(self, labels: Iterable[Label] = (), *, pause: float = 2.0) -> None:
        self._written: Mapping[str, str] = {label.name: label.text for label in labels if label.text is not None}
        self._pause = pause
        self._words: list[_Word] = []
        self._open = False
        """Whether the next letter joins the last word."""
        self._left: float | None = None
        """Since when the hands are away."""

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(word.text for word in self._words)

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
            self._letter(self._written.get(result.label, result.label.upper()))
        else:
            self._words.append(_Word(self._written.get(result.label, result.label), spelled=False))
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
            if last.spelled and len(last.text) > 1:
                self._words.append(_Word(last.text[:-1], spelled=True))
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

    def _letter(self, letter: str) -> None:
        if self._open and self._words:
            letter = self._words.pop().text + letter
        self._words.append(_Word(letter, spelled=True))
        self._open = True

    def _press(self, key: str) -> None:
        if key == SPACE:
            self._open = False
        elif key == DELETE:
            self.undo_letter()
