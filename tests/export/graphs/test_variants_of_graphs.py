"""int8 and fp16 graphs: what is converted, what stays float, and that both still compute the same."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from edge.bundle.manifest import InputContract
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError, InputError
from export.graphs import parity
from export.graphs.fp16 import to_fp16
from export.graphs.quantize import quantised_nodes, to_int8
from export.graphs.torch_onnx import export_module, sample_inputs
from export.models.registry import families


@pytest.fixture(scope="module", params=[f for f in families() if not f.calibrate], ids=lambda entry: entry.name)
def graph(request: pytest.FixtureRequest) -> tuple[bytes, InputContract]:
    """A family's float32 graph with random weights and the contract."""
    torch.manual_seed(0)
    entry = request.param
    module = entry.build(20, entry.preprocess[-1])
    for parameter in module.parameters():
        parameter.data *= 1.5
    contract = entry.contract(entry.preprocess[-1])
    return export_module(module, contract, label=entry.name), contract


def _in_preprocessing(name: str) -> bool:
    return not name.startswith("/network/")


def test_int8_is_smaller_and_close_and_leaves_preprocessing_and_convolutions_alone(
    graph: tuple[bytes, InputContract],
) -> None:
    model, contract = graph
    small = to_int8(model, keep_float=_in_preprocessing)
    before, after = onnx.load_from_string(model), onnx.load_from_string(small)
    assert len(small) < 0.85 * len(model)
    kept = [n.op_type for n in before.graph.node if _in_preprocessing(n.name) and n.name and n.op_type != "Constant"]
    names = {n.name for n in after.graph.node}
    assert all(n.name in names for n in before.graph.node if _in_preprocessing(n.name) and n.op_type != "Constant")
    assert kept
    assert quantised_nodes(after) >= 3
    count = [sum(n.op_type == "Conv" for n in proto.graph.node) for proto in (before, after)]
    assert count[0] == count[1]
    inputs = sample_inputs(contract, batch=8)
    want, have = (parity.run_each(data, inputs, label="x") for data in (model, small))
    assert 0 < np.abs(want - have).max() < 0.15 * np.abs(want).max()


def test_int8_weights_use_7_bits_so_that_no_processor_saturates(graph: tuple[bytes, InputContract]) -> None:
    proto = onnx.load_from_string(to_int8(graph[0], keep_float=_in_preprocessing))
    weights = [numpy_helper.to_array(t) for t in proto.graph.initializer if t.name.endswith("_quantized")]
    assert len(weights) >= 3
    for weight in weights:
        assert weight.dtype == np.int8
        assert 32 < np.abs(weight.astype(int)).max() <= 64


def test_a_graph_with_nothing_to_quantise_is_said_so() -> None:
    with pytest.raises(InputError, match="nothing in the model can be quantised"):
        to_int8(_masked_add())


def test_a_graph_that_float16_would_not_help_is_said_so() -> None:
    with pytest.raises(InputError, match="nothing in the model can be converted"):
        to_fp16(_masked_add(), keep_float=lambda name: True)


def test_fp16_halves_the_weights_and_keeps_inputs_outputs_and_delicate_nodes(
    graph: tuple[bytes, InputContract],
) -> None:
    model, contract = graph
    half = to_fp16(model, keep_float=_in_preprocessing).model
    proto = onnx.shape_inference.infer_shapes(onnx.load_from_string(half))
    assert len(half) < 0.62 * len(model)
    assert {v.type.tensor_type.elem_type for v in (*proto.graph.input, *proto.graph.output)} == {TensorProto.FLOAT}
    halves = {v.name for v in proto.graph.value_info if v.type.tensor_type.elem_type == TensorProto.FLOAT16}
    for node in proto.graph.node:
        delicate = node.op_type in ("Softmax", "LayerNormalization", "ReduceSum", "ReduceMean", "ReduceMax")
        if delicate or (_in_preprocessing(node.name) and node.op_type != "Cast"):
            assert not halves & set(node.output), node.name
        if node.op_type in ("Conv", "LSTM", "Gemm"):
            assert all(name in halves for name in node.output if name), node.name
    parity.check_loads(half, label="fp16")
    inputs = sample_inputs(contract, batch=8)
    want, have = (parity.run_each(data, inputs, label="x") for data in (model, half))
    assert 0 < np.abs(want - have).max() < 0.02 * np.abs(want).max()


def test_constants_that_float16_cannot_hold_stay_float32() -> None:
    half = to_fp16(_masked_add())
    assert half.notes == ("fp16: big reaches 1e+09, beyond 65504: its node stays float32",)
    have = OnnxEngine(half.model).run({"x": np.ones((1, 4), np.float32)})["y"]
    assert np.isfinite(have).all() and float(have[0, 0]) == pytest.approx(-1e9)


def test_conversions_are_deterministic(graph: tuple[bytes, InputContract]) -> None:
    for convert in (to_int8, to_fp16):
        assert convert(graph[0], keep_float=_in_preprocessing) == convert(graph[0], keep_float=_in_preprocessing)


def _masked_add() -> bytes:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4])
    weights = [
        numpy_helper.from_array(np.eye(4, dtype=np.float32)[:, :, None], "w"),
        numpy_helper.from_array(np.array([-1e9, 0, 0, 0], np.float32), "big"),
        numpy_helper.from_array(np.array([0, -1, 1], np.int64), "three"),
        numpy_helper.from_array(np.array([0, -1], np.int64), "two"),
    ]
    nodes = [
        helper.make_node("Reshape", ["x", "three_d"], ["a"]),
        helper.make_node("Conv", ["a", "w"], ["b"], name="conv"),
        helper.make_node("Reshape", ["b", "two"], ["c"]),
        helper.make_node("Add", ["c", "big"], ["y"]),
    ]
    weights.append(numpy_helper.from_array(np.array([-1, 4, 1], np.int64), "three_d"))
    graph = helper.make_graph(nodes, "masked", [value], [out], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


def test_float32_that_deviates_is_refused() -> None:
    reference = np.eye(4, dtype=np.float32)
    off = parity.compare(reference, reference + 2e-3, against="PyTorch")
    assert off.label_agreement == 1 and off.max_abs_diff == pytest.approx(2e-3)
    with pytest.raises(CheckFailedError, match="fp32 network does not agree with PyTorch"):
        parity.check_fp32(off, label="m")
    parity.check_fp32(parity.compare(reference, reference + 1e-4, against="PyTorch"), label="m")


def test_float32_with_other_labels_is_refused_however_small_the_difference() -> None:
    reference = np.array([[1, 1 + 1e-6], [0, 1]], np.float32)
    other = parity.compare(reference, reference[:, ::-1], against="PyTorch")
    with pytest.raises(CheckFailedError):
        parity.check_fp32(other, label="m")


def test_what_onnxruntime_cannot_load_is_found_in_a_process_of_its_own() -> None:
    with pytest.raises(CheckFailedError, match="cannot load the network"):
        parity.check_loads(b"no network", label="m")
