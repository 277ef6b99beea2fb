"""ONNX Runtime as an engine, on a network of two nodes."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from edge.engines import OnnxEngine, TensorSpec
from edge.errors import EngineError


@pytest.fixture(scope="module")
def doubling() -> bytes:
    """``x`` float32 (n, 3) -> ``y`` = 2 x."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_it_runs_and_says_what_it_takes(doubling):
    engine = OnnxEngine(doubling, threads=2)
    assert engine.inputs == (TensorSpec("x", "float32", (None, 3)),)
    assert engine.outputs == (TensorSpec("y", "float32", (None, 3)),)
    assert engine.run({"x": np.ones((2, 3), np.float32)})["y"].tolist() == [[2] * 3] * 2
    assert "2 threads" in engine.name


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_it_has_the_threads_asked_for_and_none_of_them_spins(doubling, monkeypatch, threads):
    seen = []
    session = ort.InferenceSession

    def remember(model, options, **rest):
        seen.append(options)
        return session(model, options, **rest)

    monkeypatch.setattr(ort, "InferenceSession", remember)
    OnnxEngine(doubling, threads=threads)
    assert [options.intra_op_num_threads for options in seen] == [threads]
    assert seen[0].inter_op_num_threads == 1
    assert seen[0].get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({}, "input missing"),
        ({"z": np.ones((1, 3), np.float32)}, "input missing"),
        ({"x": np.ones((1, 4), np.float32)}, "input does not fit"),
        ({"x": np.ones((1, 3), np.float64)}, "input does not fit"),
    ],
)
def test_what_does_not_fit_is_named(doubling, feeds, message):
    with pytest.raises(EngineError, match=message):
        OnnxEngine(doubling, label="doubler").run(feeds)


def test_something_else_is_no_network():
    with pytest.raises(EngineError, match=r"notes: .*cannot load the network"):
        OnnxEngine(b"not a network", label="notes")


def test_a_closed_engine_says_so(doubling):
    engine = OnnxEngine(doubling)
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.run({"x": np.ones((1, 3), np.float32)})
