"""Recordings as windows of a bundle's model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.reader import open_bundle
from edge.errors import UsageError
from export.examples import read_examples, seen_sources, window
from export.models import hands
from export.training import data


def untracked(items: list[object], title: str) -> list[object]:
    return items


def test_a_short_recording_is_whole_and_followed_by_masked_frames() -> None:
    sequence = np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1) + np.ones((4, 2, 21, 3), np.float32)
    landmarks, mask = window(sequence, 6)
    assert mask.tolist() == [1, 1, 1, 1, 0, 0]
    assert landmarks[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 0, 0]


def test_a_long_recording_is_thinned_evenly_from_its_first_to_its_last_frame() -> None:
    sequence = np.broadcast_to(np.arange(11, dtype=np.float32).reshape(11, 1, 1, 1), (11, 2, 21, 3))
    landmarks, mask = window(sequence, 6)
    assert mask.tolist() == [1] * 6
    assert landmarks[:, 0, 0, 0].tolist() == [0, 2, 4, 6, 8, 10]


def test_the_licences_say_what_was_seen_in_training(make_bundle: Callable[..., Path]) -> None:
    with open_bundle(make_bundle(trained_on=("traduttore", "asl_signs/10"))) as bundle:
        assert seen_sources(bundle.manifest) == {"traduttore", "asl_signs/10"}
    with open_bundle(make_bundle(trained_on=())) as bundle:
        assert seen_sources(bundle.manifest) == frozenset()


def test_recordings_are_brought_to_the_aspect_that_the_shipped_model_takes() -> None:
    assert data.ASPECT == hands.ASPECT


def test_a_model_that_reads_no_hands_is_refused(make_bundle: Callable[..., Path], recordings: Path) -> None:
    with open_bundle(make_bundle()) as bundle:
        manifest = bundle.manifest.model_copy(update={"task": "image"})
    with pytest.raises(UsageError, match="task image"):
        read_examples(recordings, manifest, untracked)


def test_the_real_recordings_are_read_with_their_sources(
    data_dir: Path, tmp_path: Path, make_bundle: Callable[..., Path]
) -> None:
    # The letters alone: reading the thousands of parquet files beside them takes ten seconds.
    (tmp_path / "letters_landmarks").symlink_to(data_dir / "letters_landmarks")
    with open_bundle(make_bundle(frames=30)) as bundle:
        examples = read_examples(tmp_path, bundle.manifest, untracked)
    assert {"traduttore", "vita", "borisgraudt"} == set(examples.sources)
    assert {"A", "B", "space"} == set(examples.labels)
    assert examples.unknown["C"] > 100
    assert examples.feeds["landmarks"].shape == (len(examples.labels), 30, 2, 21, 3)
