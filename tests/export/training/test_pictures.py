"""Pictures from folders: layouts, what is wrong with them in one line, splits that keep neighbours together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import InputError
from export.training.pictures import (
    PictureAugmentation,
    augment_picture,
    read_pictures,
    split_at_random,
    split_by_name,
)


def _write(folder: Path, label: str, count: int, *, size: tuple[int, int] = (30, 20)) -> None:
    (folder / label).mkdir(parents=True)
    for index in range(count):
        picture = np.full((*size, 3), (10 * index, 100, 200), np.uint8)  # blue, green, red
        cv2.imwrite(str(folder / label / f"{label}{index + 1}.png"), picture)


@pytest.fixture
def alphabet(tmp_path: Path) -> Path:
    folder = tmp_path / "alphabet"
    _write(folder, "A", 12)
    _write(folder, "del", 10)
    (folder / "A" / ".DS_Store").write_text("x")
    (folder / "A" / "notes.txt").write_text("x")
    return folder


def test_a_folder_per_class_is_read_in_natural_order(alphabet: Path) -> None:
    found = read_pictures(alphabet)
    assert len(found) == 22 and found.classes == ("A", "del") and set(found.sources) == {"alphabet"}
    assert [path.name for path in found.paths[:12]] == [f"A{n}.png" for n in range(1, 13)]
    picture = found.picture(3, (40, 50))
    assert picture.shape == (40, 50, 3) and picture[0, 0].tolist() == [200, 100, 30], "red comes first"


def test_folders_one_deeper_are_sources(tmp_path: Path) -> None:
    for source in ("anna", "bert"):
        _write(tmp_path / source, "A", 2)
        _write(tmp_path / source, "B", 3)
    found = read_pictures(tmp_path)
    assert set(zip(found.sources, found.labels, strict=True)) == {(s, c) for s in ("anna", "bert") for c in "AB"}
    anna = found.select(np.flatnonzero(found.sources == "anna"))
    assert len(anna) == 5 and anna.classes == ("A", "B")


def test_an_empty_class_is_named(alphabet: Path) -> None:
    (alphabet / "Q").mkdir()
    with pytest.raises(InputError, match=r"Q: a class without pictures.*an empty folder"):
        read_pictures(alphabet)


@pytest.mark.parametrize("what", ["missing", "flat"])
def test_a_folder_without_classes_is_refused(what: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"one folder per class"):
        read_pictures(tmp_path / "none" if what == "missing" else tmp_path)


def test_unreadable_files_are_named_and_counted_and_skipped_only_when_asked(alphabet: Path) -> None:
    whole = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    (alphabet / "A" / "A90.jpg").write_bytes(whole[: len(whole) // 2])
    (alphabet / "del" / "del91.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"A90\.jpg.*del91\.jpg.*2 of 24 pictures cannot be read"):
        read_pictures(alphabet)
    found = read_pictures(alphabet, skip_unreadable=True)
    assert len(found) == 22 and [path.name for path in found.skipped] == ["A90.jpg", "del91.jpg"]


def test_a_class_of_which_nothing_can_be_read_is_not_skipped(alphabet: Path) -> None:
    (alphabet / "Z").mkdir()
    (alphabet / "Z" / "Z1.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"no picture of a class can be read; found Z"):
        read_pictures(alphabet, skip_unreadable=True)


def test_splits_share_nothing_and_take_each_class_alike(alphabet: Path) -> None:
    found = read_pictures(alphabet)
    for parts in (split_by_name(found, (0.7, 0.2, 0.1)), split_at_random(found, (0.7, 0.2, 0.1), seed=3)):
        assert sorted(np.concatenate(parts).tolist()) == list(range(22))
        assert [int((found.labels[part] == "del").sum()) for part in parts] == [7, 2, 1]
    validation = found.select(split_by_name(found, (0.75, 0.25))[1])
    assert [path.stem for path in validation.paths] == ["A1", "A10", "A11", "del1", "del10"], "the first ones, as text"
    again = split_at_random(found, (0.7, 0.2, 0.1), seed=3)
    other = split_at_random(found, (0.7, 0.2, 0.1), seed=4)
    assert np.array_equal(again[0], parts[0]) and not np.array_equal(other[0], parts[0])


def test_no_augmentation_changes_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert np.array_equal(augment_picture(image, PictureAugmentation(), np.random.default_rng(1)), image)


def test_a_flip_is_a_mirror_and_brightness_a_factor() -> None:
    image = np.random.default_rng(0).integers(0, 120, (20, 31, 3), dtype=np.uint8)
    seen = set()
    for seed in range(12):
        out = augment_picture(image, PictureAugmentation(flip=True), np.random.default_rng(seed))
        seen.add("same" if np.array_equal(out, image) else "mirror" if np.array_equal(out, image[:, ::-1]) else "?")
    assert seen == {"same", "mirror"}
    brighter = augment_picture(image, PictureAugmentation(brightness=(2, 2)), np.random.default_rng(0))
    assert np.array_equal(brighter, image * 2)


@pytest.mark.parametrize("kind", ["rotation", "shift", "zoom", "shear", "channel_shift"])
def test_each_kind_changes_the_picture_and_fills_from_its_edge(kind: str) -> None:
    strength = {"rotation": 20.0, "shift": 0.2, "zoom": 0.2, "shear": 15.0, "channel_shift": 0.1}[kind]
    image = np.full((40, 40, 3), 90, np.uint8)
    image[12:28, 15:25] = 200
    options = PictureAugmentation(**{kind: strength})
    out = augment_picture(image, options, np.random.default_rng(0))
    assert out.shape == image.shape and out.dtype == np.uint8 and not np.array_equal(out, image)
    if kind != "channel_shift":
        assert out.min() == 90 and (out[0] == 90).all() and out.max() == 200


def test_a_channel_shift_changes_brightness_not_hue() -> None:
    image = np.full((4, 4, 3), (60, 100, 140), np.uint8)
    out = augment_picture(image, PictureAugmentation(channel_shift=0.1), np.random.default_rng(0)).astype(int)
    assert out[0, 0, 0] != 60
    assert np.ptp(out - image, axis=2).max() <= 1


def test_reading_pictures_needs_no_torch() -> None:
    script = "import sys, export.training.pictures, export.training.picture_recipes; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_real_pictures_are_two_sources(data_dir: Path) -> None:
    found = read_pictures(data_dir / "letters_images", check=False)
    assert sorted(set(found.sources)) == ["asl_alphabet_train", "vita"] and len(found.classes) == 29
    assert found.picture(0, (200, 200)).shape == (200, 200, 3)
