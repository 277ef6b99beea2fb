"""What fits which model, and what it is fed with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.manifest import InputContract, Tensor, Window
from edge.bundle.reader import open_bundle
from edge.errors import UsageError
from edge.holistic import HOLISTIC_ROWS
from edge.landmarks import FakeLandmarker
from edge.landmarks.fake import no_hands
from edge.types import LEFT, RIGHT, FloatArray
from export.datasets import Format, Part
from export.feeding import open_feeder, plain_feeder, window, with_pictures
from export.models import hands as hands_model
from export.models.seed000 import hand_sequence_contract
from export.models.signs import holistic_contract
from export.training import data

LEFT_HAND, RIGHT_HAND = slice(468, 489), slice(522, 543)
SPAN = Window(frames=6, rate=15)
HANDS = hand_sequence_contract("", aspect=4 / 3, window=SPAN)


def hands(frames: int) -> FloatArray:
    """A right hand that is somewhere else in every frame."""
    sequence = np.zeros((frames, 2, 21, 3), np.float32)
    sequence[:, RIGHT] = np.linspace(0.2, 0.8, frames).reshape(-1, 1, 1)
    return sequence


def part(layout: Format) -> Part:
    return Part(layout, Path("x"), np.array(["A"]), np.array(["x"]), lambda index: np.zeros(0))


def test_a_recording_becomes_one_masked_window() -> None:
    feeds = plain_feeder("m", "hand-sequence", HANDS).convert["landmark npz"](hands(4))
    assert feeds is not None
    assert feeds["landmarks"].shape == (1, 6, 2, 21, 3)
    assert feeds["mask"].tolist() == [[1, 1, 1, 1, 0, 0]]


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


def test_recordings_are_brought_to_the_aspect_that_the_shipped_model_takes() -> None:
    assert data.ASPECT == hands_model.ASPECT


def test_holistic_rows_give_their_hands_to_a_hand_model() -> None:
    rows = np.full((4, HOLISTIC_ROWS, 3), np.nan, np.float32)
    rows[:, RIGHT_HAND] = 0.5
    feeds = plain_feeder("m", "hand-sequence", HANDS).convert["isolated signs"](rows)
    assert feeds is not None
    assert (feeds["landmarks"][0, :4, RIGHT] == 0.5).all() and not feeds["landmarks"][0, :, LEFT].any()


def test_recordings_are_brought_to_the_aspect_of_the_model() -> None:
    wide = HANDS.model_copy(update={"aspect": 8 / 3})
    feeds = plain_feeder("m", "hand-sequence", wide).convert["landmark npz"](hands(2))
    assert feeds is not None
    assert feeds["landmarks"][0, :2, RIGHT, 0, 0] == pytest.approx([0.35, 0.65]), "x - 0.5 is halved"
    assert feeds["landmarks"][0, :2, RIGHT, 0, 1] == pytest.approx([0.2, 0.8])


def test_hands_alone_are_a_holistic_recording_without_a_face() -> None:
    contract = holistic_contract("118-points", Window(frames=8, rate=30))
    feeder = plain_feeder("m", "holistic-sequence", contract)
    sequence = hands(10)
    sequence[0] = 0
    feeds = feeder.convert["landmark npz"](sequence)
    assert feeds is not None
    rows = feeds["landmarks"]
    assert rows.shape == (1, 8, HOLISTIC_ROWS, 3), "thinned to the window, never padded"
    assert np.isnan(rows[0, 0]).all() and np.isnan(rows[0, :, LEFT_HAND]).all()
    assert np.isfinite(rows[0, 1:, RIGHT_HAND]).all() and np.isnan(rows[0, :, :468]).all()


def test_a_holistic_network_of_one_length_only_gets_missing_frames() -> None:
    free = holistic_contract("118-points", Window(frames=8, rate=30))
    tensor = free.tensors[0].model_copy(update={"shape": (None, 8, HOLISTIC_ROWS, 3)})
    feeder = plain_feeder("m", "holistic-sequence", free.model_copy(update={"tensors": (tensor,)}))
    feeds = feeder.convert["isolated signs"](np.zeros((5, HOLISTIC_ROWS, 3), np.float32))
    assert feeds is not None
    assert feeds["landmarks"].shape == (1, 8, HOLISTIC_ROWS, 3)
    assert np.isnan(feeds["landmarks"][0, 5:]).all() and not feeds["landmarks"][0, :5].any()


def test_a_picture_is_resized_and_red_comes_first() -> None:
    tensor = Tensor(name="image", dtype="uint8", shape=(None, 8, 8, 3), axes=("batch", "height", "width", "rgb"))
    feeder = plain_feeder("m", "image", InputContract(tensors=(tensor,), image_size=(8, 8)))
    feeds = feeder.convert["pictures"](np.full((20, 30, 3), (1, 2, 3), np.uint8))
    assert feeds is not None
    assert feeds["image"].shape == (1, 8, 8, 3) and feeds["image"].dtype == np.uint8
    assert feeds["image"][0, 0, 0].tolist() == [3, 2, 1]


def test_a_picture_of_a_hand_fills_the_window_of_a_hand_model() -> None:
    landmarker = FakeLandmarker(
        lambda frame: replace(no_hands(frame), landmarks=hands(1)[0], presence=(0.0, 1.0), aspect=frame.aspect)
    )
    feeder = with_pictures(plain_feeder("m", "hand-sequence", HANDS), landmarker, HANDS, SPAN)
    for expected in (1, 2):
        feeds = feeder.convert["pictures"](np.zeros((30, 40, 3), np.uint8))
        assert feeds is not None
        assert feeds["mask"].tolist() == [[1] * 6]
        assert (feeds["landmarks"][0, :, RIGHT] == np.float32(0.2)).all()
        assert landmarker.resets == expected, "every picture is a new scene"


def test_a_picture_without_a_hand_feeds_nothing() -> None:
    feeder = with_pictures(plain_feeder("m", "hand-sequence", HANDS), FakeLandmarker(no_hands), HANDS, SPAN)
    assert feeder.convert["pictures"](np.zeros((3, 4, 3), np.uint8)) is None


def test_what_does_not_fit_says_what_would(make_sample: Callable[[], Path]) -> None:
    holistic = plain_feeder("signs 1.0.0", "holistic-sequence", holistic_contract("118-points"))
    with pytest.raises(
        UsageError,
        match=r"the data does not fit signs 1\.0\.0, a model of the task holistic-sequence; "
        r"expected isolated signs or landmark npz; found pictures",
    ):
        holistic.fitting([part("pictures")])
    with open_bundle(make_sample()) as bundle, open_feeder(bundle) as feeder:
        assert [p.format for p in feeder.fitting([part("pictures"), part("landmark npz")])] == ["landmark npz"]
        with pytest.raises(UsageError, match="Pictures need palm and hand networks in the bundle"):
            feeder.fitting([part("pictures")])


@pytest.fixture
def make_sample(tmp_path: Path) -> Callable[[], Path]:
    """A maker of the sample bundle, which has no hand networks."""
    from edge.bundle.samples import sample_files, sample_manifest
    from edge.bundle.writer import write_bundle

    def make() -> Path:
        files = sample_files()
        write_bundle(tmp_path / "sample.bundle", sample_manifest(files), files)
        return tmp_path / "sample.bundle"

    return make
