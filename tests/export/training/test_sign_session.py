"""One training on isolated signs by its command line: what it leaves behind, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from export.checkpoints.reading import read_checkpoint
from export.loading import Request, load_family
from export.training.__main__ import main

_ROWS = 543
_TYPES = ["face"] * 468 + ["left_hand"] * 21 + ["pose"] * 33 + ["right_hand"] * 21
_INDEX = np.concatenate([np.arange(n) for n in (468, 21, 33, 21)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three participants; "up" and "down" of all of them, "thankyou" of the last alone."""
    root, rng = tmp_path_factory.mktemp("signs"), np.random.default_rng(0)
    rows = ["path,participant_id,sequence_id,sign"]
    for number in range(54):
        participant, sign = number % 3 + 1, ("down", "up", "thankyou")[number // 3 % 3]
        if sign == "thankyou" and participant != 3:
            continue
        values = np.full((6, _ROWS, 3), np.nan)
        hand = rng.random((1, 21, 3)) * 0.1 + 0.5
        values[:, 522:] = hand + np.arange(6)[:, None, None] * (0, 0.05 if sign == "down" else -0.05, 0)
        frame = {"frame": np.repeat(np.arange(6), _ROWS), "type": _TYPES * 6, "landmark_index": np.tile(_INDEX, 6)}
        coordinates = {axis: values.reshape(-1, 3)[:, i] for i, axis in enumerate("xyz")}
        pq.write_table(pa.table({**frame, **coordinates}), root / f"{number}.parquet")
        rows.append(f"{number}.parquet,{participant},{number},{sign}")
    (root / "train.csv").write_text("\n".join(rows) + "\n")
    return root


def train(folder: Path, output: Path, *more: str) -> int:
    words = ["signs-transformer", "--data", str(folder), "--output", str(output), "--epochs", "1", "--batch", "4"]
    return main([*words, "--threads", "1", *more])


@pytest.mark.slow
def test_a_training_leaves_a_checkpoint_that_the_export_takes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(folder, tmp_path, "--leave-out", "3") == 0
    assert "participants left out of the training; " in capsys.readouterr().out
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *("model.safetensors", "model_config.json", "metrics.json", "MODEL_CARD.md"),
        *("curves.png", "confusion.png"),
    }
    loaded = load_family("signs-transformer", Request(checkpoint=tmp_path / "model.safetensors"))
    assert [label.name for label in loaded.labels] == ["down", "up"]
    assert loaded.task == "holistic-sequence"
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    splits = {entry["split"].split(" ")[0] for entry in metrics["measurements"]}
    assert splits == {"participants", "random"}
    assert metrics["recordings"]["left out"] == 12
    assert metrics["recordings"]["left out, of signs that the training does not show"] == 6
    assert "3" not in [name.rpartition("/")[2] for name in loaded_sources(tmp_path)]
    card = (tmp_path / "MODEL_CARD.md").read_text()
    assert "left out of the training: " in card
    assert "Participants left out of the training" in card


def loaded_sources(output: Path) -> list[str]:
    config = json.loads((output / "model_config.json").read_text())
    sources: list[str] = config["sources"]
    return sources


def test_without_a_source_left_out_only_the_random_split_is_measured(folder: Path, tmp_path: Path) -> None:
    assert train(folder, tmp_path) == 0
    config = json.loads((tmp_path / "model_config.json").read_text())
    assert [label["name"] for label in config["labels"]] == ["down", "thankyou", "up"]
    assert config["labels"][1]["text"] == "thank you"
    measured = json.loads((tmp_path / "metrics.json").read_text())["measurements"]
    assert all(entry["split"].startswith("random split") for entry in measured)
    assert {"accuracy", "top-5 accuracy", "macro F1", "micro F1"} == {entry["name"] for entry in measured}


def test_the_same_seed_gives_the_same_weights_and_an_early_late_phase_others(folder: Path, tmp_path: Path) -> None:
    for name, more in (("one", ()), ("other", ()), ("late", ("--late", "0"))):
        assert train(folder, tmp_path / name, "--seed", "5", *more) == 0
    one, other, late = (read_checkpoint(tmp_path / name / "model.safetensors") for name in ("one", "other", "late"))
    assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)
    assert not all(torch.equal(one.tensors[name], late.tensors[name]) for name in one.tensors)


def test_an_unreadable_recording_ends_it_unless_it_may_be_skipped(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = folder / "0.parquet"
    content = broken.read_bytes()
    broken.write_bytes(b"PAR1")
    try:
        assert train(folder, tmp_path / "one") == 3
        assert "0.parquet" in capsys.readouterr().err
        assert train(folder, tmp_path / "two", "--skip-unreadable") == 0
        assert "left out, 1: " in capsys.readouterr().err
        metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
        assert metrics["recordings"]["unreadable"] == 1
    finally:
        broken.write_bytes(content)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--leave-out", "9"), "no such source"),
        (("--batch", "1"), "two recordings"),
        (("--epochs", "0"), "--epochs"),
        (("--late", "-1"), "--late"),
        (("--mixed",), "--mixed"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    folder: Path, tmp_path: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(folder, tmp_path, *words) == 2
    assert said in capsys.readouterr().err


def test_a_folder_of_something_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(tmp_path, tmp_path / "output") == 3
    assert "train.csv" in capsys.readouterr().err
