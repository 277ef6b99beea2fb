"""Half arithmetic on a CPU, the bound it must keep, and what TensorRT wants of a picture's graph."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.engines import OnnxEngine
from edge.errors import CheckFailedError
from export.graphs import half, parity
from export.graphs.fp16 import pictures_first, to_fp16


def test_results_are_rounded_and_overflow_although_the_processor_computes_in_float32() -> None:
    graph = to_fp16(_product([[1.0, 0.0], [0.0, 300.0]])).model
    have = half.run_in_half(graph, {"x": np.array([[1 / 3, 1.0], [1.0, 300.0]], np.float32)}, label="x")["y"]
    assert have[0, 0] == np.float32(np.float16(1 / 3)) != np.float32(1 / 3)
    assert have[0, 1] == 300 and np.isinf(have[1, 1])
    assert np.isfinite(OnnxEngine(graph).run({"x": np.array([[1.0, 300.0]], np.float32)})["y"]).all(), "its own way"


def test_recurrent_layers_are_rounded_at_each_step() -> None:
    rng = np.random.default_rng(0)
    graph = _recurrent(rng)
    small = to_fp16(graph).model
    assert half.chosen(small, 100).size < 100 == half.chosen(_product([[1.0]]), 100).size
    given = {"x": rng.normal(size=(20, 2, 3)).astype(np.float32)}
    want = OnnxEngine(graph).run(given)["y"]
    have = half.run_in_half(small, given, label="lstm")["y"]
    assert 1e-5 < np.abs(have - want).max() < 5e-3


def _recurrent(rng: np.random.Generator) -> bytes:
    weights = {"W": (1, 16, 3), "R": (1, 16, 4), "B": (1, 32)}
    graph = helper.make_graph(
        [helper.make_node("LSTM", ["x", *weights], ["y"], name="lstm", hidden_size=4)],
        "recurrent",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["T", "N", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["T", 1, "N", 4])],
        [numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name) for name, shape in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


def test_the_bound_is_on_labels_and_probabilities_not_on_logits() -> None:
    want = np.array([[9.0, 1.0, 0.0], [0.0, 40.0, 1.0]], np.float32)
    parity.check_fp16(want, want + np.float32([[0.05, 0, 0], [0, 3, 0]]), logits=True, label="m")
    with pytest.raises(CheckFailedError, match=r"loses accuracy in fp16.*0\.0242"):
        even = np.zeros((1, 2), np.float32)
        parity.check_fp16(even, even + np.float32([[0.097, 0]]), logits=True, label="m")
    with pytest.raises(CheckFailedError, match=r"99\.0%"):
        probabilities = np.tile(np.float32([[0.505, 0.495]]), (100, 1))
        other = probabilities.copy()
        other[0] = [0.495, 0.505]
        parity.check_fp16(probabilities, other, logits=False, label="m")
    with pytest.raises(CheckFailedError, match="overflows in fp16"):
        parity.check_fp16(want, np.full_like(want, np.nan), logits=True, label="m")


def test_a_picture_is_cast_before_it_is_moved_about() -> None:
    before = _picture()
    after = pictures_first(before)
    graph = onnx.load_from_string(after).graph
    users = [node.op_type for node in graph.node if "image" in node.input]
    assert users == ["Cast"] and graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8
    image = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    want, have = (OnnxEngine(model).run({"image": image})["y"] for model in (before, after))
    np.testing.assert_array_equal(have, want)
    assert pictures_first(after) == after


def _product(weight: list[list[float]]) -> bytes:
    size = len(weight)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="matmul")],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", size])],
        [numpy_helper.from_array(np.array(weight, np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


def _picture() -> bytes:
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["image"], ["moved"], perm=[0, 3, 1, 2]),
            helper.make_node("Cast", ["moved"], ["y"], to=TensorProto.FLOAT),
        ],
        "picture",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 2, 2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 2, 2])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()
