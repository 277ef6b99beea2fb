"""What a float16 graph answers on a machine that computes in float16, found out on a CPU.

ONNX Runtime's CPU provider drops the casts of a float16 graph and computes in float32, where nothing overflows. It
does keep a cast to float16 and back that stands in a float32 graph. So the graph is rewritten: every node computes in
float32 and its result goes through float16, as on a GPU, whose products are summed in float32 and stored in float16.
What is beyond 65504 becomes infinite, what is too small becomes zero.

The state of a recurrent layer is rounded at each step there and only at the end here. Graphs that have such layers are
evaluated by ONNX's own reference implementation, which computes them in float16 from step to step; it is slow.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from edge.engines import OnnxEngine
from edge.errors import InputError
from edge.types import AnyArray

_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
_FEW = 16
"""Inputs of a graph with recurrent layers: the reference implementation takes about a second for each."""
_RAW, _SHORT = "__raw", "__short"


def run_in_half(model: bytes, inputs: Mapping[str, AnyArray], *, label: str) -> dict[str, AnyArray]:
    """Outputs by name, (N, ...), of a float16 graph, one input of the batch at a time; raises EngineError, InputError.

    With recurrent layers: all inputs at once, in the reference implementation.
    """
    proto = onnx.load_from_string(model)
    if _is_recurrent(proto):
        return _evaluated(proto, inputs, label=label)
    engine = OnnxEngine(_rounding(proto), label=label)
    count = len(next(iter(inputs.values())))
    try:
        runs = [engine.run({name: array[i : i + 1] for name, array in inputs.items()}) for i in range(count)]
    finally:
        engine.close()
    return {name: np.concatenate([run[name] for run in runs]) for name in runs[0]}


def chosen(model: bytes, count: int) -> AnyArray:
    """Which of ``count`` inputs to run a float16 graph on: all, or a few where that would take minutes."""
    few = _FEW if _is_recurrent(onnx.load_from_string(model)) else count
    return np.unique(np.linspace(0, count - 1, few).astype(np.int64))


def _is_recurrent(proto: onnx.ModelProto) -> bool:
    return any(node.op_type in _RECURRENT for node in proto.graph.node)


def _evaluated(proto: onnx.ModelProto, inputs: Mapping[str, AnyArray], *, label: str) -> dict[str, AnyArray]:
    names = [value.name for value in proto.graph.output]
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the outputs
            outputs = ReferenceEvaluator(proto).run(None, dict(inputs))
    except Exception as error:  # the reference implementation raises whatever numpy does
        text = str(error).strip().splitlines() or [""]
        found = f"{type(error).__name__}: {text[0][:120]}"
        raise InputError("the float16 network cannot be evaluated", where=label, found=found) from error
    return {name: np.asarray(value) for name, value in zip(names, outputs, strict=True)}


def _rounding(proto: onnx.ModelProto) -> bytes:
    """A float32 graph that rounds where ``proto`` is in float16."""
    proto = onnx.shape_inference.infer_shapes(proto)
    graph = proto.graph
    halves = {v.name for v in graph.value_info if v.type.tensor_type.elem_type == TensorProto.FLOAT16}
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            halves.add(tensor.name)
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    nodes: list[NodeProto] = []
    for node in graph.node:
        to = next((a for a in node.attribute if node.op_type == "Cast" and a.name == "to"), None)
        if to is not None and to.i == TensorProto.FLOAT16:
            to.i = TensorProto.FLOAT
        rounded = [name for name in node.output if name in halves]
        for position, name in enumerate(node.output):
            if name in halves:
                node.output[position] = name + _RAW
        nodes.append(node)
        for name in rounded:
            nodes.append(helper.make_node("Cast", [name + _RAW], [name + _SHORT], to=TensorProto.FLOAT16))
            nodes.append(helper.make_node("Cast", [name + _SHORT], [name], to=TensorProto.FLOAT))
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    return bytes(proto.SerializeToString())
