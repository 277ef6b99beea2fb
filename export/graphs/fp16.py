"""Half precision: what computes much runs in float16, what is delicate stays in float32.

Inputs and outputs stay as they are. Convolutions, matrix products and recurrent layers are converted with their
weights, and so is whatever merely moves or bends their results (activations, additions, reshapes). Preprocessing,
normalisations, softmax and reductions keep float32, and so does any node with a constant that float16 cannot hold (the
-1e9 of a masked softmax). Casts are placed where the two meet, so the graph is *strongly typed*: TensorRT 11 takes
precision from the graph alone, and ONNX Runtime runs the same file. An integer input (a picture) is cast to float32
before anything else: TensorRT takes uint8 at the border of a graph only.

The converter of onnxruntime.transformers is not used: where several operators are blocked it names two casts alike,
which ONNX Runtime refuses to load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from edge.errors import InputError

HEAVY = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN"})
"""Operators that are worth float16 by themselves."""

LIGHT = frozenset(
    "Add Sub Mul Neg Relu LeakyRelu PRelu Clip Tanh Sigmoid HardSigmoid HardSwish Reshape Flatten Squeeze "
    "Unsqueeze Concat Split Slice Gather Expand Pad MaxPool AveragePool Identity DepthToSpace Resize".split()
)
"""Operators that follow the precision of what they are fed.

Transpose is not among them: on x86, ONNX Runtime 1.24 to 1.31 dies of a null pointer when it loads a float16 Transpose
whose result is cast to float32 (microsoft/onnxruntime issue 28392), and a dead process cannot fall back to float32.
"""

DESCRIPTION = "float16 weights and products; inputs, outputs, preprocessing, normalisations and softmax float32"

_LARGEST = float(np.finfo(np.float16).max)
_FLUSHED = 1e-3
"""Share of a weight's values that may become zero unsaid: a few of a million always lie that near to it."""
_HALF = "__fp16"
_WIDE = "__fp32"


@dataclass(frozen=True, slots=True)
class HalfGraph:
    """A converted graph, and ``notes``: the weights that float16 cannot hold, for people."""

    model: bytes
    notes: tuple[str, ...] = ()


def to_fp16(model: bytes, *, keep_float: Callable[[str], bool] = lambda name: False) -> HalfGraph:
    """Convert a serialised float32 graph; ``keep_float(node name)`` exempts nodes. Inputs and outputs keep their types.

    Constants below float16's smallest step become zero, those beyond its largest number keep their node in float32;
    both are noted (of the former, more than one in a thousand). Raises InputError when nothing in the graph is worth
    it.
    """
    proto = onnx.load_from_string(pictures_first(model))
    proto = onnx.shape_inference.infer_shapes(proto)
    _constants_to_initializers(proto.graph)
    halves = _choose(proto.graph, keep_float)
    if not halves:
        raise InputError(
            "nothing in the model can be converted to float16",
            where=proto.graph.name,
            expected=", ".join(sorted(HEAVY)),
            found=", ".join(sorted({node.op_type for node in proto.graph.node}))[:200],
        )
    notes = tuple(_range_notes(proto.graph, halves, keep_float))
    _rewrite(proto.graph, halves)
    del proto.graph.value_info[:]
    onnx.checker.check_model(proto, full_check=True)
    return HalfGraph(bytes(proto.SerializeToString(deterministic=True)), notes)


def pictures_first(model: bytes) -> bytes:
    """The graph with each integer input cast to float32 before it is moved about; unchanged where there is none."""
    proto = onnx.load_from_string(model)
    graph = proto.graph
    casts = []
    for value in graph.input:
        moved = any(value.name in node.input and node.op_type != "Cast" for node in graph.node)
        if value.type.tensor_type.elem_type != TensorProto.UINT8 or not moved:
            continue
        for node in graph.node:
            for position, name in enumerate(node.input):
                if name == value.name:
                    node.input[position] = value.name + _WIDE
        casts.append(_cast(value.name, value.name + _WIDE, TensorProto.FLOAT))
    if not casts:
        return model
    nodes = [*casts, *graph.node]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    return bytes(proto.SerializeToString(deterministic=True))


