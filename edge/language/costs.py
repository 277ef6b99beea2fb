"""How likely a letter is read as another, in powers of ten.

A cost of 1 means ten times less likely than being read rightly. Hand shapes that people and networks confuse are the
cheap ones: fists that differ in where the thumb lies (A, E, M, N, S, T), two raised fingers that are crossed, closed
or spread (R, U, V, K), one shape in another direction (K and P, G and Q, H and U), one shape with and without a
movement (I and J, D and Z), and open curves (C, O). The figures are orders of magnitude, not measurements of one
network: another network, or another signer, has others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.language.words import Letter
from edge.types import FloatArray

LOOKALIKES: tuple[str, ...] = ("AEMNST", "RU", "UV", "KV", "KP", "PQ", "GQ", "HU", "IJ", "DZ", "CO")
"""Groups of letters whose shapes are confused."""
LOOKALIKE = 1.0
OTHER = 3.0
MISSED, EXTRA = 2.0, 2.0
"""A letter that was spelled and not read; one that was read (on the way between two shapes) and not spelled."""
DOUBLED = 0.7
"""The same when the letter beside it is the same: doubled letters are the hardest to see."""
_LEAST = 0.2
_LETTERS = 26
_FLOOR = 1e-3


def substitution(letters: Sequence[Letter]) -> FloatArray:
    """float32 (read letters, 26): what it costs that each of them was meant as a, b, ... z; 0 for what was read.

    What the recogniser itself held for possible is as cheap as it said, never dearer than without.
    """
    costs = np.stack([_TABLE[_index(letter.written)] for letter in letters])
    for row, letter in zip(costs, letters, strict=True):
        for label, probability in letter.alternatives:
            if (at := _index(label)) is not None and probability > 0:
                ratio = np.log10(max(letter.confidence, _FLOOR) / probability)
                row[at] = min(row[at], max(float(ratio), _LEAST))
        row[_index(letter.written)] = 0
    return costs


def readable(letters: Sequence[Letter]) -> bool:
    """Whether every letter is one of A to Z, which is all that these costs know."""
    return all(_index(letter.written) is not None for letter in letters)


def _index(label: str) -> int | None:
    at = ord(label.lower()) - ord("a") if len(label) == 1 else -1
    return at if 0 <= at < _LETTERS else None


def _table() -> FloatArray:
    costs = np.full((_LETTERS, _LETTERS), OTHER, np.float32)
    for group in LOOKALIKES:
        indices = [_index(label) for label in group]
        for a in indices:
            for b in indices:
                costs[a, b] = LOOKALIKE
    np.fill_diagonal(costs, 0)
    return costs


_TABLE = _table()
