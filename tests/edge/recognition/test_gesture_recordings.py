"""Nobody who signs letters or words makes a gesture by accident: real recordings, joined into streams."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.recognition.gestures import GestureReader
from edge.types import Hands
from export.training.data import Recordings, join, read_letters, read_signs

RATE = 15.0
GLIDE = 4
"""Frames from the last hand of one recording to the first of the next."""
AT_MOST = 1.0
"""Gestures in 1,000 recordings."""
STEP = 2
"""Every so many recordings are read; 1 takes twice as long."""


@pytest.fixture(scope="module")
def recordings(data_dir: Path) -> Recordings:
    letters = [read_letters(data_dir / "letters_landmarks" / f"{name}.npz") for name in ("traduttore", "vita")]
    return join([*letters, read_signs(data_dir / "asl_signs")])


def stream(recordings: Recordings, indices: np.ndarray) -> Iterator[Hands]:
    """The recordings one after the other; a hand that both show glides over."""
    frames: list[np.ndarray] = []
    for index in indices:
        sequence = recordings.sequence(int(index))
        if frames:
            shown = frames[-1].any(axis=(1, 2)) & sequence[0].any(axis=(1, 2))
            shares = np.linspace(0, 1, GLIDE + 2)[1:-1]
            frames += [((1 - s) * frames[-1] + s * sequence[0]) * shown[:, None, None] for s in shares]
        frames += list(sequence)
    for index, frame in enumerate(frames):
        presence = (float(frame[0].any()), float(frame[1].any()))
        yield Hands(frame, presence, 4 / 3, index / RATE, index / RATE, index)


@pytest.mark.slow
def test_recorded_letters_and_words_are_hardly_ever_taken_for_a_gesture(recordings: Recordings) -> None:
    made: list[str] = []
    read = 0
    for source in sorted(set(recordings.sources.tolist())):
        indices = np.flatnonzero(recordings.sources == source)[::STEP]
        reader = GestureReader()
        found = [gesture.name for hands in stream(recordings, indices) if (gesture := reader.push(hands)) is not None]
        made += [f"{source}: {name}" for name in found]
        read += len(indices)
    sys.stdout.write(f"{len(made)} gestures in {read} recordings: {', '.join(made) or 'none'}\n")
    assert read > 7000 / STEP
    assert 1000 * len(made) / read <= AT_MOST
