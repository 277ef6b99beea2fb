"""Greedy and beam search over a decoder that is a table, where every sentence's probability is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.language.search import Found, Past, SearchSettings, TokenArray, generate

START, END, WORDS = 0, 1, 4


class Table:
    """A decoder whose logits depend on the last two tokens; its past holds the tokens so far."""

    def __init__(self, seed: int, *, end: float = 0.0) -> None:
        self.logits = np.random.default_rng(seed).normal(0, 2, (WORDS, WORDS, WORDS)).astype(np.float32)
        self.logits[..., START] = -1e9
        self.logits[..., END] += end
        self.asked = 0

    def empty(self) -> Past:
        nothing = np.zeros((1, 1, 1, 0, 1), np.float32)
        return Past(nothing, nothing)

    def __call__(self, tokens: TokenArray, past: Past) -> tuple[np.ndarray, Past]:
        self.asked += 1
        assert len(past.keys) == len(tokens)
        keys = np.concatenate([past.keys, tokens.reshape(-1, 1, 1, 1, 1).astype(np.float32)], axis=3)
        before = keys[:, 0, 0, -2, 0].astype(int) if keys.shape[3] > 1 else np.zeros(len(tokens), int)
        return self.logits[before, tokens], Past(keys, keys)

    def log_probability(self, tokens: tuple[int, ...]) -> float:
        before, last, total = START, START, 0.0
        for token in tokens:
            row = self.logits[before, last].astype(float)
            total += row[token] - np.log(np.exp(row).sum())
            before, last = last, token
        return total


def run(table: Table, **settings: object) -> Found:
    return generate(table, start=START, end=END, settings=SearchSettings(**settings))


@pytest.mark.parametrize("seed", range(8))
def test_greedy_takes_the_likeliest_token_each_time(seed: int) -> None:
    table = Table(seed)
    found = run(table, tokens=6)
    before, last = START, START
    for token in found.tokens:
        assert token == int(table.logits[before, last].argmax())
        before, last = last, token
    assert found.ended == ("tokens" if len(found.tokens) == 6 else "end")


@pytest.mark.parametrize("seed", range(8))
def test_a_beam_that_is_wide_enough_finds_the_best_of_all_sentences(seed: int) -> None:
    table, limit = Table(seed), 3
    found = run(table, beams=64, tokens=limit)
    whole = [(*words, END) for n in range(limit) for words in product((2, 3), repeat=n)]
    cut = list(product((2, 3), repeat=limit))
    best = max([*whole, *cut], key=lambda tokens: table.log_probability(tokens) / len(tokens))
    assert found == (Found(best[:-1], "end") if best[-1] == END else Found(best, "tokens"))


def test_a_length_penalty_of_nothing_prefers_the_shorter_sentence() -> None:
    table = Table(1, end=2.0)
    lengths = [len(run(table, beams=8, tokens=12, length_penalty=penalty).tokens) for penalty in (0.0, 3.0)]
    assert lengths[0] < lengths[1]


@pytest.mark.parametrize("beams", [1, 4])
def test_time_that_is_up_ends_the_search_with_what_there_is(beams: int) -> None:
    table = Table(0, end=-1e6)
    seconds = iter(range(1000))
    found = generate(
        table, start=START, end=END, settings=SearchSettings(beams=beams, tokens=500, seconds=3.0),
        clock=lambda: float(next(seconds)),
    )  # fmt: skip
    assert found.ended == "time"
    assert 1 <= len(found.tokens) <= 4
    assert table.asked <= 4


@pytest.mark.parametrize("beams", [1, 3])
def test_a_model_that_never_ends_stops_at_the_limit(beams: int) -> None:
    found = run(Table(0, end=-1e6), beams=beams, tokens=7)
    assert found.ended == "tokens"
    assert len(found.tokens) == 7


@pytest.mark.parametrize("beams", [1, 3])
def test_a_model_that_ends_at_once_says_nothing(beams: int) -> None:
    assert run(Table(0, end=1e6), beams=beams) == Found((), "end")


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 8))
def test_no_search_gives_the_end_token_or_too_many(seed: int, beams: int, limit: int) -> None:
    found = run(Table(seed), beams=beams, tokens=limit)
    assert END not in found.tokens
    assert len(found.tokens) <= limit
