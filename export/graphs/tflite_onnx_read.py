"""Read a float TFLite file into plain operators and numpy constants.

Only what MediaPipe's hand and face networks use is understood; anything else is refused by name, since a guess here
would become wrong landmarks on a device. Weights stored as fp16 behind DEQUANTIZE come out as the fp32 values that
TFLite itself computes with, and the DEQUANTIZE operators are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

from edge.errors import InputError
from edge.types import AnyArray

_OPERATOR_NAMES = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
_ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: "",
    tflite.ActivationFunctionType.RELU: "Relu",
    tflite.ActivationFunctionType.RELU6: "Relu6",
}
_DTYPES: Mapping[int, np.dtype[Any]] = {
    tflite.TensorType.FLOAT32: np.dtype("<f4"),
    tflite.TensorType.FLOAT16: np.dtype("<f2"),
    tflite.TensorType.INT32: np.dtype("<i4"),
}
_OPTIONS: Mapping[str, Any] = {
    "CONV_2D": tflite.Conv2DOptions,
    "DEPTHWISE_CONV_2D": tflite.DepthwiseConv2DOptions,
    "MAX_POOL_2D": tflite.Pool2DOptions,
    "ADD": tflite.AddOptions,
    "CONCATENATION": tflite.ConcatenationOptions,
    "FULLY_CONNECTED": tflite.FullyConnectedOptions,
    "RESIZE_BILINEAR": tflite.ResizeBilinearOptions,
    "MEAN": tflite.ReducerOptions,
}


@dataclass(frozen=True, slots=True)
class TfliteOperator:
    """One operator: indices of its tensors, its fused activation (``""``, ``"Relu"``, ``"Relu6"``), its options."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    activation: str
    options: Any


@dataclass(frozen=True, slots=True)
class TfliteGraph:
    """The first subgraph of a file: tensors by index; ``constants`` holds those with values, fp32 or int32."""

    operators: tuple[TfliteOperator, ...]
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    constants: Mapping[int, AnyArray]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_tflite(data: bytes, label: str) -> TfliteGraph:
    """Parse ``data``, already trusted by its hash; ``label`` names it in errors.

    Raises InputError when it is no TFLite file or uses something that is not understood.
    """
    if data[4:8] != b"TFL3":
        raise InputError("not a TFLite network", where=label, expected="the mark TFL3", found=data[4:8])
    model = tflite.Model.GetRootAsModel(data, 0)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
    constants = {i: c for i, t in enumerate(tensors) if (c := _constant(model, t, label)) is not None}
    operators = []
    for i in range(graph.OperatorsLength()):
        operator = _operator(model, graph.Operators(i), label)
        if operator.kind == "DEQUANTIZE":
            constants[operator.outputs[0]] = constants[operator.inputs[0]].astype(np.float32)
        else:
            operators.append(operator)
    return TfliteGraph(
        operators=tuple(operators),
        names=tuple(t.Name().decode() for t in tensors),
        shapes=tuple(tuple(int(n) for n in t.ShapeAsNumpy()) if t.ShapeLength() else () for t in tensors),
        constants=constants,
        inputs=tuple(int(graph.Inputs(i)) for i in range(graph.InputsLength())),
        outputs=tuple(int(graph.Outputs(i)) for i in range(graph.OutputsLength())),
    )


def _constant(model: Any, tensor: Any, label: str) -> AnyArray | None:
    buffer = model.Buffers(tensor.Buffer())
    if buffer.DataLength() == 0:
        return None
    dtype = _DTYPES.get(tensor.Type())
    if dtype is None:
        raise InputError(
            "constant of an unknown type",
            where=f"{label}, tensor {tensor.Name().decode()}",
            expected="float32, float16 or int32",
            found=f"TFLite type {tensor.Type()}",
        )
    values: AnyArray = np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype)
    return values.reshape(tensor.ShapeAsNumpy())


def _operator(model: Any, raw: Any, label: str) -> TfliteOperator:
    code = model.OperatorCodes(raw.OpcodeIndex())
    # Files older than TFLite 2.4 hold the operator in the deprecated one-byte field only.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = _OPERATOR_NAMES.get(number, str(number))
    options, activation = None, ""
    if (table := _OPTIONS.get(kind)) is not None and raw.BuiltinOptions() is not None:
        options = table()
        options.Init(raw.BuiltinOptions().Bytes, raw.BuiltinOptions().Pos)
        if hasattr(options, "FusedActivationFunction"):
            fused = options.FusedActivationFunction()
            if fused not in _ACTIVATIONS:
                raise InputError("unknown fused activation", where=f"{label}, {kind}", found=fused)
            activation = _ACTIVATIONS[fused]
    return TfliteOperator(
        kind=kind,
        inputs=tuple(int(raw.Inputs(i)) for i in range(raw.InputsLength())),
        outputs=tuple(int(raw.Outputs(i)) for i in range(raw.OutputsLength())),
        activation=activation,
        options=options,
    )
