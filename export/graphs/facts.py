"""What a network file says about itself, in its ``metadata_props``, to whoever finds it without its bundle."""

from __future__ import annotations

from dataclasses import replace

import onnx

from export.graphs.torch_onnx import stamp
from export.graphs.types import BuiltNetwork


def with_facts(network: BuiltNetwork) -> BuiltNetwork:
    """The network with its role, variant, inputs, outputs, licence and provenance written into the file."""
    graph = onnx.load_from_string(network.model).graph
    weights = {tensor.name for tensor in graph.initializer}
    facts: dict[str, object] = {
        "role": network.role,
        "variant": network.variant,
        "quantization": network.quantization,
        "input": [_words(value) for value in graph.input if value.name not in weights],
        "output": [_words(value) for value in graph.output],
    }
    if network.licence is not None:
        facts |= {"licence": network.licence.spdx, "source": network.licence.source}
    return replace(network, model=stamp(network.model, facts))


def _words(value: onnx.ValueInfoProto) -> str:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    shape = ", ".join(dim.dim_param or str(dim.dim_value) for dim in kind.shape.dim)
    return f"{value.name} {dtype} ({shape})"
