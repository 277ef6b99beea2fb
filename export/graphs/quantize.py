"""Dynamic int8: weights are stored as bytes, activations are measured and rounded at every run.

LSTM, MatMul and Gemm are quantised, where the weights are; convolutions stay float, as ONNX Runtime's dynamic int8
convolution is slower than float32 on CPUs, and so does everything the caller exempts (the preprocessing).

Weights are signed bytes in 7 bits (``reduce_range``). Over all 8 bits the products of x86 with AVX2 but without VNNI
(``vpmaddubsw``) saturate, so that one file would compute different things on different machines; with 7 they cannot,
and a Cortex-A72, which has no dot-product instructions, gives the same integers as well. Unsigned weights are the
other way out, but ONNX Runtime's quantised LSTM made unsigned takes 1.5 times as long. Measured on the seed network
with random weights (1 thread, AVX-512 VNNI): the missing bit raises the mean error of a logit from 0.13 % to 0.23 % of
the logits' spread; a scale per output channel changes neither error nor speed.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from edge.errors import InputError

OPERATORS = ("LSTM", "MatMul", "Gemm")
DESCRIPTION = "dynamic int8 (7-bit weights) of LSTM, MatMul and Gemm; convolutions and preprocessing float32"


def to_int8(model: bytes, *, keep_float: Callable[[str], bool] = lambda name: False) -> bytes:
    """Quantise a serialised float32 graph; ``keep_float(node name)`` exempts nodes.

    Raises InputError when nothing in the graph can be quantised.
    """
    proto = onnx.load_from_string(model)
    exempt = [node.name for node in proto.graph.node if keep_float(node.name)]
    exempt += [f"{name}_MatMul" for name in exempt]  # what the library makes of a Gemm before it looks at this list
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # the library advises a preprocessing that changes nothing here
    try:
        with tempfile.TemporaryDirectory(prefix="fingerpost-int8-") as folder:
            path = Path(folder) / "int8.onnx"
            quantize_dynamic(
                proto,
                path,
                op_types_to_quantize=list(OPERATORS),
                weight_type=QuantType.QInt8,
                reduce_range=True,
                nodes_to_exclude=exempt,
            )
            quantised = onnx.load(path)
    finally:
        logger.setLevel(level)
    if not quantised_nodes(quantised):
        raise InputError(
            "nothing in the model can be quantised",
            where=proto.graph.name,
            expected=f"{', '.join(OPERATORS)} with constant weights",
            found=", ".join(sorted({node.op_type for node in proto.graph.node}))[:200],
        )
    return bytes(quantised.SerializeToString(deterministic=True))


def quantised_nodes(model: onnx.ModelProto) -> int:
    """How many nodes compute in int8."""
    return sum(node.op_type in ("MatMulInteger", "DynamicQuantizeLSTM") for node in model.graph.node)
