"""The English words that spelling is checked against, with how common they are.

The list is shipped beside this module (`WORDS.md` says where it comes from). It is read when somebody wants sentences,
in some 50 ms, and takes a few megabytes: words of one length stand in one byte matrix, so that `edge.language.spelling`
compares a reading with thousands of them at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from edge.types import FloatArray, UInt8Array

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
        rows = sorted(entries)
        self._words = [word for word, _ in rows]
        self._logs = np.array([log for _, log in rows], np.float32)
        lengths = np.array([len(word) for word in self._words])
        self._by_length = {
            int(length): self._matrix(np.flatnonzero(lengths == length), int(length)) for length in np.unique(lengths)
        }

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, word: str) -> bool:
        return self.log_count(word) is not None

    def log_count(self, word: str) -> float | None:
        """log10 of how often the word was counted, None for an unknown one."""
        wanted = word.lower()
        at = bisect_left(self._words, wanted)
        return float(self._logs[at]) if at < len(self._words) and self._words[at] == wanted else None

    def of_length(self, length: int) -> Words | None:
        """All words of a length, None when there are none."""
        return self._by_length.get(length)

    def _matrix(self, indices: np.ndarray, length: int) -> Words:
        joined = "".join(self._words[i] for i in indices).encode("ascii")
        return Words(np.frombuffer(joined, np.uint8).reshape(-1, length) - np.uint8(_A), self._logs[indices])


def english() -> Lexicon:
    """The shipped list."""
    lines = files("edge.language").joinpath("words.txt").read_text(encoding="ascii").splitlines()
    return Lexicon((word, int(hundredths) / 100) for word, hundredths in (line.split() for line in lines))
