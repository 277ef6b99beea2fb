"""From signs to text.

Letters join to words in capitals, as finger-spelling is written; a word sign stands for itself, with a blank on
either side. A new spelled word begins after the sign `space`, after a word sign, or after the hands were away for a
while. Keys act on the text: `space` ends a word, `del` takes back the last letter (or word sign), `nothing` does
nothing. What people ask for by touch, key or gesture (`Composer.act`) can be taken back until something else is signed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from edge.language.words import Letter, SignedWord, spell
from edge.types import Action, SignEvent, State

SPACE, DELETE = "space", "del"
PAUSE = 2.0
"""Seconds without hands after which what was signed is over."""
_TAKEN = 20
"""Actions, and signs, that can be taken back."""
KEPT = 1000
"""Words of the text: a device that nobody clears for months forgets the oldest."""
LONGEST = 100
"""Letters after which a word is taken to have ended, however long somebody spells on."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A text to come back to: its words, and whether the last one can be spelled on."""

    words: tuple[SignedWord, ...]
    open: bool


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
        self._taken: deque[_Mark] = deque(maxlen=_TAKEN)
        """What was there before each of the last actions; no longer of use once something was signed."""
        self._signed: deque[tuple[float, _Mark]] = deque(maxlen=_TAKEN)
        """When each of the last signs ended, and what was there before it; no longer of use after an action."""

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
        before = self._mark()
        if result.kind == "key":
            self._press(result.label)
        elif result.kind == "letter":
            self._letter(Letter(self._letter_text(result.label), result.confidence, result.alternatives))
        else:
            self._words.append(SignedWord(self._written.get(result.label, result.label)))
            self._open = False
        del self._words[:-KEPT]
        if before.words != tuple(self._words):
            self._taken.clear()
            self._signed.append((result.end, before))
        return self.text

    @property
    def spelling(self) -> SignedWord | None:
        """The word that the next letter would join; None when it would begin a new one."""
        return self._words[-1] if self._open and self._words else None

    def take_back(self, since: float) -> str:
        """Forget the latest signs, those that ended at ``since`` (seconds of the source) or later; returns the text."""
        while self._signed and self._signed[-1][0] >= since:
            self._back_to(self._signed.pop()[1])
        return self.text

    def new_scene(self) -> None:
        """Time begins anew: what was signed before can no longer be told by its time. The text stays."""
        self._signed.clear()
        self._left = None

    def act(self, action: Action) -> str:
        """Do what somebody asks of the text, where it has to do with the text; returns the whole text."""
        before = self._mark()
        match action.name:
            case "clear":
                self.clear()
            case "undo-letter":
                self.undo_letter()
            case "undo-word":
                self.undo_word()
            case "complete":
                self.complete(action.value)
            case "space":
                self._open = False
            case "restore":
                self._signed.clear()
                return self.restore()
            case "forget":
                self._taken.clear()
                self._signed.clear()
                return self.clear()
        if before.words != tuple(self._words):
            self._taken.append(before)
            self._signed.clear()
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

    def complete(self, word: str) -> str:
        """Write ``word`` for what is being spelled, and end it; nothing when nothing is, or there is no such word."""
        if self.spelling is not None and word.isalpha():
            self._words[-1] = spell(word.upper())
            self._open = False
        return self.text

    def restore(self) -> str:
        """Take back the last action that changed the text; nothing once something was signed since."""
        if self._taken:
            self._back_to(self._taken.pop())
        return self.text

    def _mark(self) -> _Mark:
        return _Mark(tuple(self._words), self._open)

    def _back_to(self, mark: _Mark) -> None:
        self._words, self._open = list(mark.words), mark.open

    def _returned(self, time: float) -> None:
        if self._left is not None and time - self._left >= self._pause:
            self._open = False
        self._left = None

    def _letter_text(self, label: str) -> str:
        return self._written.get(label, label.upper())

    def _letter(self, letter: Letter) -> None:
        word = self.spelling
        before = self._words.pop().letters if word is not None and len(word.letters) < LONGEST else ()
        self._words.append(_spelled((*before, letter)))
        self._open = True

    def _press(self, key: str) -> None:
        if key == SPACE:
            self._open = False
        elif key == DELETE:
            self.undo_letter()


def _spelled(letters: tuple[Letter, ...]) -> SignedWord:
    return SignedWord("".join(letter.written for letter in letters), letters)
