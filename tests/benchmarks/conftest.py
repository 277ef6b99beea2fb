"""A small bundle with real networks, made on the spot."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundle.manifest import Manifest, Window
from edge.bundle.writer import file_entry, write_bundle
from edge.engines import OnnxEngine
from edge.types import FloatArray
from export.models.seed000 import hand_sequence_contract

LABELS = ("A", "B", "hello", "space")
FRAMES = 6


def network(weights: FloatArray) -> bytes:
    """An ONNX file: the mean over hands and frames, times ``weights`` (63, classes); the mask adds nothing."""
    shape = ["n", "t", 2, 21, 3]
    nodes = [
        helper.make_node("ReduceMean", ["landmarks", "axes"], ["mean"], keepdims=0),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["product"]),
        helper.make_node("ReduceSum", ["mask", "time"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["product", "nothing"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("landmarks", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, shape[:2]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([1, 2]), "axes"),
            numpy_helper.from_array(np.array([1]), "time"),
            numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def tiny_bundle(
    path: Path, variants: dict[str, bytes], *, trained_on: Sequence[str] = ("vita",), frames: int = FRAMES
) -> Path:
    """A hand-sequence bundle of the given networks with eight golden inputs and the first network's answers."""
    golden = io.BytesIO()
    random = np.random.default_rng(3)
    landmarks = random.random((8, frames, 2, 21, 3), np.float32)
    feeds = {"landmarks": landmarks, "mask": np.ones((8, frames), np.float32)}
    np.savez(golden, **feeds, **OnnxEngine(next(iter(variants.values()))).run(feeds))
    files = {f"classifier-{variant}.onnx": model for variant, model in variants.items()}
    about = {"role": "classifier", "opset": 18, "ir_version": 10}
    networks = [
        {**file_entry(name, files[name]).model_dump(), **about, "variant": variant}
        for variant, name in zip(variants, files, strict=True)
    ]
    files["golden.npz"] = golden.getvalue()
    manifest = Manifest.model_validate(
        {
            "name": "tiny",
            "version": "1.2.3",
            "serial": 1,
            "created": "2026-01-01T00:00:00Z",
            "tools": {},
            "origin": {"model": "tiny", "parameters": 252},
            "target": "pi",
            "hardware": ("x86_64",),
            "task": "hand-sequence",
            "input": hand_sequence_contract("", aspect=4 / 3, window=Window(frames=frames, rate=15)),
            "labels": [{"name": name, "kind": "letter" if len(name) == 1 else "word"} for name in LABELS],
            "networks": networks,
            "golden": file_entry("golden.npz", files["golden.npz"]),
            "licences": [{"subject": f"recordings {name}", "spdx": "MIT", "source": "made up"} for name in trained_on],
        }
    )
    write_bundle(path, manifest, files)
    return path


PICTURE_LABELS = ("A", "B", "nothing")


def picture_network(weights: FloatArray) -> bytes:
    """An ONNX file: the mean red, green and blue of a picture, times ``weights`` (3, classes)."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 8, 8, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([1, 2]), "axes")],
    )
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    )


@pytest.fixture
def picture_bundle(tmp_path: Path) -> Path:
    """An image bundle: what is mostly red is A, green B, blue ``nothing``."""
    model = picture_network(np.eye(3, dtype=np.float32))
    golden = io.BytesIO()
    np.savez(golden, image=np.random.default_rng(3).integers(0, 255, (4, 8, 8, 3), np.uint8))
    files = {"classifier-fp32.onnx": model, "golden.npz": golden.getvalue()}
    tensor = {"name": "image", "dtype": "uint8", "shape": (None, 8, 8, 3), "axes": ("batch", "height", "width", "rgb")}
    manifest = Manifest.model_validate(
        {
            "name": "colours",
            "version": "1.0.0",
            "serial": 1,
            "created": "2026-01-01T00:00:00Z",
            "tools": {},
            "origin": {"model": "keras-cnn-plain", "parameters": 9},
            "target": "pi",
            "hardware": ("x86_64",),
            "task": "image",
            "input": {"tensors": [tensor], "image_size": (8, 8)},
            "labels": [{"name": name, "kind": "letter"} for name in PICTURE_LABELS],
            "networks": [
                {
                    **file_entry("classifier-fp32.onnx", model).model_dump(),
                    "role": "classifier",
                    "variant": "fp32",
                    "opset": 18,
                    "ir_version": 10,
                }
            ],
            "golden": file_entry("golden.npz", files["golden.npz"]),
            "measurements": [
                {"name": "accuracy", "value": 0.5, "n": 40, "data": "colour cards", "split": "left out: anna"}
            ],
        }
    )
    write_bundle(tmp_path / "colours.bundle", manifest, files)
    return tmp_path / "colours.bundle"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Five plain pictures a class: ``A`` red, ``b`` green, ``zebra`` white."""
    folder = tmp_path / "cards"
    for name, colour in (("A", (0, 0, 255)), ("b", (0, 255, 0)), ("zebra", (255, 255, 255))):
        (folder / name).mkdir(parents=True)
        for number in range(5):
            cv2.imwrite(str(folder / name / f"{number}.png"), np.full((12, 10, 3), colour, np.uint8))
    return folder


def weights() -> FloatArray:
    """Weights (63, classes) under which the class is whose landmark x is largest."""
    values = np.zeros((63, len(LABELS)), np.float32)
    for number in range(len(LABELS)):
        values[3 * number, number] = 1
    return values


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Path]:
    """A maker of bundles with a right fp32 network and an int8 one that never says ``hello``."""

    def make(**options: object) -> Path:
        deaf = weights()
        deaf[:, LABELS.index("hello")] = -1
        variants = {"fp32": network(weights()), "int8": network(deaf)}
        return tiny_bundle(tmp_path / "tiny.bundle", variants, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Two sources: vita has 12 recordings of A, B and hello; other has 4 of A and 2 of a label the model lacks."""
    folder = tmp_path / "data" / "letters_landmarks"
    folder.mkdir(parents=True)
    _write_letters(folder / "vita.npz", ["A", "B", "hello"] * 4, length=4)
    _write_letters(folder / "other.npz", ["A"] * 4 + ["zebra"] * 2, length=FRAMES + 5)
    return folder.parent


def _write_letters(path: Path, labels: list[str], *, length: int) -> None:
    landmarks = np.full((len(labels), length, 2, 21, 3), 0.1, np.float32)
    for number, label in enumerate(labels):
        if label in LABELS:
            landmarks[number, :, :, LABELS.index(label), 0] = 0.9
    np.savez(path, landmarks=landmarks, labels=np.array(labels))
