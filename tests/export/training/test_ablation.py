"""The table of what each part of the shipped recipe does."""

from pathlib import Path

import numpy as np
import pytest

from export.models.registry import family
from export.training.ablation import _as_long, main, measure, variants
from export.training.data import from_sequences
from export.training.recipes import recipe

_SHAPES = np.random.default_rng(0).uniform(-0.1, 0.1, (3, 21, 3)).astype(np.float32)


def write(path: Path, seed: int, hands: bool = True) -> Path:
    """Three letters whose shapes are far apart, in the layout of ``letters_landmarks``."""
    path.parent.mkdir(exist_ok=True)
    labels = np.array(list("ABC") * 8)
    shapes = _SHAPES[np.arange(24) % 3] + 0.5 + np.random.default_rng(seed).normal(0, 0.002, (24, 21, 3))
    np.savez(path, landmarks=shapes.astype(np.float32), labels=labels, hand=np.full(24, "right"))
    return path


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    for seed in range(2):
        write(tmp_path / "letters_landmarks" / f"s{seed}.npz", seed)
    extra = write(tmp_path / "drawn.npz", 5)
    return ["--data", str(tmp_path), "--extra", str(extra), "--epochs", "2", "--draws", "384", "--seeds", "1"]


def test_each_row_is_measured_on_each_left_out_source(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--only", "as it is", "--only", "without drawn"]) == 0
    head, _, whole, without = capsys.readouterr().out.splitlines()
    assert "letters, 2 epochs of 384, 1 seeds" in head
    assert whole.startswith("| as it is | ")
    assert without.startswith("| without drawn | ")
    for row in (whole, without):
        values = [float(part.split()[-1]) for part in row.split("|")[4].split(",")]
        assert min(values) > 0.9, "shapes that far apart are told apart"
        assert float(row.split("|")[2]) == pytest.approx(np.mean(values), abs=1e-3)


def test_an_unknown_row_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--only", "magic"]) == 2
    assert "magic" in capsys.readouterr().err


def test_every_row_differs_from_the_recipe_in_something_that_exists() -> None:
    whole = recipe("fingerpost-hands")
    rows = variants(["drawn", "stills"])
    assert rows["as it is"].recipe == whole
    for name, row in rows.items():
        assert row.recipe.preprocess in family(whole.family).preprocess
        assert name == "as it is" or row.recipe != whole or row.without
    assert rows["without rendered hands"].without == ("drawn", "stills")


def test_words_that_one_source_alone_has_are_learned_and_not_measured() -> None:
    labels = np.array(["hello"] * 12 + ["bye"] * 4)
    sources = np.array(["a", "b", "c"] * 4 + ["a"] * 4)
    still = {"hello": _SHAPES[0] + 0.5, "bye": _SHAPES[1] + 0.5}
    sequences = [np.stack([np.stack([np.zeros((21, 3)), still[str(name)]])] * 6).astype(np.float32) for name in labels]
    found = measure(
        from_sequences(sequences, labels, sources),
        {},
        variants([])["without class balance"],
        kind="words",
        epochs=2,
        draws=256,
        seed=0,
    )
    assert sorted(found) == ["a", "b", "c"]
    assert all(0 <= value <= 1 for value in found.values())


def test_a_row_without_balance_sees_as_many_recordings_in_all() -> None:
    row = variants([])["without class balance"].recipe
    assert _as_long(row, 1600, epochs=3, draws=6400).epochs == 12
    assert _as_long(recipe("fingerpost-hands"), 1600, epochs=3, draws=6400).draws == 6400
