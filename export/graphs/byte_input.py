"""Pictures that stay bytes up to the first convolution of an int8 graph.

A network on pictures begins with (x - mean) / deviation in float at full size, which is quantised back to bytes for
the first convolution: a sixth of ResNet-18's int8 time. The deviation goes into that convolution's weights; the mean
becomes the zero point of its input, one whole number for all three colours, and what a colour's mean differs from it
goes into the bias. Then the picture itself is the convolution's input (`rewire`), without any rounding.

Where a convolution pads, its border of zeros now stands for that one number: colours' means may differ from it by
`_RIM` deviations at most, else the graph is left as it is. ImageNet's differ by 0.2, and only the outermost places of
the first maps see it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from edge.types import AnyArray, FloatArray

_RIM = 0.25
_CHAIN = ("Cast", "Mul", "Add", "Transpose")


@dataclass(frozen=True, slots=True)
class ByteInput:
    """``tensor`` holds x - ``zero`` as floats, in the order that the convolutions read."""

    tensor: str
    zero: int

    @property
    def overrides(self) -> dict[str, list[dict[str, AnyArray]]]:
        """What ONNX Runtime's quantiser is told: a step is 1."""
        return {self.tensor: [{"scale": np.array(1, np.float32), "zero_point": np.array(self.zero, np.uint8)}]}


def fold_normalisation(proto: onnx.ModelProto) -> ByteInput | None:
    """Fold a float32 graph's normalisation of a uint8 picture (N, H, W, C) into its first convolutions, in place; None,
    and nothing is changed, where the graph does not begin like that."""
    graph = proto.graph
    chain = _chain(graph)
    if chain is None:
        return None
    cast, scaled, shifted, turned = chain
    constants = _constants(graph)
    scale, shift = (_per_colour(node, constants) for node in (scaled, shifted))
    readers = [node for node in graph.node if turned.output[0] in node.input]
    if scale is None or shift is None or not readers or not all(_foldable(node, constants) for node in readers):
        return None
    mean = -shift / scale
    zero = int(np.clip(np.round(mean.mean()), 0, 255))
    offset = scale * (zero - mean)
    if np.abs(offset).max() > _RIM and any(_pads(node) for node in readers):
        return None
    for node in readers:
        weights = constants[node.input[1]].astype(np.float64)
        bias = constants[node.input[2]].astype(np.float64) if len(node.input) > 2 else np.zeros(len(weights))
        folded = (weights * scale.reshape(1, -1, 1, 1), bias + (weights.sum(axis=(2, 3)) * offset).sum(axis=1))
        names = [f"{node.name}/{part}_of_bytes" for part in ("weights", "bias")]
        graph.initializer.extend(
            numpy_helper.from_array(value.astype(np.float32), name) for value, name in zip(folded, names, strict=True)
        )
        node.input[:] = [node.input[0], *names]
    graph.initializer.append(numpy_helper.from_array(np.array(-zero, np.float32), f"{shifted.name}/zero"))
    shifted.input[:] = [cast.output[0], f"{shifted.name}/zero"]
    graph.node.remove(scaled)
    _drop_unused(graph)
    return ByteInput(turned.output[0], zero)


def rewire(proto: onnx.ModelProto, found: ByteInput) -> None:
    """In the quantised graph of what `fold_normalisation` made, hand the picture's bytes to the convolutions."""
    graph = proto.graph
    (turned,) = (node for node in graph.node if found.tensor in node.output)
    (quantised,) = (node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] == found.tensor)
    place = list(graph.node).index(quantised)
    picture = graph.input[0].name
    direct = helper.make_node("Transpose", [picture], list(quantised.output), name=f"{turned.name}/bytes")
    direct.attribute.extend(turned.attribute)
    graph.node.remove(quantised)
    graph.node.insert(place, direct)
    _drop_unused(graph)


def _chain(graph: onnx.GraphProto) -> tuple[NodeProto, NodeProto, NodeProto, NodeProto] | None:
    """The nodes from the picture to the first convolutions, each read by the next alone."""
    if len(graph.input) != 1 or graph.input[0].type.tensor_type.elem_type != TensorProto.UINT8:
        return None
    name, found = graph.input[0].name, []
    for kind in _CHAIN:
        readers = [node for node in graph.node if name in node.input]
        if len(readers) != 1 or readers[0].op_type != kind:
            return None
        found.append(readers[0])
        name = readers[0].output[0]
    cast, scaled, shifted, turned = found
    order = next((list(a.ints) for a in turned.attribute if a.name == "perm"), [])
    return (cast, scaled, shifted, turned) if order == [0, 3, 1, 2] else None


def _constants(graph: onnx.GraphProto) -> dict[str, FloatArray]:
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            values[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return values


def _per_colour(node: NodeProto, constants: dict[str, FloatArray]) -> FloatArray | None:
    """The constant operand (..., C) of a node on (N, H, W, C); None where it is anything else."""
    values = [constants[name] for name in node.input if name in constants]
    if len(values) != 1 or values[0].ndim == 0 or values[0].size != values[0].shape[-1]:
        return None
    return values[0].reshape(-1).astype(np.float64)


def _foldable(node: NodeProto, constants: dict[str, FloatArray]) -> bool:
    alone = next((a.i for a in node.attribute if a.name == "group"), 1) == 1
    return node.op_type == "Conv" and alone and all(name in constants for name in node.input[1:])


def _pads(node: NodeProto) -> bool:
    by_itself = any(a.s not in (b"NOTSET", b"VALID") for a in node.attribute if a.name == "auto_pad")
    return by_itself or any(any(a.ints) for a in node.attribute if a.name == "pads")


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Take out nodes and weights that nothing reads."""
    wanted = {output.name for output in graph.output}
    kept: list[NodeProto] = []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted.update(node.input)
            kept.append(node)
    weights = [tensor for tensor in graph.initializer if tensor.name in wanted]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(weights)
