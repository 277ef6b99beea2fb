"""The tokens of a sentence, one by one: greedy and beam search over a network with past, in numpy.

Beam search is that of the transformers library (length penalty, ``early_stopping=False``), so that a model gives here
what it gave where it was tuned. Both end for certain: at the end token, at the limit of tokens, or when the time is up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.types import AnyArray, FloatArray

TokenArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Past:
    """What the decoder keeps of the tokens so far: arrays (sequences, layers, heads, tokens, key size)."""

    keys: AnyArray
    values: AnyArray

    def of(self, sequences: Sequence[int]) -> Past:
        """The past of these sequences, in this order; one may come twice."""
        chosen = list(sequences)
        return self if chosen == list(range(len(self.keys))) else Past(self.keys[chosen], self.values[chosen])


class NextToken(Protocol):
    """The decoder, bound to one encoded prompt."""

    def empty(self) -> Past:
        """The past of one sequence that has not begun."""
        ...

    def __call__(self, tokens: TokenArray, past: Past) -> tuple[FloatArray, Past]:
        """Logits (sequences, vocabulary) and the new past, for the last token (sequences,) of each and the past."""
        ...


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """``beams`` 1 is greedy; ``tokens`` and ``seconds`` bound the length and the time of a sentence."""

    beams: int = 1
    tokens: int = 48
    seconds: float = 4.0
    length_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """The ``tokens`` of the sentence, without the end token, and why they end there."""

    tokens: tuple[int, ...]
    ended: Literal["end", "tokens", "time"]


def generate(
    decoder: NextToken,
    *,
    start: int,
    end: int,
    settings: SearchSettings,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """The likeliest sentence; of one whose time is up, the best so far. At least one token's time is always taken."""
    search = _Search(decoder, start, end, settings, clock)
    return search.greedy() if settings.beams == 1 else search.beam()


class _Search:
    """One search: what to ask, and until when."""

    def __init__(
        self, decoder: NextToken, start: int, end: int, settings: SearchSettings, clock: Callable[[], float]
    ) -> None:
        self._decoder = decoder
        self._start, self._end = start, end
        self._settings = settings
        self._clock = clock
        self._deadline = clock() + settings.seconds

    def greedy(self) -> Found:
        """Always the likeliest token."""
        tokens: list[int] = []
        past = self._decoder.empty()
        while len(tokens) < self._settings.tokens:
            logits, past = self._decoder(self._last([tokens]), past)
            token = int(logits[0].argmax())
            if token == self._end:
                return Found(tuple(tokens), "end")
            tokens.append(token)
            if self._clock() >= self._deadline:
                return Found(tuple(tokens), "time")
        return Found(tuple(tokens), "tokens")

    def beam(self) -> Found:
        """The likeliest of several sequences that are followed side by side."""
        beams, limit, penalty = self._settings.beams, self._settings.tokens, self._settings.length_penalty
        running: list[tuple[int, ...]] = [()]
        scores = np.zeros(1)
        finished: list[tuple[float, tuple[int, ...]]] = []
        past = self._decoder.empty()
        for length in range(1, limit + 1):
            logits, past = self._decoder(self._last(running), past)
            totals = _log_softmax(logits) + scores[:, None]
            # Twice as many as there are beams: should they all end here, as many are left to go on with.
            best = np.argsort(-totals, axis=None, kind="stable")[: 2 * beams]
            parents, tokens = np.divmod(best, totals.shape[1])
            over = (tokens == self._end) | (length == limit)
            for rank in np.flatnonzero(over[:beams]):
                score = float(totals[parents[rank], tokens[rank]]) / length**penalty
                finished.append((score, (*running[parents[rank]], int(tokens[rank]))))
            finished = sorted(finished, key=lambda each: -each[0])[:beams]
            going = np.flatnonzero(~over)[:beams]
            if not len(going):
                break
            running = [(*running[parents[rank]], int(tokens[rank])) for rank in going]
            scores = totals[parents[going], tokens[going]]
            past = past.of(parents[going].tolist())
            hope = scores[0] / length**penalty
            if len(finished) == beams and hope <= finished[-1][0]:
                break
            if self._clock() >= self._deadline:
                whole = bool(finished) and finished[0][0] >= hope
                return self._found(finished[0][1]) if whole else Found(running[0], "time")
        return self._found(finished[0][1])

    def _found(self, tokens: tuple[int, ...]) -> Found:
        return Found(tokens[:-1], "end") if tokens[-1] == self._end else Found(tokens, "tokens")

    def _last(self, sequences: Sequence[Sequence[int]]) -> TokenArray:
        return np.array([tokens[-1] if tokens else self._start for tokens in sequences], np.int64)


def _log_softmax(logits: FloatArray) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
