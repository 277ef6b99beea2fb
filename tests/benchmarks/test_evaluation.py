"""What is done with pictures that show no hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import NOBODY
from benchmarks.evaluation import evaluate
from edge.bundle.manifest import Label, Manifest
from edge.bundle.samples import sample_files, sample_manifest
from edge.engines import FakeEngine, TensorSpec
from edge.types import AnyArray
from export.datasets import Part, choose
from export.feeding import Feeder

HAND, NO_HAND = 1, 0


def manifest(*names: str) -> Manifest:
    labels = tuple(Label(name=name, kind="letter") for name in names)
    return sample_manifest(sample_files()).model_copy(update={"labels": labels})


def always_first(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    return {"logits": np.array([[5.0, 1.0, 0.0]], np.float32)}


@pytest.mark.parametrize("known", [True, False])
def test_a_picture_without_a_hand_is_nothing_or_nobody_and_never_reaches_the_classifier(known: bool) -> None:
    shown = [("A", HAND), ("A", NO_HAND), ("nothing", NO_HAND), ("B", NO_HAND)]
    labels = np.array([label for label, _ in shown])
    part = Part("pictures", Path("x"), labels, np.array(["x"] * 4), lambda i: np.array(shown[i][1]))
    feeder = Feeder("m", "hand-sequence", {"pictures": lambda raw: {"landmarks": raw} if raw.any() else None})
    names = ("A", "B", "nothing" if known else "C")
    chosen = choose([part], names)
    engine = FakeEngine(always_first, outputs=(TensorSpec("logits", "float32", (None, 3)),))
    found = evaluate(chosen, feeder, {"fp32": engine}, manifest(*names))
    assert engine.runs == 1
    answers = found.answers["fp32"]
    if known:
        assert answers.labels.tolist() == [0, 2, 2, 2]
        assert found.without_hand.tolist() == [False, True, True, True]
        assert answers.top5.tolist() == [True, False, True, False]
    else:
        assert answers.labels.tolist() == [0, NOBODY, NOBODY]
        assert found.without_hand.tolist() == [False, True, True]
    assert np.isnan(answers.confidence[1:]).all(), "nobody gave a probability"


def test_every_example_is_run_alone_as_on_the_device() -> None:
    shapes = []

    def remember(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        shapes.append(feeds["landmarks"].shape)
        return always_first(feeds)

    part = Part("landmark npz", Path("x"), np.array(["A"] * 3), np.array(["x"] * 3), lambda i: np.zeros((i + 2, 1)))
    feeder = Feeder("m", "hand-sequence", {"landmark npz": lambda raw: {"landmarks": raw[None]}})
    engine = FakeEngine(remember, outputs=(TensorSpec("logits", "float32", (None, 3)),))
    steps: list[int] = []
    evaluate(choose([part], ["A"]), feeder, {"fp32": engine}, manifest("A", "B", "C"), advance=lambda: steps.append(1))
    assert shapes == [(1, 2, 1), (1, 3, 1), (1, 4, 1)]
    assert len(steps) == 3
