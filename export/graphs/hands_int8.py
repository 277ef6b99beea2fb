"""The hand network in int8: static, with ranges that were measured once and are kept beside this module.

What is done, and why:

* Weights have one scale per output channel. Those of 1x1 convolutions get seven bits: they run as matrix products,
  whose pairwise sums saturate with eight on AVX2 processors without VNNI; with seven, every processor computes the
  same. Depthwise ones are summed up in 32 bits everywhere and get eight, which halves the error on difficult hands.
* The first bottleneck stays float. Its convolutions run over 3 and 24 channels, where int8 is slower than float, and
  rounding there cost more accuracy than in all other layers together.
* In the second bottleneck the channels' ranges differ by a factor of 100, so each channel is scaled to fill the common
  one; the next convolution's weights take the factor back.
* A ReLU6 needs no node of its own: the quantised range begins at 0 and ends at 6 or below.
* The heads (three small matrix products) stay float.

``hand_ranges.json`` is written by ``python -m export.graphs.hands_calibration``; with it the same bytes come out
everywhere, without pictures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

from edge.errors import InputError
from edge.types import AnyArray, FloatArray

RANGES_FILE = Path(__file__).with_name("hand_ranges.json")
QUANTIZATION = (
    "static QDQ, uint8 activations, weights per channel (depthwise 8 bits, others 7), first bottleneck and heads float"
)

_DENSE_LIMIT, _DEPTHWISE_LIMIT = 63, 127
"""Largest integer of a weight."""
_BIAS_LIMIT = 2**30
_RELU6 = 6.0
_HEADROOM = 1.2
"""Of a channel's largest value seen: what a picture beyond the calibration may still use."""
_LARGEST_GAIN = 32.0
_MEASURED = ("Conv", "Add", "GlobalAveragePool", "MaxPool")


@dataclass(frozen=True, slots=True)
class HandRanges:
    """What calibration measured: (low, high) of each activation, and the largest value of each channel of a few."""

    network: str
    sha256: str
    pictures: str
    ranges: Mapping[str, tuple[float, float]]
    channels: Mapping[str, tuple[float, ...]]


def read_ranges(path: Path = RANGES_FILE) -> HandRanges:
    """The kept ranges. Raises InputError when the file is damaged."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return HandRanges(
            network=raw["network"],
            sha256=raw["sha256"],
            pictures=raw["pictures"],
            ranges={name: (float(low), float(high)) for name, (low, high) in raw["ranges"].items()},
            channels={name: tuple(map(float, values)) for name, values in raw["channels"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("activation ranges cannot be read", where=path, found=error) from error


def float_prefix(model: onnx.ModelProto) -> set[str]:
    """Outputs of the nodes that stay float: up to the first convolution without activation, a bottleneck's end."""
    kept: set[str] = set()
    users = _users(model)
    for node in model.graph.node:
        kept.add(node.output[0])
        if node.op_type == "Conv" and not _clips(users.get(node.output[0], [])):
            return kept
    raise InputError("not a hand network", where=model.graph.name, expected="bottlenecks", found="none")


def quantised_points(model: onnx.ModelProto) -> list[str]:
    """The activations that become int8, in the order of the graph: an activation's, where one follows."""
    prefix, users = float_prefix(model), _users(model)
    points = []
    for node in model.graph.node:
        output = node.output[0]
        if node.op_type in _MEASURED and (output not in prefix or not _clips(users.get(output, []))):
            points.append(_clipped(output, users))
    first_int8 = next(i for i, node in enumerate(model.graph.node) if node.output[0] not in prefix)
    last_float = model.graph.node[first_int8 - 1].output[0]
    return [p for p in points if p == last_float or p not in prefix]


def scaled_points(model: onnx.ModelProto) -> list[str]:
    """The activations whose channels are scaled: the two ReLU6 of the second bottleneck."""
    points = [p for p in quantised_points(model) if p.startswith("clip")]
    return points[:2]


def quantise_hand(model: onnx.ModelProto, kept: HandRanges) -> onnx.ModelProto:
    """The int8 variant of a converted hand network. Raises InputError when the ranges are of another network."""
    points = quantised_points(model)
    if set(points) != set(kept.ranges) or set(kept.channels) != set(scaled_points(model)):
        raise InputError(
            "activation ranges are of another graph",
            where=model.graph.name,
            expected=f"{len(points)} activations, {points[0]} to {points[-1]}",
            found=f"{len(kept.ranges)} of {kept.network}",
            remedy="calibrate again: python -m export.graphs.hands_calibration --data DIR",
        )
    ranges = {name: (min(low, 0.0), max(high, 1e-6)) for name, (low, high) in kept.ranges.items()}
    weights = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    for point, largest in kept.channels.items():
        ranges[point] = (0.0, _scale_channels(model, weights, point, np.array(largest, np.float32)))
    writer = _QdqWriter(weights, ranges, prefix=float_prefix(model))
    for node in model.graph.node:
        writer.node(node)
    result = helper.make_model(
        helper.make_graph(
            writer.nodes,
            model.graph.name,
            model.graph.input,
            model.graph.output,
            [numpy_helper.from_array(np.asarray(value), name) for name, value in writer.constants.items()],
        ),
        opset_imports=model.opset_import,
        producer_name=model.producer_name,
        ir_version=model.ir_version,
    )
    helper.set_model_props(result, {p.key: p.value for p in model.metadata_props} | {"quantization": QUANTIZATION})
    onnx.checker.check_model(result, full_check=True)
    return result


