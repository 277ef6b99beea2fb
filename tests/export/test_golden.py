"""Golden inputs: made from the shipped clip's truth, of the contract's form, the same every time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.manifest import InputContract, Tensor
from edge.bundle.npz import read_npz
from edge.errors import InputError
from edge.types import LEFT, RIGHT
from export.golden import TRUTH, golden_inputs, read_truth, write_npz
from export.models.seed000 import hand_sequence_contract

_CONTRACT = hand_sequence_contract("raw", aspect=4 / 3)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Two seconds of an open hand that moves into the picture from below."""
    hand = np.stack([np.linspace(300, 360, 21), np.linspace(100, 160, 21)], axis=1)
    frames = [{"label": "", "joints": np.add(hand, (0, max(0, 400 - 20 * i))).tolist()} for i in range(50)]
    path = tmp_path / "clip.json"
    path.write_text(json.dumps({"word": "", "fps": 25, "width": 640, "height": 480, "frames": frames}))
    return path


def test_inputs_have_the_form_of_the_contract(truth: Path) -> None:
    inputs = golden_inputs("hand-sequence", _CONTRACT, truth=truth)
    assert list(inputs) == ["landmarks", "mask"]
    count = len(inputs["mask"])
    assert count >= 10
    assert inputs["landmarks"].shape == (count, 30, 2, 21, 3) and inputs["landmarks"].dtype == np.float32
    assert set(np.unique(inputs["mask"])) <= {0, 1}
    assert np.isfinite(inputs["landmarks"]).all()


def test_padding_and_unseen_hands_are_zero_and_every_hand_has_extent(truth: Path) -> None:
    inputs = golden_inputs("hand-sequence", _CONTRACT, truth=truth)
    assert not inputs["landmarks"][inputs["mask"] == 0].any()
    hands = inputs["landmarks"].reshape(-1, 21, 3)
    seen = hands[hands.any(axis=(1, 2))]
    assert 0 < len(seen) < len(hands)
    assert (np.ptp(seen[..., :2], axis=1).max(axis=1) > 0.02).all()


def test_both_slots_and_both_hands_at_once_occur(truth: Path) -> None:
    shown = golden_inputs("hand-sequence", _CONTRACT, truth=truth)["landmarks"].any(axis=(3, 4))
    left, right = shown[..., LEFT].any(axis=1), shown[..., RIGHT].any(axis=1)
    assert (left & ~right).any() and (right & ~left).any() and (left & right).any()


def test_coordinates_are_brought_to_the_contracts_aspect(truth: Path) -> None:
    wide = golden_inputs("hand-sequence", hand_sequence_contract("raw", aspect=16 / 9), truth=truth)["landmarks"]
    same = golden_inputs("hand-sequence", _CONTRACT, truth=truth)["landmarks"]
    index = int(np.argmax(same[0, :, RIGHT].any(axis=(1, 2))))
    ratio = np.ptp(wide[0, index, RIGHT, :, 0]) / np.ptp(same[0, index, RIGHT, :, 0])
    assert ratio == pytest.approx((4 / 3) / (16 / 9), rel=1e-4)


def test_they_are_the_same_bytes_each_time(truth: Path) -> None:
    first, second = (write_npz(golden_inputs("hand-sequence", _CONTRACT, truth=truth)) for _ in range(2))
    assert first == second
    assert read_npz(first, where="x")["mask"].shape[1] == 30


def test_the_shipped_truth_is_read() -> None:
    joints, rate, aspect = read_truth(TRUTH)
    assert len(joints) > 50 and rate > 0 and aspect == pytest.approx(4 / 3, rel=0.5)


def test_picture_models_get_pictures_of_the_shipped_clip() -> None:
    tensor = Tensor(name="image", dtype="uint8", shape=(None, 48, 64, 3), axes=("batch", "height", "width", "rgb"))
    images = golden_inputs("image", InputContract(tensors=(tensor,), image_size=(48, 64)))["image"]
    assert images.dtype == np.uint8 and images.shape[1:] == (48, 64, 3) and len(images) >= 20
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) > len(images) // 2
    assert images.std() > 10


@pytest.mark.parametrize("content", ["", "[]", '{"frames": []}', '{"fps": 25, "width": 1, "height": 1, "frames": []}'])
def test_a_damaged_truth_file_is_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "clip.json"
    path.write_text(content)
    with pytest.raises(InputError, match="not a clip's truth file"):
        golden_inputs("hand-sequence", _CONTRACT, truth=path)
