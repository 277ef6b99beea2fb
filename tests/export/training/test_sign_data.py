"""The Kaggle layout: what is read, and what is said about tables and files that cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edge.errors import InputError
from edge.holistic import HOLISTIC_ROWS
from export.training.sign_data import (
    CLASSES,
    Skipped,
    each_recording,
    read_classes,
    read_landmarks,
    read_table,
    skipped_text,
)

GROUPS = (("face", 468), ("left_hand", 21), ("pose", 33), ("right_hand", 21))


def landmarks(frames: int, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).random((frames, HOLISTIC_ROWS, 3))
    values[0, :468] = np.nan
    return values


def write(path: Path, values: np.ndarray, *, dtype: str = "float64", drop: str = "", reverse: bool = False) -> None:
    frames = len(values)
    groups = tuple(reversed(GROUPS)) if reverse else GROUPS
    columns = {
        "frame": np.repeat(np.arange(frames, dtype=np.int16), HOLISTIC_ROWS),
        "type": [name for _ in range(frames) for name, count in groups for _ in range(count)],
        "landmark_index": np.tile(np.concatenate([np.arange(n, dtype=np.int16) for _, n in groups]), frames),
        **{axis: values.reshape(-1, 3)[:, i].astype(dtype) for i, axis in enumerate("xyz")},
    }
    columns.pop(drop, None)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = ["path,participant_id,sequence_id,sign"]
    for number, sign in enumerate(["yes", "no", "yes"]):
        write(tmp_path / f"files/{number}.parquet", landmarks(3 + number, number))
        rows.append(f"files/{number}.parquet,{number % 2},{number},{sign}")
    (tmp_path / "train.csv").write_text("\n".join(rows))
    (tmp_path / CLASSES).write_text('{"yes": 0, "no": 1}')
    return tmp_path


def test_every_row_is_read_with_its_sign_and_participant(folder: Path) -> None:
    files = read_table(folder)
    assert [(file.sign, file.participant) for file in files] == [("yes", "0"), ("no", "1"), ("yes", "0")]
    assert [len(values) for _, values in each_recording(files)] == [3, 4, 5]
    assert read_classes(folder, files) == ("yes", "no")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_coordinates_of_either_precision_come_as_float32_with_missing_as_nan(tmp_path: Path, dtype: str) -> None:
    want = landmarks(4)
    write(tmp_path / "one.parquet", want, dtype=dtype)
    found = read_landmarks(tmp_path / "one.parquet")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, want, rtol=1e-6)


def test_without_a_map_the_signs_are_in_the_alphabets_order(folder: Path) -> None:
    (folder / CLASSES).unlink()
    assert read_classes(folder, read_table(folder)) == ("no", "yes")


def test_a_sign_without_recordings_is_named(folder: Path) -> None:
    (folder / CLASSES).write_text('{"yes": 0, "no": 1, "zebra": 2}')
    with pytest.raises(InputError, match=r"1 of 3 signs have no recording.*zebra"):
        read_classes(folder, read_table(folder))


def test_a_recording_of_a_sign_that_the_map_lacks_is_named(folder: Path) -> None:
    (folder / CLASSES).write_text('{"yes": 0}')
    with pytest.raises(InputError, match="not in the map; found no"):
        read_classes(folder, read_table(folder))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("path,sign\na,b\n", "participant_id"),
        ("path,participant_id,sign\n", "no recordings"),
        ("path,participant_id,sign\na.parquet,1,yes\nb.parquet,1,\n", r"line 3.*sign"),
    ],
)
def test_a_table_with_holes_is_refused(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "train.csv").write_text(text)
    with pytest.raises(InputError, match=match):
        read_table(tmp_path)


@pytest.mark.parametrize("drop", ["x", "landmark_index", "type"])
def test_a_missing_column_is_named(tmp_path: Path, drop: str) -> None:
    write(tmp_path / "one.parquet", landmarks(2), drop=drop)
    with pytest.raises(InputError, match=rf"one\.parquet.*{drop}"):
        read_landmarks(tmp_path / "one.parquet")


def test_rows_in_another_order_are_refused_rather_than_mixed_up(tmp_path: Path) -> None:
    write(tmp_path / "one.parquet", landmarks(2), reverse=True)
    with pytest.raises(InputError, match="another order"):
        read_landmarks(tmp_path / "one.parquet")


def test_half_a_frame_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "one.parquet", landmarks(2))
    pq.write_table(pq.read_table(tmp_path / "one.parquet").slice(0, 700), tmp_path / "one.parquet")
    with pytest.raises(InputError, match="543 rows a frame"):
        read_landmarks(tmp_path / "one.parquet")


def test_unreadable_recordings_stop_the_reading_unless_they_may_be_skipped(folder: Path) -> None:
    (folder / "files/0.parquet").write_bytes(b"PAR1 cut off")
    (folder / "files/1.parquet").unlink()
    files = read_table(folder)
    with pytest.raises(InputError, match=r"0\.parquet"):
        list(each_recording(files))
    skipped: list[Skipped] = []
    assert [file.path.name for file, _ in each_recording(files, skipped=skipped)] == ["2.parquet"]
    text = skipped_text(skipped)
    assert "left out, 2:" in text
    assert "0.parquet" in text
    assert "1.parquet" in text