def _range_notes(graph: onnx.GraphProto, halves: set[int], keep_float: Callable[[str], bool]) -> Iterator[str]:
    """One line for each weight that float16 cannot hold: what is beyond its range, what becomes zero."""
    users = {name: index for index, node in enumerate(graph.node) for name in node.input}
    for tensor in graph.initializer:
        index = users.get(tensor.name)
        if tensor.data_type != TensorProto.FLOAT or index is None:
            continue
        values = numpy_helper.to_array(tensor)
        if index in halves:
            lost = int(((values != 0) & (values.astype(np.float16) == 0)).sum())
            if lost > _FLUSHED * values.size:
                yield f"fp16: {lost} of {values.size} values of {tensor.name} become 0"
        elif (
            graph.node[index].op_type in HEAVY | LIGHT and not _fits(tensor) and not keep_float(graph.node[index].name)
        ):
            largest = float(np.abs(values).max())
            yield f"fp16: {tensor.name} reaches {largest:.3g}, beyond {_LARGEST:.0f}: its node stays float32"


def _constants_to_initializers(graph: onnx.GraphProto) -> None:
    kept = []
    for node in graph.node:
        value = next((a.t for a in node.attribute if a.name == "value"), None)
        if node.op_type == "Constant" and value is not None:
            tensor = TensorProto()
            tensor.CopyFrom(value)
            tensor.name = node.output[0]
            graph.initializer.append(tensor)
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _float_names(graph: onnx.GraphProto) -> set[str]:
    typed = [*graph.input, *graph.value_info, *graph.output]
    names = {v.name for v in typed if v.type.tensor_type.elem_type == TensorProto.FLOAT}
    return names | {t.name for t in graph.initializer if t.data_type == TensorProto.FLOAT}


def _choose(graph: onnx.GraphProto, keep_float: Callable[[str], bool]) -> set[int]:
    """Positions of the nodes that become float16."""
    floats = _float_names(graph)
    fits = {t.name: _fits(t) for t in graph.initializer if t.data_type == TensorProto.FLOAT}
    halves: set[int] = set()
    made_half: set[str] = set()
    for index, node in enumerate(graph.node):
        inputs = [name for name in node.input if name in floats]
        moving = [name for name in inputs if name not in fits]
        allowed = node.op_type in HEAVY or (
            node.op_type in LIGHT and bool(moving) and all(name in made_half for name in moving)
        )
        typed = all(name in floats for name in node.output if name) and bool(inputs)
        if allowed and typed and not keep_float(node.name) and all(fits.get(name, True) for name in inputs):
            halves.add(index)
            made_half.update(name for name in node.output if name)
    return halves


def _fits(tensor: TensorProto) -> bool:
    values = numpy_helper.to_array(tensor)
    return bool(values.size == 0 or np.abs(values).max() <= _LARGEST)


def _rewrite(graph: onnx.GraphProto, halves: set[int]) -> None:
    floats = _float_names(graph)
    weights = {t.name: t for t in graph.initializer}
    made_half = {name for i in halves for name in graph.node[i].output if name}
    wanted = {v.name for v in graph.output} | {name for node in graph.node for name in _names_in_subgraphs(node)}
    wanted |= {name for i, node in enumerate(graph.node) if i not in halves for name in node.input}
    halved: set[str] = set()
    nodes: list[NodeProto] = []
    for index, node in enumerate(graph.node):
        if index not in halves:
            nodes.append(node)
            continue
        for position, name in enumerate(node.input):
            if name not in floats:
                continue
            if name not in halved and name not in made_half:
                if name in weights:
                    graph.initializer.append(_half_tensor(weights[name]))
                else:
                    nodes.append(_cast(name, name + _HALF, TensorProto.FLOAT16))
                halved.add(name)
            node.input[position] = name + _HALF
        back = [name for name in node.output if name and name in wanted]
        for position, name in enumerate(node.output):
            if name:
                node.output[position] = name + _HALF
        nodes.append(node)
        nodes.extend(_cast(name + _HALF, name, TensorProto.FLOAT) for name in back)
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in (*node.input, *_names_in_subgraphs(node))}
    kept = [t for t in graph.initializer if t.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _half_tensor(tensor: TensorProto) -> TensorProto:
    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name + _HALF)


def _cast(source: str, target: str, to: int) -> NodeProto:
    return helper.make_node("Cast", [source], [target], name=f"{target}/cast", to=to)


def _names_in_subgraphs(node: NodeProto) -> Iterator[str]:
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from inner.input
                yield from _names_in_subgraphs(inner)
            yield from (value.name for value in graph.output)
