"""ONNX nodes for the TFLite operators that MediaPipe's hand and face networks use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tflite
from onnx import NodeProto, helper

from edge.errors import InputError
from edge.types import AnyArray
from export.graphs.tflite_onnx_read import TfliteGraph, TfliteOperator

_TO_CHANNELS_FIRST = (0, 3, 1, 2)
_TO_CHANNELS_LAST = (0, 2, 3, 1)


class NodeWriter:
    """Collects ``nodes`` and ``constants`` of the ONNX graph while operators are fed to it in their order.

    Rank-4 values are channels-first here, all others as in TFLite.
    """

    def __init__(self, graph: TfliteGraph, label: str) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, AnyArray] = {}
        self._graph = graph
        self._label = label
        self._names: dict[int, str] = {}
        self._emitters: dict[str, Callable[[TfliteOperator], str]] = {
            "CONV_2D": self._conv,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "PRELU": self._prelu,
            "RELU": lambda op: self._node("Relu", [self._value(op.inputs[0])]),
            "LOGISTIC": lambda op: self._node("Sigmoid", [self._value(op.inputs[0])]),
            "ADD": lambda op: self._node("Add", [self._value(i) for i in op.inputs]),
            "MAX_POOL_2D": self._max_pool,
            "PAD": self._pad,
            "RESIZE_BILINEAR": self._resize,
            "CONCATENATION": self._concat,
            "MEAN": self._mean,
            "RESHAPE": self._reshape,
            "FULLY_CONNECTED": self._fully_connected,
        }

    def picture(self, name: str, value_range: tuple[float, float]) -> None:
        """Bring the uint8 picture into the network's layout and range."""
        low, high = value_range
        turned = self._node("Transpose", [name], perm=_TO_CHANNELS_FIRST)
        value = self._node("Cast", [turned], to=1)
        value = self._node("Mul", [value, self._constant("scale", np.float32((high - low) / 255))])
        if low:
            value = self._node("Add", [value, self._constant("offset", np.float32(low))])
        self._names[self._graph.inputs[0]] = value

    def operator(self, op: TfliteOperator) -> None:
        """Emit one operator."""
        emit = self._emitters.get(op.kind)
        if emit is None:
            known = ", ".join(sorted(self._emitters))
            raise InputError("operator is not supported", where=self._label, expected=known, found=op.kind)
        self._names[op.outputs[0]] = self._activate(emit(op), op.activation)

    def output(self, index: int, name: str) -> None:
        """Give a TFLite output its name and its TFLite layout."""
        value = self._value(index)
        shape = self._graph.shapes[index]
        if len(shape) == 4 and shape[1:3] != (1, 1):
            self.nodes.append(helper.make_node("Transpose", [value], [name], perm=_TO_CHANNELS_LAST))
        elif len(shape) == 4:
            self.nodes.append(
                helper.make_node("Reshape", [value, self._constant(f"{name}_shape", _ints(shape))], [name])
            )
        else:
            self.nodes.append(helper.make_node("Identity", [value], [name]))

    def _conv(self, op: TfliteOperator) -> str:
        return self._any_conv(op, self._weights(op, 1).transpose(0, 3, 1, 2), groups=1)

    def _depthwise(self, op: TfliteOperator) -> str:
        weights = self._weights(op, 1).transpose(3, 0, 1, 2)
        return self._any_conv(op, weights, groups=weights.shape[0] // op.options.DepthMultiplier())

    def _any_conv(self, op: TfliteOperator, weights: AnyArray, *, groups: int) -> str:
        strides = (op.options.StrideH(), op.options.StrideW())
        dilations = (op.options.DilationHFactor(), op.options.DilationWFactor())
        name = self._graph.names[op.outputs[0]]
        return self._node(
            "Conv",
            [
                self._value(op.inputs[0]),
                self._constant(f"{name}_weights", weights),
                self._constant(f"{name}_bias", self._weights(op, 2)),
            ],
            group=groups,
            strides=strides,
            dilations=dilations,
            kernel_shape=weights.shape[2:],
            pads=self._padding(op, weights.shape[2:], strides, dilations),
        )

    def _padding(
        self, op: TfliteOperator, kernel: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...] = (1, 1)
    ) -> list[int]:
        if op.options.Padding() == tflite.Padding.VALID:
            return [0, 0, 0, 0]
        source, target = self._graph.shapes[op.inputs[0]][1:3], self._graph.shapes[op.outputs[0]][1:3]
        total = [
            max((target[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - source[i], 0) for i in range(2)
        ]
        # TFLite puts the odd pixel at the end.
        return [total[0] // 2, total[1] // 2, total[0] - total[0] // 2, total[1] - total[1] // 2]

    def _max_pool(self, op: TfliteOperator) -> str:
        kernel = (op.options.FilterHeight(), op.options.FilterWidth())
        strides = (op.options.StrideH(), op.options.StrideW())
        pads = self._padding(op, kernel, strides)
        return self._node("MaxPool", [self._value(op.inputs[0])], kernel_shape=kernel, strides=strides, pads=pads)

    def _prelu(self, op: TfliteOperator) -> str:
        """``a*x + (1-a)*Relu(x)`` as two 1x1 depthwise convolutions.

        ONNX Runtime has no blocked-layout PRelu, so each one costs two reorders: 18.4 ms for the palm network
        against 11.5 ms in this form, 14.6 ms with Mul and Add (x86, one thread).
        """
        value, name = self._value(op.inputs[0]), self._graph.names[op.outputs[0]]
        slope = self._weights(op, 1).reshape(-1, 1, 1, 1)
        channels = self._graph.shapes[op.inputs[0]][3]
        slope = np.ascontiguousarray(np.broadcast_to(slope, (channels, 1, 1, 1)))
        positive = self._node("Relu", [value])
        weights = self._constant(f"{name}_slope", slope)
        scaled = self._node("Conv", [value, weights], group=channels, kernel_shape=(1, 1))
        weights = self._constant(f"{name}_rest", 1 - slope)
        rest = self._node("Conv", [positive, weights], group=channels, kernel_shape=(1, 1))
        return self._node("Add", [scaled, rest])

    def _pad(self, op: TfliteOperator) -> str:
        pads = self._weights(op, 1)[list(_TO_CHANNELS_FIRST)]
        name = self._graph.names[op.outputs[0]]
        return self._node("Pad", [self._value(op.inputs[0]), self._constant(f"{name}_pads", _ints(pads.T.ravel()))])

    def _resize(self, op: TfliteOperator) -> str:
        mode = "half_pixel" if op.options.HalfPixelCenters() else "asymmetric"
        mode = "align_corners" if op.options.AlignCorners() else mode
        source, target = self._graph.shapes[op.inputs[0]], self._graph.shapes[op.outputs[0]]
        scales = np.array([1, 1, target[1] / source[1], target[2] / source[2]], np.float32)
        name = self._graph.names[op.outputs[0]]
        return self._node(
            "Resize",
            [self._value(op.inputs[0]), "", self._constant(f"{name}_scales", scales)],
            mode="linear",
            coordinate_transformation_mode=mode,
        )

    def _concat(self, op: TfliteOperator) -> str:
        axis, rank = op.options.Axis(), len(self._graph.shapes[op.outputs[0]])
        axis %= rank
        axis = _TO_CHANNELS_FIRST.index(axis) if rank == 4 else axis
        return self._node("Concat", [self._value(i) for i in op.inputs], axis=axis)

    def _mean(self, op: TfliteOperator) -> str:
        axes = sorted(int(a) for a in self._weights(op, 1).ravel())
        if axes != [1, 2]:
            raise InputError("MEAN over other axes", where=self._label, expected="height and width", found=axes)
        pooled = self._node("GlobalAveragePool", [self._value(op.inputs[0])])
        return pooled if op.options.KeepDims() else self._node("Flatten", [pooled])

    def _reshape(self, op: TfliteOperator) -> str:
        value, shape = self._channels_last(op.inputs[0]), self._graph.shapes[op.outputs[0]]
        name = self._graph.names[op.outputs[0]]
        value = self._node("Reshape", [value, self._constant(f"{name}_shape", _ints(shape))])
        return self._node("Transpose", [value], perm=_TO_CHANNELS_FIRST) if len(shape) == 4 else value

    def _fully_connected(self, op: TfliteOperator) -> str:
        value, weights = self._channels_last(op.inputs[0]), self._weights(op, 1)
        name = self._graph.names[op.outputs[0]]
        if len(self._graph.shapes[op.inputs[0]]) != 2:
            flat = self._constant(f"{name}_flat", _ints((-1, weights.shape[1])))
            value = self._node("Reshape", [value, flat])
        operands = [value, self._constant(f"{name}_weights", weights)]
        return self._node("Gemm", [*operands, self._constant(f"{name}_bias", self._weights(op, 2))], transB=1)

    def _channels_last(self, index: int) -> str:
        value, shape = self._value(index), self._graph.shapes[index]
        if len(shape) == 4 and shape[1:3] != (1, 1):
            return self._node("Transpose", [value], perm=_TO_CHANNELS_LAST)
        return value

    def _activate(self, value: str, activation: str) -> str:
        if activation == "Relu":
            return self._node("Relu", [value])
        if activation == "Relu6":
            low, high = self._constant("zero", np.float32(0)), self._constant("six", np.float32(6))
            return self._node("Clip", [value, low, high])
        return value

    def _value(self, index: int) -> str:
        if index in self._names:
            return self._names[index]
        raise InputError("a value is used before it is made", where=self._label, found=self._graph.names[index])

    def _weights(self, op: TfliteOperator, position: int) -> AnyArray:
        index = op.inputs[position]
        if index not in self._graph.constants:
            raise InputError(
                "a constant was expected", where=f"{self._label}, {op.kind}", found=self._graph.names[index]
            )
        return self._graph.constants[index]

    def _constant(self, name: str, value: AnyArray | np.float32) -> str:
        self.constants[name] = np.asarray(value)
        return name

    def _node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name


def _ints(values: Any) -> AnyArray:
    return np.array([int(v) for v in values], np.int64)
