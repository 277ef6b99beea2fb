"""TFLite networks to ONNX: MediaPipe's palm, hand and face networks for any ONNX runtime.

`convert_tflite` reads the file (`tflite_onnx_read`), emits one ONNX node or a few per operator (`tflite_onnx_nodes`),
and puts the picture's preprocessing in front: the converted network takes the uint8 RGB picture as it comes and
scales it itself (DESIGN §2). Pictures are channels-last in TFLite and channels-first in ONNX; only the input, and the
maps that a RESHAPE flattens, are ever transposed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper

from edge.errors import InputError
from export.graphs.tflite_onnx_nodes import NodeWriter
from export.graphs.tflite_onnx_read import TfliteOperator, read_tflite

OPSET = 18
IR_VERSION = 10


def convert_tflite(
    data: bytes,
    *,
    label: str,
    outputs: Mapping[str, str],
    value_range: tuple[float, float],
    metadata: Mapping[str, str],
) -> onnx.ModelProto:
    """Convert a float TFLite network with one picture as input.

    ``outputs`` maps the TFLite outputs to keep to their names in ONNX; what only the others need is left out.
    ``value_range`` is what pixel values 0 and 255 become before the first layer. The ONNX input is ``image``, uint8
    (1, H, W, 3), RGB; outputs are float32 in TFLite's shapes. ``metadata`` goes into the file's properties.

    Raises InputError when the file is no TFLite network, has other inputs or outputs, or uses an unknown operator.
    """
    graph = read_tflite(data, label)
    shape = graph.shapes[graph.inputs[0]]
    if len(graph.inputs) != 1 or len(shape) != 4 or shape[3] != 3:
        raise InputError("unexpected input", where=label, expected="one picture (1, H, W, 3)", found=shape)
    by_name = {graph.names[i]: i for i in graph.outputs}
    if missing := sorted(set(outputs) - set(by_name)):
        raise InputError("outputs are missing", where=label, expected=missing, found=sorted(by_name))

    writer = NodeWriter(graph, label)
    writer.picture("image", value_range)
    needed = _needed(graph.operators, {by_name[name] for name in outputs})
    for position, operator in enumerate(graph.operators):
        if position in needed:
            writer.operator(operator)
    for name, renamed in outputs.items():
        writer.output(by_name[name], renamed)

    model = helper.make_model(
        helper.make_graph(
            writer.nodes,
            label,
            [helper.make_tensor_value_info("image", TensorProto.UINT8, shape)],
            [
                helper.make_tensor_value_info(renamed, TensorProto.FLOAT, graph.shapes[by_name[name]])
                for name, renamed in outputs.items()
            ],
            [onnx.numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in writer.constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="fingerpost",
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return model


def _needed(operators: tuple[TfliteOperator, ...], wanted: set[int]) -> set[int]:
    needed: set[int] = set()
    for position in reversed(range(len(operators))):
        if wanted.intersection(operators[position].outputs):
            needed.add(position)
            wanted.update(operators[position].inputs)
    return needed
