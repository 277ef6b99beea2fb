"""The five augmentations of isolated signs: what each changes, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from export.models.signs_points import HANDS, MIRRORED, POINTS
from export.training.sign_augment import SignAugmentation, augment_signs, flipped, resampled, transformed, without

_NONE = SignAugmentation(resample=0, flip=0, affine=0, mask=0, cutout=0)


def points(frames: int = 20, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((frames, len(POINTS), 2), dtype=np.float32)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def drawn(options: SignAugmentation, times: int = 200) -> list[np.ndarray]:
    random, given = rng(), points()
    return [augment_signs(given, options, random) for _ in range(times)]


def test_no_augmentation_is_no_change() -> None:
    assert all(np.array_equal(some, points()) for some in drawn(_NONE, 5))


def test_resampling_keeps_the_ends_and_interpolates_between() -> None:
    line = np.arange(5, dtype=np.float32)[:, None, None].repeat(2, axis=2)
    np.testing.assert_allclose(resampled(line, 9)[:, 0, 0], np.linspace(0, 4, 9))
    np.testing.assert_allclose(resampled(line, 3)[:, 0, 0], [0, 2, 4])


def test_resampling_takes_the_nearer_frame_beside_a_missing_one() -> None:
    line = np.arange(4, dtype=np.float32)[:, None, None].repeat(2, axis=2)
    line[2] = np.nan
    found = resampled(line, 7)[:, 0, 0]
    np.testing.assert_array_equal(np.isnan(found), [False, False, False, True, True, True, False])
    assert found[2] == 1


def test_lengths_are_half_to_one_and_a_half() -> None:
    lengths = [len(some) for some in drawn(SignAugmentation(flip=0, affine=0, mask=0, cutout=0, resample=1))]
    assert min(lengths) >= 10
    assert max(lengths) <= 30
    assert min(lengths) < 13
    assert max(lengths) > 27


def test_flipping_mirrors_x_and_exchanges_the_hands() -> None:
    given = points()
    given[3, HANDS] = np.nan
    found = flipped(given)
    hands, mirrored = given[:, HANDS], found[:, HANDS]
    np.testing.assert_allclose(mirrored[:, :21, 0], 1 - hands[:, 21:, 0])
    np.testing.assert_allclose(mirrored[:, 21:, 1], hands[:, :21, 1])
    np.testing.assert_allclose(flipped(found), given, atol=1e-6)
    np.testing.assert_allclose(found[0, POINTS.index(61)], [1, 0] + given[0, POINTS.index(291)] * [-1, 1], rtol=1e-6)
    assert MIRRORED[POINTS.index(17)] == POINTS.index(17)


def test_an_affine_transformation_is_the_same_in_all_frames() -> None:
    given = points()
    found = transformed(given, SignAugmentation(), rng())
    ones = np.concatenate([given.reshape(-1, 2), np.ones((given.shape[0] * given.shape[1], 1))], axis=1)
    solution, left, _, _ = np.linalg.lstsq(ones, found.reshape(-1, 2), rcond=None)
    assert left.max() < 1e-6
    assert not np.allclose(solution[:2], np.eye(2), atol=0.01)


def test_transformations_are_as_strong_as_the_recipe_says() -> None:
    random = rng()
    square = np.array([[[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]]], np.float32)
    options = SignAugmentation(shear=0)
    found = np.array([transformed(square, options, random)[0] for _ in range(400)])
    along = found[:, 1] - found[:, 0]
    assert np.abs(found[:, 0] - 0.5).max() == pytest.approx(0.1, abs=0.005)
    size, angle = np.linalg.norm(along, axis=1), np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    assert (size.min(), size.max()) == (pytest.approx(0.8, abs=0.01), pytest.approx(1.2, abs=0.01))
    assert (angle.min(), angle.max()) == (pytest.approx(-30, abs=0.5), pytest.approx(30, abs=0.5))


def test_masking_loses_frames_anywhere_up_to_its_share() -> None:
    some = drawn(SignAugmentation(resample=0, flip=0, affine=0, mask=1, cutout=0))
    lost = np.array([np.isnan(values).all(axis=(1, 2)) for values in some])
    partly = np.array([np.isnan(values).any(axis=(1, 2)) for values in some])
    assert np.array_equal(lost, partly)
    assert 0.1 < lost.mean() < 0.3
    assert np.abs(np.diff(lost.astype(int), axis=1)).sum(axis=1).max() > 2


def test_cutout_loses_one_piece() -> None:
    some = drawn(SignAugmentation(resample=0, flip=0, affine=0, mask=0, cutout=1))
    lost = np.array([np.isnan(values).all(axis=(1, 2)) for values in some]).astype(int)
    assert set(lost.sum(axis=1).tolist()) <= set(range(2, 7))
    assert (np.abs(np.diff(lost, axis=1, prepend=0, append=0)).sum(axis=1) == 2).all()


def test_a_sequence_never_loses_all_its_frames() -> None:
    given = points(3)
    assert np.array_equal(without(given, np.ones(3, bool)), given)


def test_the_same_seed_gives_the_same_sequence() -> None:
    one, other = (augment_signs(points(), SignAugmentation(), rng(5)) for _ in range(2))
    assert np.array_equal(one, other, equal_nan=True)
