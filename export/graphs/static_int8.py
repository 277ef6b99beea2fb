"""Static int8 for networks whose time goes into convolutions: weights and activations are bytes, with ranges that are
measured once on calibration pictures.

ONNX Runtime's quantiser writes the graph (QDQ: every operator between DequantizeLinear and QuantizeLinear, fused when
it is loaded), with weights of 7 bits for the reason that `export.graphs.quantize` gives, one scale per output channel.
What it cannot know is done here before:

* A batch norm that no convolution stands directly before (Keras has the activation between) is written as a 1 x 1
  depthwise convolution. There is no batch norm in int8, so every one of them would be a way to float and back: the
  pooled Keras network then takes 22 ms, not 10 (float32: 12 ms; 1 thread, AVX-512 VNNI).
* A picture's normalisation goes into the first convolution, whose input is the picture's bytes (`byte_input`).
* Weights that the exporter shares between nodes through Identity are named directly.
* The last layer stays float where it is a matrix product: it costs next to nothing, and its answers decide.
* A norm that a mean over the picture reads stays float, with the pooling and shortcuts between them. A channel that
  training gave up has a tiny variance, so the norm makes it a hundred times as large as the others, whose steps become
  coarse; most places of a map hold the same value, so its rounding error does not average out.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from edge.errors import InputError
from edge.types import AnyArray
from export.graphs.byte_input import fold_normalisation, rewire

OPERATORS = (
    *("Conv", "Gemm", "MatMul"),
    *("Relu", "Add", "Mul", "MaxPool", "GlobalAveragePool", "Transpose", "Reshape", "Flatten"),
)
DESCRIPTION = (
    "static int8 (QDQ, uint8 activations, 7-bit weights per channel), calibrated; last layer and norms before a "
    "mean float32"
)
_HEAVY = ("Conv", "Gemm", "MatMul")
_MEANS, _BETWEEN = ("ReduceMean", "GlobalAveragePool"), ("MaxPool", "AveragePool", "Add", "Mul")


def to_static_int8(
    model: bytes, calibration: Mapping[str, AnyArray], *, keep_float: Callable[[str], bool] = lambda name: False
) -> bytes:
    """Quantise a serialised float32 graph; ``calibration`` are inputs (N, ...) by name, ``keep_float(node name)``
    exempts nodes. Raises InputError when nothing in the graph can be quantised."""
    proto = onnx.load_from_string(model)
    _name_weights_directly(proto.graph)
    norms = _norms_to_convolutions(proto)
    picture = fold_normalisation(proto)
    heavy = [node for node in proto.graph.node if node.op_type in _HEAVY and not keep_float(node.name)]
    if not heavy:
        raise InputError(
            "nothing in the model can be quantised",
            where=proto.graph.name,
            expected=", ".join(_HEAVY),
            found=", ".join(sorted({node.op_type for node in proto.graph.node}))[:200],
        )
    exempt = {node.name for node in proto.graph.node if keep_float(node.name)} | _before_means(proto.graph, norms)
    if len(heavy) > 1 and heavy[-1].op_type != "Conv":
        exempt.add(heavy[-1].name)
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # the library advises a preprocessing that is done above
    try:
        with tempfile.TemporaryDirectory(prefix="fingerpost-int8-") as folder:
            path = Path(folder) / "int8.onnx"
            quantize_static(
                proto,
                path,
                _OneByOne(calibration),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(OPERATORS),
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=sorted(exempt),
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"TensorQuantOverrides": picture.overrides} if picture else {},
            )
            quantised = onnx.load(path)
    finally:
        logger.setLevel(level)
    if picture:
        rewire(quantised, picture)
    return bytes(quantised.SerializeToString(deterministic=True))


class _OneByOne(CalibrationDataReader):  # type: ignore[misc]  # the library has no types
    """Hands the calibration inputs out as the library asks for them."""

    def __init__(self, inputs: Mapping[str, AnyArray]) -> None:
        self._rest = _rows(inputs)

    def get_next(self) -> dict[str, AnyArray] | None:
        return next(self._rest, None)


def _rows(inputs: Mapping[str, AnyArray]) -> Iterator[dict[str, AnyArray]]:
    for i in range(len(next(iter(inputs.values())))):
        yield {name: array[i : i + 1] for name, array in inputs.items()}


def _name_weights_directly(graph: onnx.GraphProto) -> None:
    weights = {tensor.name for tensor in graph.initializer}
    copies = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Identity" and n.input[0] in weights}
    kept = [node for node in graph.node if node.output[0] not in copies]
    for node in kept:
        for position, name in enumerate(node.input):
            node.input[position] = copies.get(name, name)
    del graph.node[:]
    graph.node.extend(kept)


def _norms_to_convolutions(proto: onnx.ModelProto) -> set[str]:
    """y = s (x - mean) / sqrt(var + eps) + t of maps (N, C, H, W) as a depthwise convolution; the nodes' names."""
    graph = proto.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    inferred = onnx.shape_inference.infer_shapes(proto).graph.value_info
    maps = {value.name for value in inferred if len(value.type.tensor_type.shape.dim) == 4}
    nodes: list[NodeProto] = []
    written: set[str] = set()
    for node in graph.node:
        if node.op_type != "BatchNormalization" or node.input[0] not in maps or not set(node.input[1:]) <= set(weights):
            nodes.append(node)
            continue
        scale, shift, mean, variance = (numpy_helper.to_array(weights[n]).astype("f8") for n in node.input[1:])
        epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
        factor = scale / np.sqrt(variance + epsilon)
        written.add(node.name)
        operands = [f"{node.output[0]}/scale", f"{node.output[0]}/shift"]
        values = (factor.reshape(-1, 1, 1, 1), shift - mean * factor)
        graph.initializer.extend(
            numpy_helper.from_array(value.astype(np.float32), name)
            for name, value in zip(operands, values, strict=True)
        )
        nodes.append(
            helper.make_node(
                "Conv",
                [node.input[0], *operands],
                [node.output[0]],
                name=node.name,
                group=len(factor),
                kernel_shape=[1, 1],
            )
        )
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    return written


def _before_means(graph: onnx.GraphProto, norms: set[str]) -> set[str]:
    """Names of the ``norms`` that a mean over the picture reads, and of the pooling, sums and products between."""
    makers = {output: node for node in graph.node for output in node.output}
    kept: set[str] = set()
    for mean in graph.node:
        if mean.op_type not in _MEANS:
            continue
        passed: set[str] = set()
        ahead = list(mean.input)
        while ahead:
            node = makers.get(ahead.pop())
            if node is None or node.name in passed:
                continue
            if node.name in norms:
                passed.add(node.name)
            elif node.op_type in _BETWEEN:
                passed.add(node.name)
                ahead.extend(node.input)
        if passed & norms:
            kept |= passed
    return kept
