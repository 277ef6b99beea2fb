"""Golden inputs of holistic models: hands where the clip has them, a face in most windows, padding at the end."""

from __future__ import annotations

import numpy as np
import pytest

from export.golden import golden_inputs, write_npz
from export.models.signs import holistic_contract

MEGABYTES = 2


@pytest.fixture(scope="module")
def landmarks() -> np.ndarray:
    return golden_inputs("holistic-sequence", holistic_contract("points"))["landmarks"]


def test_windows_have_the_contracts_form(landmarks: np.ndarray) -> None:
    contract = holistic_contract("points")
    assert contract.window is not None
    assert landmarks.shape[1:] == (contract.window.frames, 543, 3)
    assert landmarks.dtype == np.float32
    assert len(landmarks) >= 20


def test_what_is_missing_is_nan_in_all_coordinates(landmarks: np.ndarray) -> None:
    missing = np.isnan(landmarks)
    assert (missing.all(axis=3) == missing.any(axis=3)).all()


def test_windows_differ_in_length_hands_and_face(landmarks: np.ndarray) -> None:
    seen = ~np.isnan(landmarks[..., 0])
    lengths = {int(np.flatnonzero(window.any(axis=1)).max()) + 1 for window in seen}
    face, left, right = (seen[:, :, part].any(axis=(1, 2)) for part in (slice(468), slice(468, 489), slice(522, 543)))
    assert len(lengths) > 3
    for some in (face, left, right):
        assert some.any()
        assert not some.all()
    assert not seen[:, :, 489:522].any()


def test_the_same_bytes_every_time_and_few_of_them(landmarks: np.ndarray) -> None:
    again = golden_inputs("holistic-sequence", holistic_contract("points"))
    content = write_npz({"landmarks": landmarks})
    assert content == write_npz(again)
    assert len(content) < MEGABYTES * 1e6
