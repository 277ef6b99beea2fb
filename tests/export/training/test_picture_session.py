"""A whole training of a picture recipe: what it leaves behind, and that the export takes it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import UsageError
from export.loading import Request, load_family
from export.training.picture_figures import class_errors, confusion, pair_errors, share_interval
from export.training.picture_session import train_pictures


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


def _options(folder: Path, **changes: object) -> argparse.Namespace:
    said = {"recipe": "keras-cnn-spatial-dropout", "data": folder / "data", "output": folder / "out", "epochs": 1}
    rest = {"seed": 0, "threads": 1, "resume": False, "leave_out": []}
    return argparse.Namespace(**{**said, **rest, **changes})


@pytest.mark.parametrize("left_out", [[], ["bert"]])
def test_the_checkpoint_can_be_exported_and_says_what_was_measured(left_out: list[str], tmp_path: Path) -> None:
    _data(tmp_path / "data")
    train_pictures(_options(tmp_path, leave_out=left_out), "the command")
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    figure = metrics["measurements"][0]
    assert figure["n"] == np.sum(metrics["confusion"]) == metrics["pictures"]["measured"] == (20 if left_out else 8)
    assert figure["value"] == np.trace(metrics["confusion"]) / figure["n"]
    assert ("left out: bert" if left_out else "same signers") in figure["split"]
    assert set(metrics["pairs"]) == {"R as U", "U as R", "K as V", "V as K"} and len(metrics["epochs"]) == 1
    assert not list((tmp_path / "out").glob("state*")) and not list((tmp_path / "out").glob("*.partial"))
    loaded = load_family("keras-cnn-spatial-dropout", Request(checkpoint=tmp_path / "out" / "model.safetensors"))
    assert [label.name for label in loaded.labels] == list("KRUV") and len(loaded.measurements) == 1


def test_sources_that_are_not_there_or_all_there_are_cannot_be_left_out(tmp_path: Path) -> None:
    _data(tmp_path / "data")
    with pytest.raises(UsageError, match=r"no such source.*expected anna, bert; found carl"):
        train_pictures(_options(tmp_path, leave_out=["carl"]), "")
    with pytest.raises(UsageError, match="nothing is left to train on"):
        train_pictures(_options(tmp_path, leave_out=["anna", "bert"]), "")


def test_errors_are_counted_both_ways() -> None:
    names = ("K", "R", "U", "V")
    truth, answers = np.array([0, 0, 1, 1, 2, 3, 3]), np.array([0, 3, 2, 2, 2, 3, 0])
    matrix = confusion(truth, answers, 4)
    assert matrix[1].tolist() == [0, 0, 2, 0]
    errors = {e.name: (e.n, e.missed, e.false) for e in class_errors(matrix, names)}
    assert errors == {"K": (2, 1, 1), "R": (2, 2, 0), "U": (1, 0, 2), "V": (2, 1, 1)}
    assert pair_errors(matrix, names) == {"R as U": 2, "U as R": 0, "K as V": 1, "V as K": 1}
    assert pair_errors(matrix[:2, :2], names[:2]) == {}


def test_the_interval_is_wilsons() -> None:
    assert share_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert share_interval(10, 10)[1] == pytest.approx(1.0) and share_interval(0, 10)[0] == pytest.approx(0.0)