def _scale_channels(model: onnx.ModelProto, weights: dict[str, AnyArray], point: str, largest: FloatArray) -> float:
    """Scale the channels of ``point`` to one common range, in place; returns its end."""
    wanted = np.minimum(largest * _HEADROOM, _RELU6)
    common = float(wanted.max())
    gain = np.minimum(common / np.maximum(wanted, 1e-6), _LARGEST_GAIN).astype(np.float32)
    makers = {node.output[0]: node for node in model.graph.node}
    maker = makers[makers[point].input[0]]
    for name in maker.input[1:3]:
        weights[name] = weights[name] * gain.reshape(-1, *[1] * (weights[name].ndim - 1))
    for user in _users(model)[point]:
        value = weights[user.input[1]]
        depthwise = value.shape[1] == 1
        weights[user.input[1]] = value / (gain[:, None, None, None] if depthwise else gain[None, :, None, None])
    return common


class _QdqWriter:
    """Rewrites nodes one by one; collects ``nodes`` and ``constants``."""

    def __init__(
        self, weights: Mapping[str, AnyArray], ranges: Mapping[str, tuple[float, float]], *, prefix: set[str]
    ) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, AnyArray] = {}
        self._weights, self._ranges, self._prefix = weights, ranges, prefix
        self._renamed: dict[str, str] = {}
        self._scales: dict[str, np.float32] = {}

    def node(self, node: NodeProto) -> None:
        output = node.output[0]
        inputs = [self._renamed.get(name, name) for name in node.input]
        result = output
        if node.op_type == "Clip" and output not in self._prefix:
            result = inputs[0]
        elif node.op_type == "Conv" and output not in self._prefix:
            self._conv(node, inputs[0])
        else:
            copy = NodeProto()
            copy.CopyFrom(node)
            del copy.input[:]
            copy.input.extend(inputs)
            self.nodes.append(copy)
            self.constants.update({name: self._weights[name] for name in inputs if name in self._weights})
        if output in self._ranges:
            self._renamed[output] = self._quantise(result, output)
        elif result != output:
            self._renamed[output] = result

    def _conv(self, node: NodeProto, source: str) -> None:
        output = node.output[0]
        weights, bias = self._weights[node.input[1]], self._weights[node.input[2]]
        incoming = self._scales[source]
        limit = _DEPTHWISE_LIMIT if weights.shape[1] == 1 else _DENSE_LIMIT
        scale = np.abs(weights).reshape(len(weights), -1).max(axis=1) / limit
        # A channel with next to no weights would need a bias that no 32-bit integer holds.
        scale = np.maximum(scale, np.maximum(np.abs(bias) / (incoming * _BIAS_LIMIT), 1e-12)).astype(np.float32)
        rounded = np.round(weights / scale[:, None, None, None]).astype(np.int8)
        bias_scale = (scale * incoming).astype(np.float32)
        operands = [
            source,
            self._dequantised(f"{output}_weights", rounded, scale),
            self._dequantised(f"{output}_bias", np.round(bias / bias_scale).astype(np.int32), bias_scale),
        ]
        conv = helper.make_node("Conv", operands, [output], name=node.name)
        conv.attribute.extend(node.attribute)
        self.nodes.append(conv)

    def _dequantised(self, name: str, value: AnyArray, scale: FloatArray) -> str:
        self.constants |= {name: value, f"{name}_scale": scale, f"{name}_zero": np.zeros(len(scale), value.dtype)}
        operands = [name, f"{name}_scale", f"{name}_zero"]
        self.nodes.append(helper.make_node("DequantizeLinear", operands, [f"{name}_float"], axis=0))
        return f"{name}_float"

    def _quantise(self, source: str, name: str) -> str:
        low, high = self._ranges[name]
        scale = np.float32((high - low) / 255)
        self.constants |= {
            f"{name}_scale": np.asarray(scale),
            f"{name}_zero": np.asarray(np.uint8(round(-low / scale))),
        }
        grid = [f"{name}_scale", f"{name}_zero"]
        self.nodes.append(helper.make_node("QuantizeLinear", [source, *grid], [f"{name}_int8"]))
        self.nodes.append(helper.make_node("DequantizeLinear", [f"{name}_int8", *grid], [f"{name}_float"]))
        self._scales[f"{name}_float"] = scale
        return f"{name}_float"


def _users(model: onnx.ModelProto) -> dict[str, list[NodeProto]]:
    users: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    return users


def _clips(users: list[NodeProto]) -> bool:
    return len(users) == 1 and users[0].op_type == "Clip"


def _clipped(output: str, users: Mapping[str, list[NodeProto]]) -> str:
    following = users.get(output, [])
    return str(following[0].output[0]) if _clips(following) else output
