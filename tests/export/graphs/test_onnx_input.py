"""A user's ONNX file: known contracts are recognised, everything else is refused by what was expected and found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.engines import OnnxEngine
from edge.errors import InputError
from export.graphs.onnx_input import read_onnx

_FLOAT, _BYTE = TensorProto.FLOAT, TensorProto.UINT8
_Input = tuple[str, int, list[object]]
_HANDS: list[_Input] = [("landmarks", _FLOAT, ["N", "T", 2, 21, 3]), ("mask", _FLOAT, ["N", "T"])]
_IMAGE: list[_Input] = [("image", _BYTE, ["N", 8, 6, 3])]


def write_network(
    path: Path, inputs: list[_Input], *, opset: int = 18, ir: int = 8, softmax: bool = False, classes: int = 5
) -> Path:
    """A network of the given inputs: mean of everything times a row of weights."""
    first, kind, shape = inputs[0]
    axes = list(range(1, len(shape)))
    nodes = [helper.make_node("Cast", [first], ["float"], to=_FLOAT)] if kind == _BYTE else []
    source = "float" if nodes else first
    if opset >= 18:
        nodes.append(helper.make_node("ReduceMean", [source, "axes"], ["mean"], keepdims=0))
        extra = [numpy_helper.from_array(np.array(axes, np.int64), "axes")]
    else:
        nodes.append(helper.make_node("ReduceMean", [source], ["mean"], keepdims=0, axes=axes))
        extra = []
    nodes.append(helper.make_node("Reshape", ["mean", "column"], ["m"]))
    last = "scores" if softmax else "out"
    nodes.append(helper.make_node("MatMul", ["m", "weights"], [last]))
    if softmax:
        nodes.append(helper.make_node("Softmax", ["scores"], ["out"], axis=1))
    weights = [
        *extra,
        numpy_helper.from_array(np.array([-1, 1], np.int64), "column"),
        numpy_helper.from_array(np.arange(1, classes + 1, dtype=np.float32)[None], "weights"),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(*entry) for entry in inputs],
        [helper.make_tensor_value_info("out", _FLOAT, ["N", classes])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_hand_sequence_network_is_recognised(tmp_path: Path) -> None:
    file = read_onnx(write_network(tmp_path / "a.onnx", _HANDS))
    assert (file.task, file.classes, file.output) == ("hand-sequence", 5, "logits")
    assert file.contract.window is not None and file.contract.window.frames == 30
    assert file.contract.tensors[0].shape == (None, None, 2, 21, 3)


def test_fixed_sizes_are_kept(tmp_path: Path) -> None:
    inputs: list[_Input] = [("landmarks", _FLOAT, [1, 45, 2, 21, 3]), ("mask", _FLOAT, [1, 45])]
    file = read_onnx(write_network(tmp_path / "a.onnx", inputs))
    assert file.contract.window is not None and file.contract.window.frames == 45
    assert file.contract.tensors[1].shape == (1, 45)


def test_an_image_network_is_recognised_and_softmax_means_probabilities(tmp_path: Path) -> None:
    file = read_onnx(write_network(tmp_path / "a.onnx", _IMAGE, softmax=True))
    assert (file.task, file.output, file.contract.image_size) == ("image", "probabilities", (8, 6))


@pytest.mark.parametrize(
    "inputs",
    [
        [("image", _FLOAT, ["N", 8, 6, 3])],
        [("image", _BYTE, ["N", 3, 8, 6])],
        [("image", _BYTE, ["N", "H", "W", 3])],
        [("input", _BYTE, ["N", 8, 6, 3])],
        [("image", _BYTE, [4, 8, 6, 3])],
        [("landmarks", _FLOAT, ["N", "T", 126]), ("mask", _FLOAT, ["N", "T"])],
        [("landmarks", _FLOAT, ["N", 30, 2, 21, 3]), ("mask", _FLOAT, ["N", 20])],
        [("landmarks", _FLOAT, ["N", "T", 2, 21, 3])],
    ],
)
def test_other_inputs_are_refused_with_what_was_expected_and_found(tmp_path: Path, inputs: list[_Input]) -> None:
    path = write_network(tmp_path / "a.onnx", inputs)
    with pytest.raises(InputError) as caught:
        read_onnx(path)
    text = str(caught.value)
    assert str(path) in text and "has other inputs; expected landmarks float32 (N, T, 2, 21, 3)" in text
    assert f"found {inputs[0][0]} " in text and "\n" not in text


def test_free_axes_must_be_the_same_for_mask_and_landmarks_or_both_free(tmp_path: Path) -> None:
    inputs: list[_Input] = [("landmarks", _FLOAT, ["N", 30, 2, 21, 3]), ("mask", _FLOAT, ["N", "T"])]
    with pytest.raises(InputError, match="other inputs"):
        read_onnx(write_network(tmp_path / "a.onnx", inputs))


def test_an_old_opset_is_upgraded_and_computes_the_same(tmp_path: Path) -> None:
    file = read_onnx(write_network(tmp_path / "a.onnx", _IMAGE, opset=13, ir=7))
    assert onnx.load_from_string(file.model).opset_import[0].version == 18
    assert "13" in file.notes[0]
    feeds = {"image": np.arange(2 * 8 * 6 * 3, dtype=np.uint8).reshape(2, 8, 6, 3)}
    have, want = (OnnxEngine(data).run(feeds)["out"] for data in (file.model, file.original))
    np.testing.assert_allclose(have, want)


def test_a_new_ir_is_written_as_one_that_devices_read(tmp_path: Path) -> None:
    file = read_onnx(write_network(tmp_path / "a.onnx", _IMAGE, ir=12))
    assert onnx.load_from_string(file.model).ir_version == 10


def test_a_newer_opset_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"too new.*opset <= 20; found opset 21.*opset_version=18"):
        read_onnx(write_network(tmp_path / "a.onnx", _IMAGE, opset=21, ir=10))


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x08\x12"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a valid ONNX file"):
        read_onnx(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write_network(tmp_path / "a.onnx", _IMAGE)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="not a valid ONNX file"):
        read_onnx(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_onnx(tmp_path / "none.onnx")


def test_operators_of_others_are_refused(tmp_path: Path) -> None:
    path = write_network(tmp_path / "a.onnx", _IMAGE)
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    next(n for n in model.graph.node if n.op_type == "MatMul").domain = "com.microsoft"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=r"com\.microsoft"):
        read_onnx(path)
