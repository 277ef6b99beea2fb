"""PyTorch -> ONNX: one file with the preprocessing in it, for any batch and (where the contract says so) any length.

The TorchScript exporter is used (``dynamo=False``): it needs no further package, gives the opset that is asked for, and
writes an LSTM as one node. It traces, so a branch or a size taken while tracing may be baked in; `export_module`
therefore runs what came out at other batch sizes and lengths against PyTorch before it hands it on.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from edge.bundle.manifest import InputContract
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError, FingerpostError, InputError
from edge.types import AnyArray

OPSET = 18
IR_VERSION = 10
"""The newest IR that the oldest supported ONNX Runtime (1.20) and TensorRT 10.3 read."""
TOLERANCE = 1e-3
"""Largest difference of a logit between PyTorch and its float32 ONNX file; measured differences are near 1e-6."""
_BATCH_WHEN_TRACED = 2


def export_module(module: nn.Module, contract: InputContract, *, label: str) -> bytes:
    """The serialised float32 graph of ``module``: the contract's tensors in, ``logits`` (N, classes) out.

    Raises InputError when PyTorch cannot trace or export it, CheckFailedError when the file computes something else
    for another batch size or length.
    """
    module.eval()
    names = [tensor.name for tensor in contract.tensors]
    axes = {
        tensor.name: {i: axis for i, (n, axis) in enumerate(zip(tensor.shape, tensor.axes, strict=True)) if n is None}
        for tensor in contract.tensors
    }
    example = sample_inputs(contract, batch=_BATCH_WHEN_TRACED)
    with tempfile.TemporaryDirectory(prefix="fingerpost-onnx-") as folder:
        path = Path(folder) / "model.onnx"
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")  # the exporter announces its successor and what tracing cannot know
                torch.onnx.export(
                    module,
                    tuple(torch.from_numpy(example[name]) for name in names),
                    path,
                    dynamo=False,
                    opset_version=OPSET,
                    input_names=names,
                    output_names=["logits"],
                    dynamic_axes={**axes, "logits": {0: "batch"}},
                )
        except Exception as error:  # whatever the model's own forward raises, and torch.onnx.errors
            text = str(error).strip().splitlines()
            raise InputError(
                "PyTorch cannot export the model to ONNX",
                where=label,
                found=f"{type(error).__name__}: {text[0][:160] if text else 'no message'}",
                remedy="export it to ONNX yourself and give the file with --onnx",
            ) from error
        proto = onnx.load(path)
    _keep_inputs(proto.graph, contract)
    _fold_batch_norms(proto.graph)
    proto.ir_version = min(proto.ir_version, IR_VERSION)
    onnx.checker.check_model(proto)
    model = bytes(proto.SerializeToString(deterministic=True))
    _check_sizes(module, model, contract, label)
    return model


def run_module(module: nn.Module, inputs: Mapping[str, AnyArray], contract: InputContract) -> AnyArray:
    """The logits (N, classes) that PyTorch computes for a batch."""
    with torch.no_grad():
        return np.asarray(module(*(torch.from_numpy(np.array(inputs[t.name])) for t in contract.tensors)).numpy())


def sample_inputs(
    contract: InputContract, *, batch: int, frames: int | None = None, seed: int = 0
) -> dict[str, AnyArray]:
    """Random inputs of the contract's form: uint8 over its range, float32 in [0, 1), masks with a padded tail."""
    rng = np.random.default_rng(seed)
    length = frames or (contract.window.frames if contract.window else 1)
    result: dict[str, AnyArray] = {}
    for tensor in contract.tensors:
        free = iter((batch, length))
        shape = tuple(next(free) if n is None else n for n in tensor.shape)
        if tensor.name == "mask":
            result[tensor.name] = np.ones(shape, np.float32)
            result[tensor.name][0, max(1, 2 * shape[1] // 3) :] = 0
        elif tensor.dtype == "uint8":
            result[tensor.name] = rng.integers(0, 256, shape, dtype=np.uint8)
        else:
            result[tensor.name] = rng.random(shape, dtype=np.float32)
    return result


def stamp(model: bytes, facts: Mapping[str, object]) -> bytes:
    """The same graph with ``facts`` in its ``metadata_props`` (JSON where they are not strings), sorted by name."""
    proto = onnx.load_from_string(model)
    kept = {entry.key: entry.value for entry in proto.metadata_props}
    new = {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}
    del proto.metadata_props[:]
    for key, value in sorted({**kept, **new}.items()):
        proto.metadata_props.add(key=key, value=value)
    proto.producer_name, proto.producer_version = "fingerpost", ""
    return bytes(proto.SerializeToString(deterministic=True))


def _keep_inputs(graph: onnx.GraphProto, contract: InputContract) -> None:
    """Put back inputs that the model does not look at (a mask, often): whoever feeds the contract feeds them too."""
    found = {value.name: value for value in graph.input}
    values = []
    for tensor in contract.tensors:
        kind = onnx.TensorProto.UINT8 if tensor.dtype == "uint8" else onnx.TensorProto.FLOAT
        shape = [axis if n is None else n for n, axis in zip(tensor.shape, tensor.axes, strict=True)]
        values.append(found.get(tensor.name) or onnx.helper.make_tensor_value_info(tensor.name, kind, shape))
    del graph.input[:]
    graph.input.extend(values)


def _check_sizes(module: nn.Module, model: bytes, contract: InputContract, label: str) -> None:
    free_length = any("time" in t.axes and t.shape[t.axes.index("time")] is None for t in contract.tensors)
    traced = contract.window.frames if contract.window else None
    lengths = (traced, traced // 2 + 1, traced + 7) if free_length and traced else (traced,)
    engine = OnnxEngine(model, label=label)
    try:
        for batch in (1, 4):
            for length in lengths:
                inputs = sample_inputs(contract, batch=batch, frames=length, seed=batch)
                want = run_module(module, inputs, contract)
                try:
                    have = engine.run(inputs)["logits"]
                except FingerpostError as error:
                    raise _baked_in(label, batch, length, f"an error ({error.found})") from error
                if have.shape != want.shape:
                    raise _baked_in(label, batch, length, f"{have.shape} instead of {want.shape}")
                difference = float(np.abs(have - want).max())
                if not difference <= TOLERANCE:
                    raise _baked_in(label, batch, length, f"a difference of {difference:.3g}")
    finally:
        engine.close()


def _baked_in(label: str, batch: int, length: int | None, found: str) -> CheckFailedError:
    size = f"batch {batch}" + (f", {length} frames" if length else "")
    return CheckFailedError(
        f"the ONNX file does not compute what PyTorch does at {size}",
        where=label,
        expected=f"logits within {TOLERANCE:g}",
        found=found,
        remedy="forward() probably depends on Python numbers taken from shapes or data; write it with tensors",
    )


def _fold_batch_norms(graph: onnx.GraphProto) -> None:
    """Fold a BatchNormalization that follows a Gemm into its weights, as the exporter does for convolutions.

    y = s (W x + b - mean) / sqrt(var + eps) + t is again linear in x. In half precision the variance would have to be
    kept in float32 otherwise, with casts around it.
    """
    weights = {tensor.name: tensor for tensor in graph.initializer}
    consumers: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            consumers[name] = consumers.get(name, 0) + 1
    made = {output: node for node in graph.node for output in node.output}
    for norm in [node for node in graph.node if node.op_type == "BatchNormalization"]:
        gemm = made.get(norm.input[0])
        if gemm is None or gemm.op_type != "Gemm" or len(gemm.input) != 3 or consumers[gemm.output[0]] != 1:
            continue
        names = [gemm.input[1], gemm.input[2], *norm.input[1:]]
        settings = {a.name: a for a in gemm.attribute}
        plain = all(settings[k].f == 1.0 for k in ("alpha", "beta") if k in settings)
        if not plain or any(name not in weights or consumers[name] != 1 for name in names):
            continue
        matrix, bias, scale, shift, mean, variance = (numpy_helper.to_array(weights[n]).astype("f8") for n in names)
        epsilon = next((a.f for a in norm.attribute if a.name == "epsilon"), 1e-5)
        factor = scale / np.sqrt(variance + epsilon)
        transposed = "transB" in settings and settings["transB"].i == 1
        matrix = matrix * (factor[:, None] if transposed else factor[None, :])
        for name, value in ((names[0], matrix), (names[1], (bias - mean) * factor + shift)):
            weights[name].CopyFrom(numpy_helper.from_array(value.astype(np.float32), name))
        gemm.output[0] = norm.output[0]
        graph.node.remove(norm)
        for name in names[2:]:
            graph.initializer.remove(weights[name])
