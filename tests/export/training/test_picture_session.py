"""A whole training of a picture recipe: what it leaves behind, and that the export takes it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.torch import save_file
from torch import nn

from export.loading import Request, load_family
from export.models.resnet18 import ResNet18
from export.training.__main__ import main
from export.training.picture_figures import class_errors, confusion, figures, pair_errors
from export.training.picture_loop import PictureEpoch
from export.training.picture_recipes import picture_recipe
from export.training.picture_report import PictureRun, write_checkpoint


def _data(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for source in ("anna", "bert"):
        for channel, label in enumerate("KRUV"):
            (folder / source / label).mkdir(parents=True)
            for index in range(5):
                picture = rng.integers(0, 90, (16, 16, 3), dtype=np.uint8)
                picture[..., channel % 3] += 130
                cv2.imwrite(str(folder / source / label / f"{index}.png"), picture)
    return folder


def _train(folder: Path, *words: str) -> int:
    _data(folder / "data")
    return main(["keras-cnn-spatial-dropout", "--epochs", "1", "--threads", "1", *_folders(folder), *words])


def _folders(folder: Path) -> list[str]:
    return ["--data", str(folder / "data"), "--output", str(folder / "out")]


@pytest.mark.slow
@pytest.mark.parametrize("left_out", [False, True])
def test_the_checkpoint_can_be_exported_and_says_what_was_measured(left_out: bool, tmp_path: Path) -> None:
    assert _train(tmp_path, *(["--leave-out", "bert"] if left_out else [])) == 0
    out = tmp_path / "out"
    metrics = json.loads((out / "metrics.json").read_text())
    counts = [figure["n"] for figure in metrics["measurements"]]
    assert counts == ([20, 4] if left_out else [8]), "all of the source left out, then a fifth of the others"
    for figure, part in zip(metrics["measurements"], metrics["parts"], strict=True):
        assert figure["n"] == np.sum(part["confusion"]) and figure["value"] == np.trace(part["confusion"]) / figure["n"]
        assert set(part["pairs"]) == {"R as U", "U as R", "K as V", "V as K"}
    assert metrics["measurements"][0]["data"] == ("bert" if left_out else "anna, bert")
    assert "same signers" in metrics["measurements"][-1]["split"] and len(metrics["history"]) == 1
    assert {path.name for path in out.iterdir()} == {
        *("model.safetensors", "model_config.json", "metrics.json", "MODEL_CARD.md", "curves.png", "confusion.png")
    }
    assert all(cv2.imread(str(out / name)) is not None for name in ("curves.png", "confusion.png"))
    card = (out / "MODEL_CARD.md").read_text()
    assert f"{metrics['measurements'][0]['value']:.3f}" in card and "R as U" in card
    assert "- anna: licence not known to this project" in card and ("- bert:" in card) != left_out
    loaded = load_family("keras-cnn-spatial-dropout", Request(checkpoint=out / "model.safetensors"))
    assert [label.name for label in loaded.labels] == list("KRUV") and len(loaded.measurements) == len(counts)


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_sources_that_are_not_there_or_all_there_are_cannot_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(tmp_path, "--leave-out", "carl") == 2
    assert "no such source; expected anna, bert; found carl" in _said(capsys)
    assert main(["dexnet", *_folders(tmp_path), "--leave-out", "anna", "--leave-out", "bert"]) == 2
    assert "nothing is left to train on" in _said(capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--epochs", "0"], "there must be an epoch at least"),
        (["--extra", "stills.npz"], "keras-cnn-spatial-dropout does not take this; found --extra stills.npz"),
        (["--rate", "7"], "--rate: out of range"),
        (["--momentum", "0.9"], "momentum is SGD's; found adam"),
        (["--epochs", "ten"], "--epochs: invalid int value"),
        (["--batch", "1"], "batch norm has no statistics of one"),
        (["--pretrained", "nowhere.pth"], "nowhere.pth"),
    ],
)
def test_options_that_cannot_be_are_refused_in_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(tmp_path, *words) in (2, 3)
    message = _said(capsys)
    assert said in message and message.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_source_left_out_must_show_something_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _data(tmp_path / "data")
    for name in "KRUV":
        (tmp_path / "data" / "bert" / name).rename(tmp_path / "data" / "bert" / f"not {name}")
    assert main(["dexnet", *_folders(tmp_path), "--leave-out", "bert"]) == 3
    assert "the source left out shows nothing that is trained on; expected K, R, U, V" in _said(capsys)


def test_pretrained_weights_are_for_resnet_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_file(ResNet18(3).state_dict(), tmp_path / "imagenet.safetensors")
    assert _train(tmp_path, "--pretrained", str(tmp_path / "imagenet.safetensors")) == 2
    assert "only resnet18 starts from pretrained weights" in _said(capsys)


def test_unreadable_pictures_stop_the_training_unless_they_are_to_be_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _data(tmp_path / "data")
    (tmp_path / "data" / "anna" / "K" / "7.png").write_bytes(b"no picture")
    words = ["dexnet", *_folders(tmp_path), "--leave-out", "carl"]
    assert main(words) == 3 and "7.png: 1 of 41 pictures cannot be read" in _said(capsys)
    assert main([*words, "--skip-unreadable"]) == 2
    said = _said(capsys)
    assert "1 pictures cannot be read and are left aside" in said and "7.png" in said and "found carl" in said


def test_a_network_of_letters_leaves_keys_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _data(tmp_path / "data")
    (tmp_path / "data" / "anna" / "K").rename(tmp_path / "data" / "anna" / "space")
    assert main(["resnet18", *_folders(tmp_path), "--leave-out", "carl"]) == 2
    assert "resnet18 knows letters only; left aside: space: 5" in _said(capsys)


@pytest.mark.slow
def test_a_killed_training_goes_on_where_it_was(tmp_path: Path) -> None:
    _data(tmp_path / "data")
    words = ["keras-cnn-spatial-dropout", "--data", str(tmp_path / "data"), "--epochs", "2", "--threads", "1"]
    command = [sys.executable, "-m", "export.training", *words, "--leave-out", "bert", "--output"]
    state = tmp_path / "killed" / "state.pt"
    with subprocess.Popen([*command, str(tmp_path / "killed")]) as process:
        deadline = time.monotonic() + 120
        while not state.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    assert state.exists() and not (tmp_path / "killed" / "metrics.json").exists()
    subprocess.run([*command, str(tmp_path / "killed"), "--resume"], check=True)
    subprocess.run([*command, str(tmp_path / "whole")], check=True)
    whole, resumed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed"))
    assert whole == resumed and not state.exists()


def test_the_licence_of_known_pictures_goes_with_the_weights(tmp_path: Path) -> None:
    shown = figures(np.array(["K", "R"]), np.array([0, 0]), ["K", "R"], data="x", split="y")
    run = PictureRun(
        recipe=picture_recipe("dexnet"),
        classes=("K", "R"),
        seed=0,
        command="c",
        history=(PictureEpoch(1, 1.0, 1.0, 0.5, 0.1),),
        measured=(shown,),
        sources=("asl_alphabet_train",),
        pictures={"trained on": 2},
        not_used={"space": 3},
    )
    write_checkpoint(tmp_path, nn.Linear(1, 1), run)
    config = json.loads((tmp_path / "model_config.json").read_text())
    assert [entry["spdx"] for entry in config["licences"]] == ["GPL-2.0-only"]
    card = (tmp_path / "MODEL_CARD.md").read_text()
    assert "GPL-2.0-only (the Kaggle set ASL Alphabet)" in card and "not used: space (3)" in card
    assert "| K | 1 | 0 | 1 |" in card and "| R | 1 | 1 | 0 |" in card


def test_errors_are_counted_both_ways() -> None:
    names = ("K", "R", "U", "V")
    truth, answers = np.array([0, 0, 1, 1, 2, 3, 3]), np.array([0, 3, 2, 2, 2, 3, 0])
    matrix = confusion(truth, answers, 4)
    assert matrix[1].tolist() == [0, 0, 2, 0]
    errors = {e.name: (e.n, e.missed, e.false) for e in class_errors(matrix, names)}
    assert errors == {"K": (2, 1, 1), "R": (2, 2, 0), "U": (1, 0, 2), "V": (2, 1, 1)}
    assert pair_errors(matrix, names) == {"R as U": 2, "U as R": 0, "K as V": 1, "V as K": 1}
    assert pair_errors(matrix[:2, :2], names[:2]) == {}
