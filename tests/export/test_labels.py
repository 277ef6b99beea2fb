"""Labels from the files people keep them in, and the one-line errors for the others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge.errors import InputError
from export.labels import check_count, label, read_labels


def _names(path: Path) -> list[str]:
    return [entry.name for entry in read_labels(path)]


def test_one_letter_is_a_letter_and_only_j_and_z_move() -> None:
    assert (label("A").kind, label("A").moving) == ("letter", False)
    assert label("J").moving and label("z").moving
    assert label("q").text == "Q"


def test_keys_and_words() -> None:
    assert [label(name).kind for name in ("space", "del", "nothing", "hello", "7")] == ["key"] * 3 + ["word"] * 2
    assert label("thank_you").text == "thank you"
    assert label("hello").text is None


def test_text_file_is_one_name_a_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(b"\xef\xbb\xbfA\r\nB\r\nthank_you\r\n\r\n")
    assert _names(path) == ["A", "B", "thank_you"]


@pytest.mark.parametrize("value", [["A", "B", "C"], {"0": "A", "2": "C", "1": "B"}, {"C": 2, "A": 0, "B": 1}])
def test_json_in_its_three_forms(tmp_path: Path, value: object) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(value))
    assert _names(path) == ["A", "B", "C"]


def test_names_that_are_digits_are_names_when_their_values_are_indices(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"1": 0, "0": 1}))
    assert _names(path) == ["1", "0"]


@pytest.mark.parametrize("dtype", [object, "U"])
def test_npy_arrays_of_strings(tmp_path: Path, dtype: object) -> None:
    path = tmp_path / "label_encoder_classes.npy"
    np.save(path, np.array(["A", "hello", "thank_you"], dtype=dtype), allow_pickle=True)
    assert _names(path) == ["A", "hello", "thank_you"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", "", "there are no labels"),
        ("a.txt", "A\n\nB\n", "label 1 is not a name"),
        ("a.txt", "A\nB\nA\n", "labels appear twice"),
        ("a.txt", "A\n" + "x" * 65, "label 1 is not a name"),
        ("a.json", "[", "no JSON"),
        ("a.json", "[" * 100_000, "no JSON"),
        ("a.json", '"A"', "unknown form"),
        ("a.json", "[1, 2]", "label 0 is not a name"),
        ("a.json", '{"0": "A", "2": "B"}', "gaps or repeat"),
        ("a.json", '{"A": 0, "B": 0}', "gaps or repeat"),
        ("a.csv", "A,B", "unknown format"),
        ("a.npy", "no array", "not a .npy file"),
    ],
)
def test_bad_files_are_refused_in_one_line_that_names_the_file(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert says in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "none.txt")


def test_wrong_count_says_both_numbers() -> None:
    with pytest.raises(InputError, match=r"expected 77 labels.*found 2"):
        check_count((label("A"), label("B")), 77, where="labels.txt", model="best_model.pth")
