"""Recordings are joined to utterances, and what is read is compared with what was said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.correction import common_words
from benchmarks.spelling import main
from benchmarks.utterances import edit_distance, letters, words
from edge.bundle.reader import open_bundle
from edge.language.lexicon import english
from export.training.data import Recordings, from_sequences

RATE = 15.0


def recordings() -> Recordings:
    """Three letters and a word of one source; a hand at a place of its own for each."""
    sequences, labels = [], []
    for place, label in enumerate(("A", "B", "C", "hello")):
        frames = np.zeros((30, 2, 21, 3), np.float32)
        frames[2:28, 1] = 0.2 + 0.1 * place
        sequences.append(frames)
        labels.append(label)
    return from_sequences(sequences, labels, ["somebody"] * 4)


@pytest.mark.parametrize(
    ("read", "said", "distance"),
    [
        ("", "", 0),
        ("HELO", "HELLO", 1),
        ("HELLLO", "HELLO", 1),
        ("JELLO", "HELLO", 1),
        ("", "ABC", 3),
        ("BAC", "ABC", 2),
    ],
)
def test_edit_distance(read: str, said: str, distance: int) -> None:
    assert edit_distance(read, said) == distance
    assert edit_distance(said, read) == distance


@given(st.text("AB", max_size=8), st.text("AB", max_size=8), st.text("AB", max_size=8))
def test_edit_distance_is_a_distance(a: str, b: str, c: str) -> None:
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_letters_glide_into_each_other_and_a_doubled_one_goes_away() -> None:
    data = recordings()
    seen_double = False
    for seed in range(20):
        utterance = letters(data, [0, 1, 2], RATE, np.random.default_rng(seed))
        visible = utterance.frames.any(axis=(1, 2, 3))
        assert not visible[0]
        assert not visible[-1]
        spans = int((np.diff(visible.astype(int)) == 1).sum())
        doubles = sum(a == b for a, b in zip(utterance.said, utterance.said[1:], strict=False))
        assert spans == 1 + doubles
        seen_double |= doubles > 0
        steps = np.abs(np.diff(utterance.frames[visible][:, 1, 0, 0]))
        assert steps.max() < 0.1, "the hand jumps"
    assert seen_double


def test_words_are_apart() -> None:
    utterance = words(recordings(), [3], RATE, np.random.default_rng(0))
    visible = utterance.frames.any(axis=(1, 2, 3))
    assert int((np.diff(visible.astype(int)) == 1).sum()) == len(utterance.said) >= 2


def test_common_words_are_those_that_the_letters_can_spell() -> None:
    found = common_words(english(), set("HELO"))
    assert {"HELLO", "HOLE"} <= set(found)
    assert all(set(word) <= set("HELO") and 3 <= len(word) <= 8 for word in found)
    assert len(common_words(english(), set("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))) > 3000


@pytest.mark.slow
def test_the_shipped_bundle_reads_joined_recordings(demo_bundle: Path, data_dir: Path, capsys) -> None:
    assert main(["--bundle", str(demo_bundle), "--data", str(data_dir), "--utterances", "10", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    results = printed["results"]
    with capsys.disabled():
        for r in results:
            print(f"\n{r['source']} {r['kind']}s ({r['seen']}): {r['distance']} edits in {r['signs']} signs", end="")  # noqa: T201
    with open_bundle(demo_bundle) as bundle:
        known = {label.name for label in bundle.manifest.labels}
    assert {"A", "hello"} <= known
    spelled = [r for r in results if r["kind"] == "letter"]
    assert spelled
    assert sum(r["distance"] for r in spelled) < 0.3 * sum(r["signs"] for r in spelled)
    corrected = printed["correction"]
    assert corrected
    assert sum(r["left_wrong"] for r in corrected) <= sum(r["read_wrong"] for r in corrected)
