"""Labelled examples of every layout are listed first, and chosen by what a model knows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edge.bundle.manifest import Licence
from edge.bundle.samples import sample_files, sample_manifest
from edge.errors import InputError
from edge.holistic import HOLISTIC_ROWS
from export.datasets import choose, find_parts, seen_sources


def write_npz(path: Path, labels: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, landmarks=np.full((len(labels), 4, 2, 21, 3), 0.5, np.float32), labels=np.array(labels))


def write_pictures(folder: Path, labels: str, count: int = 2) -> None:
    for label in labels:
        (folder / label).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(folder / label / f"{number}.png"), np.full((20, 30, 3), (255, 0, 9), np.uint8))


def write_signs(folder: Path, signs: list[tuple[str, str]], *, columns: str = "path,participant_id,sign") -> None:
    """A recording of three frames per (participant, sign)."""
    folder.mkdir(parents=True)
    kinds = ["face"] * 468 + ["left_hand"] * 21 + ["pose"] * 33 + ["right_hand"] * 21
    index = [*range(468), *range(21), *range(33), *range(21)]
    frame = np.repeat(np.arange(3), HOLISTIC_ROWS)
    lines = [columns]
    for number, (participant, sign) in enumerate(signs):
        table = pa.table(
            {
                "frame": frame,
                "type": kinds * 3,
                "landmark_index": index * 3,
                **{axis: np.full(3 * HOLISTIC_ROWS, 0.25) for axis in "xyz"},
            }
        )
        pq.write_table(table, folder / f"{number}.parquet")
        lines.append(f"{number}.parquet,{participant},{sign}")
    (folder / "train.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    """Folders of all three layouts side by side."""
    write_npz(tmp_path / "letters" / "anna.npz", ["A", "B", "A"])
    write_pictures(tmp_path / "images" / "bert", "AC")
    write_signs(tmp_path / "signs", [("1", "hello"), ("2", "hello"), ("2", "bye")])
    (tmp_path / "licences").mkdir()
    (tmp_path / "README.md").write_text("x")
    return tmp_path


def test_a_folder_of_folders_gives_every_layout_with_its_sources(everything: Path) -> None:
    parts = {part.format: part for part in find_parts(everything)}
    assert set(parts) == {"landmark npz", "isolated signs", "pictures"}
    assert set(parts["landmark npz"].sources) == {"anna"}
    assert set(parts["isolated signs"].sources) == {"signs/1", "signs/2"}
    assert set(parts["pictures"].sources) == {"bert"}
    assert parts["landmark npz"].read(0).shape == (4, 2, 21, 3)
    assert parts["isolated signs"].read(2).shape == (3, HOLISTIC_ROWS, 3)
    assert parts["pictures"].read(0).shape == (20, 30, 3)
    assert parts["pictures"].read(0)[0, 0].tolist() == [255, 0, 9], "BGR, as the camera gives"


def test_each_layout_can_be_named_itself(everything: Path) -> None:
    for name, layout in (
        ("letters", "landmark npz"),
        ("letters/anna.npz", "landmark npz"),
        ("images", "pictures"),
        ("images/bert", "pictures"),
        ("signs", "isolated signs"),
    ):
        assert [part.format for part in find_parts(everything / name)] == [layout], name


def test_nothing_is_decoded_before_it_is_asked_for(tmp_path: Path) -> None:
    write_pictures(tmp_path / "p", "AB")
    (tmp_path / "p" / "A" / "1.png").write_bytes(b"no picture")
    (part,) = find_parts(tmp_path / "p")
    assert len(part) == 4
    with pytest.raises(InputError, match=r"1\.png: cannot be decoded"):
        part.read(1)


@pytest.mark.parametrize("there", [True, False])
def test_nothing_to_read_is_one_line(there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    if there:
        folder.mkdir()
    with pytest.raises(InputError, match=r"empty: there are no labelled examples; expected train\.csv"):
        find_parts(folder)


def test_an_empty_class_and_a_missing_column_are_named(tmp_path: Path) -> None:
    write_pictures(tmp_path / "p", "AB")
    (tmp_path / "p" / "Q").mkdir()
    with pytest.raises(InputError, match="Q: a class without pictures"):
        find_parts(tmp_path / "p")
    write_signs(tmp_path / "s", [("1", "hello")], columns="path,participant,sign")
    with pytest.raises(InputError, match=r"train\.csv: columns are missing; expected participant_id"):
        find_parts(tmp_path / "s")


def test_unknown_labels_are_counted_and_left_out(everything: Path) -> None:
    chosen = choose(find_parts(everything), ["A", "hello"])
    assert chosen.unknown == {"B": 1, "C": 2, "bye": 1}
    assert len(chosen) == chosen.available == 6
    assert Counter(chosen.truth.tolist()) == {0: 4, 1: 2}
    assert [chosen.source(i) for i in range(len(chosen))].count("bert") == 2


def test_labels_are_the_model_s_but_for_their_case(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", ["a", "A", "HELLO", "i", "I"])
    chosen = choose(find_parts(tmp_path), ["A", "hello", "I"])
    assert chosen.truth.tolist() == [0, 0, 1, 2, 2]
    assert chosen.respelt == {"a": "A", "HELLO": "hello", "i": "I"}


def test_where_the_case_tells_two_labels_apart_it_counts(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", ["i", "I"])
    chosen = choose(find_parts(tmp_path), ["I", "i"])
    assert chosen.truth.tolist() == [1, 0] and not chosen.respelt
    only_words = choose(find_parts(tmp_path), ["i", "X"])
    assert only_words.truth.tolist() == [0, 0]


def test_no_known_label_says_what_was_expected_and_found(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", ["zebra"])
    with pytest.raises(InputError, match="no example has a label that the model knows; expected A, B; found zebra"):
        choose(find_parts(tmp_path), ["B", "A"], where=tmp_path)


def test_a_limit_takes_an_even_share_of_every_label_of_every_source(tmp_path: Path) -> None:
    write_npz(tmp_path / "large.npz", ["A"] * 80 + ["B"] * 15)
    write_npz(tmp_path / "small.npz", ["A"] * 5 + ["B"] * 2)
    parts = find_parts(tmp_path)
    chosen = choose(parts, ["A", "B"], limit=20, seed=1)
    shares = Counter((chosen.source(i), int(chosen.truth[i])) for i in range(len(chosen)))
    assert len(chosen) == 20 and chosen.available == 102
    assert shares["small", 1] == 2, "a group that has fewer gives all it has"
    assert {shares["large", 0], shares["large", 1]} <= {6, 7} and shares["small", 0] == 5


def test_the_share_depends_on_the_seed_alone(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", ["A"] * 50)
    parts = find_parts(tmp_path)
    first, again, other = (choose(parts, ["A"], limit=10, seed=seed).rows.tolist() for seed in (3, 3, 4))
    assert first == again != other
    assert first == sorted(first)


def test_a_limit_above_what_is_there_takes_all(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", ["A"] * 5)
    assert len(choose(find_parts(tmp_path), ["A"], limit=9)) == 5


def test_the_licences_say_what_was_seen_in_training() -> None:
    manifest = sample_manifest(sample_files())
    licences = tuple(
        Licence(subject=f"recordings {name}", spdx="MIT", source="x") for name in ("traduttore", "asl_signs/10")
    )
    assert seen_sources(manifest.model_copy(update={"licences": licences})) == {"traduttore", "asl_signs/10"}
    assert seen_sources(manifest.model_copy(update={"licences": ()})) == frozenset()


def test_the_project_s_data_folder_is_read_as_a_whole(data_dir: Path) -> None:
    parts = find_parts(data_dir)
    assert Counter(part.format for part in parts) == {"landmark npz": 3, "isolated signs": 1, "pictures": 2}
    assert {str(s) for part in parts for s in part.sources} >= {
        "vita",
        "asl_alphabet_train",
        "borisgraudt",
        "asl_signs/9",
    }
    chosen = choose(parts, ["A", "hello", "nothing"], limit=60)
    assert len(chosen) == 60
    for index in range(0, 60, 7):
        assert chosen.read(index).size
