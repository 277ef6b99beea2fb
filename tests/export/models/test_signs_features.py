"""Features of isolated signs: which points, how they are centred and scaled, what counts as missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from export.models.signs_features import FEATURES, MAX_FRAMES, SignFeatures
from export.models.signs_points import CENTRE, HANDS, MIRRORED, POINTS
from export.training.sign_data import each_recording, read_table

_N = len(POINTS)


def landmarks(frames: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((2, frames, 543, 3), dtype=np.float32))


def parts(features: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return tuple(part.unflatten(2, (_N, 2)) for part in features.chunk(3, dim=2))


def test_118_points_make_708_features() -> None:
    features, mask = SignFeatures()(landmarks())
    assert len(set(POINTS)) == 118
    assert features.shape == (2, 12, 708) == (2, 12, FEATURES)
    assert mask.shape == (2, 12)


def test_positions_are_centred_on_point_17_and_have_spread_one_about_it() -> None:
    position, _, _ = parts(SignFeatures()(landmarks())[0])
    assert POINTS[CENTRE] == 17
    torch.testing.assert_close(position[:, :, CENTRE].mean(dim=1), torch.zeros(2, 2), atol=1e-6, rtol=0)
    torch.testing.assert_close(position.square().mean(dim=(1, 2)), torch.ones(2, 2))


def test_velocity_and_acceleration_are_forward_differences_and_zero_at_the_end() -> None:
    position, velocity, acceleration = parts(SignFeatures()(landmarks())[0])
    torch.testing.assert_close(velocity[:, :-1], position[:, 1:] - position[:, :-1])
    torch.testing.assert_close(acceleration[:, :-2], velocity[:, 1:-1] - velocity[:, :-2])
    assert not velocity[:, -1].any()
    assert not acceleration[:, -2:].any()


def test_features_do_not_depend_on_where_and_how_large_the_signer_is() -> None:
    here = landmarks()
    there = here * torch.tensor([0.4, 0.7, 1]) + torch.tensor([0.3, -0.1, 0])
    torch.testing.assert_close(SignFeatures()(there)[0], SignFeatures()(here)[0], atol=1e-4, rtol=1e-4)


def test_missing_points_are_zero_and_have_no_motion() -> None:
    given = landmarks()
    given[:, 3, 468:489] = torch.nan
    for part, without in zip(parts(SignFeatures()(given)[0]), ([3], [2, 3], [1, 2, 3]), strict=True):
        left = part[:, :, HANDS][:, :, :21]
        assert not left[:, without].any()
        assert left[:, [0, 5]].all()


def test_without_a_face_the_middle_of_the_picture_is_the_centre() -> None:
    given = landmarks()
    given[:, :, :468] = torch.nan
    position, _, _ = parts(SignFeatures()(given)[0])
    hands = given[:, :, 468:489, :2] - 0.5
    there = position[:, :, HANDS][:, :, :21]
    assert torch.equal(there > 0, hands > 0)
    assert not position[:, :, CENTRE].any()


def test_padding_at_the_end_is_masked_and_changes_nothing() -> None:
    given = landmarks()
    padded = torch.cat([given, torch.full((2, 5, 543, 3), torch.nan)], dim=1)
    features, mask = SignFeatures()(padded)
    assert mask.tolist() == [[1.0] * 12 + [0.0] * 5] * 2
    torch.testing.assert_close(features[:, :12], SignFeatures()(given)[0])
    assert not features[:, 12:].any()


def test_empty_frames_before_the_end_are_no_padding() -> None:
    given = landmarks()
    given[:, :2] = torch.nan
    given[:, 6] = torch.nan
    assert SignFeatures()(given)[1].all()


def test_a_sequence_that_shows_nothing_is_one_frame_of_zeros() -> None:
    features, mask = SignFeatures()(torch.full((1, 4, 543, 3), torch.nan))
    assert not features.any()
    assert mask.tolist() == [[1, 0, 0, 0]]


def test_one_frame_is_enough() -> None:
    features, mask = SignFeatures()(landmarks(1))
    assert torch.isfinite(features).all()
    assert mask.all()


def test_what_comes_after_384_frames_is_cut_off() -> None:
    features, _ = SignFeatures()(landmarks(MAX_FRAMES + 3))
    assert features.shape[1] == MAX_FRAMES == 384


def test_mirroring_twice_is_no_change_and_the_hands_change_places() -> None:
    places = np.arange(_N)
    mirrored = places[list(MIRRORED)]
    assert (mirrored[list(MIRRORED)] == places).all()
    assert [POINTS[place] for place in mirrored[HANDS]] == [*range(522, 543), *range(468, 489)]
    assert {POINTS[i] for i in places[mirrored == places]} == {0, 17, 13, 14, 1, 2}


def test_left_and_right_points_of_real_faces_mirror_each_other(data_dir: Path) -> None:
    """About the nose, across the line between the eyes, in the frame in which the face is seen most from ahead."""
    files = [file for file in read_table(data_dir / "asl_signs") if file.participant == "9"][:6]
    worst = []
    for _, values in each_recording(files):
        faces = values[:, list(POINTS)]
        ahead = faces[np.argmin(np.abs(faces[:, POINTS.index(33), 2] - faces[:, POINTS.index(263), 2]))]
        face = np.delete(np.arange(_N), np.arange(_N)[HANDS])
        points, others = ahead[face, :2] * (640, 480), ahead[np.array(MIRRORED)[face], :2] * (640, 480)
        across = ahead[POINTS.index(263), :2] * (640, 480) - ahead[POINTS.index(33), :2] * (640, 480)
        size = np.linalg.norm(across)
        across = across / size
        middle = (points + others) / 2 - ahead[POINTS.index(1), :2] * (640, 480)
        along = (points - others) @ np.array([-across[1], across[0]])
        worst.append(max(np.abs(middle @ across).max(), np.abs(along).max()) / size)
    assert np.median(worst) < 0.12
    assert len(worst) == 6


@pytest.mark.parametrize(("left", "right"), [(33, 263), (61, 291), (98, 327), (133, 362), (145, 374), (40, 270)])
def test_known_pairs(left: int, right: int) -> None:
    assert POINTS[MIRRORED[POINTS.index(left)]] == right
