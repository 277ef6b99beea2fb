"""The English words that spelling is checked against, with how common they are.

The list is shipped beside this module (`WORDS.md` says where it comes from). It is read when somebody wants sentences,
in some 50 ms, and takes a few megabytes: words of one length stand in one byte matrix, so that `edge.language.spelling`
compares a reading with thousands of them at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from edge.types import AnyArray, FloatArray, UInt8Array

_A = ord("a")


@dataclass(frozen=True, slots=True)
class Words:
    """Words of one length: ``letters`` uint8 (words, length), 0 for *a*; ``logs`` float32 (words,) log10 of counts."""

    letters: UInt8Array
    logs: FloatArray

    def word(self, index: int) -> str:
        """The word at ``index``, in lower case."""
        return bytes(self.letters[index] + np.uint8(_A)).decode("ascii")


class Lexicon:
    """Words of a to z with the log10 of their counts. Case is ignored when asking."""

    def __init__(self, entries: Iterable[tuple[str, float]]) -> None:
        # Bytes by length from the first word on: tens of thousands of small objects would cost a board 15 MB.
        gathered: dict[int, tuple[bytearray, array[float]]] = {}
        for word, log in entries:
            joined, logs = gathered.setdefault(len(word), (bytearray(), array("f")))
            joined += word.encode("ascii")
            logs.append(log)
        self._by_length = {length: _sorted(length, *gathered[length]) for length in sorted(gathered)}

    def __len__(self) -> int:
        return sum(len(words.logs) for words in self._by_length.values())

    def __contains__(self, word: str) -> bool:
        return self.log_count(word) is not None

    def log_count(self, word: str) -> float | None:
        """log10 of how often the word was counted, None for an unknown one."""
        wanted = word.lower()
        words = self._by_length.get(len(wanted))
        if words is None or not (wanted.isascii() and wanted.isalpha()):
            return None
        key = bytes(letter - _A for letter in wanted.encode("ascii"))
        at = int(np.searchsorted(_keys(words.letters), np.bytes_(key)))
        return float(words.logs[at]) if at < len(words.logs) and words.letters[at].tobytes() == key else None

    def of_length(self, length: int) -> Words | None:
        """All words of a length in the alphabet's order, None when there are none."""
        return self._by_length.get(length)


def english() -> Lexicon:
    """The shipped list."""
    with files("edge.language").joinpath("words.txt").open(encoding="ascii") as lines:
        return Lexicon((word, int(hundredths) / 100) for word, hundredths in map(str.split, lines))


def _sorted(length: int, joined: bytearray, logs: array[float]) -> Words:
    letters = np.frombuffer(joined, np.uint8).reshape(-1, length) - np.uint8(_A)
    order = np.argsort(_keys(letters))
    return Words(letters[order], np.asarray(logs, np.float32)[order])


def _keys(letters: UInt8Array) -> AnyArray:
    """A row as one thing that compares like its word."""
    return np.ascontiguousarray(letters).view(f"S{letters.shape[1]}").ravel()
