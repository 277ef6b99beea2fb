"""Bundles of the other tasks, through the command: holistic rows, pictures, hands found by somebody else."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundle.manifest import InputContract, Tensor, Window

_PICTURES = "keras-cnn-spatial-dropout"
"""The picture family that is exported in the least time."""


@pytest.fixture
def holistic_bundle(make_bundle: Callable[..., Path], tiny: SimpleNamespace) -> Path:
    """Reads A and B by the right index finger, as the tiny bundle, but off the 543 rows; NaN elsewhere is ignored."""
    constants = {
        "wanted": np.array([530, 522]),  # tip of the index finger, wrist
        "signs": np.array([[1.0], [-1.0]], np.float32),
        "scale": np.array([[60.0, -60.0]], np.float32),
        "offset": np.array([[15.0, -15.0]], np.float32),
        "y": np.array([1]),
        "one": np.array([1]),
        "two": np.array([2]),
    }
    nodes = [
        helper.make_node("Gather", ["landmarks", "wanted"], ["points"], axis=2),
        helper.make_node("Gather", ["points", "y"], ["heights"], axis=3),
        helper.make_node("Mul", ["heights", "signs"], ["signed"]),
        helper.make_node("ReduceSum", ["signed", "two"], ["reaches"], keepdims=0),
        helper.make_node("ReduceMean", ["reaches", "one"], ["reach"], keepdims=0),
        helper.make_node("Mul", ["reach", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "reach",
        [helper.make_tensor_value_info("landmarks", TensorProto.FLOAT, ["n", "t", 543, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    content = bytes(model.SerializeToString())
    windows = np.stack([rows(np.stack([tiny.hand(reach)] * 30)) for reach in (0.02, 0.3)])
    reach = windows[:, :, 530, 1].mean(axis=1, keepdims=True) - windows[:, :, 522, 1].mean(axis=1, keepdims=True)
    golden = io.BytesIO()
    np.savez(golden, landmarks=windows, logits=(reach * constants["scale"] + constants["offset"]).astype(np.float32))
    contract = InputContract(
        tensors=(
            Tensor(
                name="landmarks",
                dtype="float32",
                shape=(None, None, 543, 3),
                axes=("batch", "frame", "landmark", "xyz"),
            ),
        ),
        missing="nan",
        window=Window(frames=30, rate=15.0),
    )
    return make_bundle(
        "holistic.bundle",
        fields={"task": "holistic-sequence", "input": contract},
        fp32=content,
        int8=content,
        golden=golden.getvalue(),
    )


def rows(hands: np.ndarray) -> np.ndarray:
    """(T, 543, 3) of (T, 2, 21, 3), with a face and without a pose."""
    made = np.full((len(hands), 543, 3), np.nan, np.float32)
    made[:, :468] = 0.3
    for slot, begin in ((0, 468), (1, 522)):
        seen = hands[:, slot].any(axis=(1, 2))
        made[seen, begin : begin + 21] = hands[seen, slot]
    return made


def test_a_holistic_bundle_reads_a_recording_of_the_543_rows(
    holistic_bundle: Path, tiny: Any, main: Any, tmp_path: Path
):
    np.savez(tmp_path / "rows.npz", landmarks=rows(tiny.recording("ABBA")), fps=tiny.fps)
    done = main("run", "--bundle", holistic_bundle, "--source", tmp_path / "rows.npz", "--json")
    assert done.code == 0 and done.objects[-1]["text"] == "ABBA"


def test_a_recording_without_the_face_is_not_enough_for_it(holistic_bundle: Path, main: Any, ab: Path):
    done = main("run", "--bundle", holistic_bundle, "--source", ab)
    assert done.code == 5 and "does not hold the face" in done.err


def test_a_hand_bundle_reads_a_recording_of_the_543_rows(tiny_bundle: Path, tiny: Any, main: Any, tmp_path: Path):
    np.savez(tmp_path / "rows.npz", landmarks=rows(tiny.recording("ABBA")), fps=tiny.fps)
    done = main("run", "--bundle", tiny_bundle, "--source", tmp_path / "rows.npz", "--json")
    assert done.code == 0 and done.objects[-1]["text"] == "ABBA"


def test_mediapipe_that_is_not_installed_is_one_line(tiny_bundle: Path, main: Any, tmp_path: Path, monkeypatch: Any):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
    done = main("run", "--bundle", tiny_bundle, "--source", tmp_path, "--landmarker", "mediapipe")
    assert done.code == 8 and done.err.startswith("error: mediapipe is not installed")
    assert "--landmarker bundle" in done.err and len(done.err.splitlines()) == 1


@pytest.mark.slow
def test_an_exported_picture_model_runs_on_the_shipped_clip(edge: Any, tmp_path: Path, root: Path):
    """Random weights: what it reads means nothing, but everything between the clip and its answers runs."""
    import torch
    from safetensors.torch import save_file

    from export.__main__ import main as export
    from export.models.registry import family

    torch.manual_seed(0)
    entry = family(_PICTURES)
    network = entry.build(entry.classes, entry.preprocess[0]).get_submodule("network")
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    for label in "AB":
        (tmp_path / "stills" / label).mkdir(parents=True)
        for index in range(2):
            picture = np.random.default_rng(index).integers(0, 256, (224, 224, 3), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / "stills" / label / f"{index}.png"), picture)
    words = ["--target", "pi", "--model", _PICTURES, "--checkpoint", str(tmp_path / "w.safetensors")]
    assert export([*words, "--calibration", str(tmp_path / "stills"), "--output", str(tmp_path)]) == 0
    (bundle,) = tmp_path.glob("*.bundle")
    done = edge("run", "--bundle", bundle, "--source", "demo", "--json", timeout=240)
    assert done.code == 0, done.err
    summary = done.objects[-1]
    assert summary["frames"] == 187 and summary["bundle"] == f"{_PICTURES} 0.1.0"
    assert "recognising" in [o["name"] for o in done.objects if o["type"] == "state"], "held hands were looked at"
