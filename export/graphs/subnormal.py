"""Weights too small for a normal float32 become zero.

Weight decay leaves such numbers behind in channels that training gave up. They change no answer, and x86 processors
compute with them in microcode: of one Keras network 114 weights of 2,400 made a run take 114 ms instead of 8.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

_SMALLEST = np.finfo(np.float32).smallest_normal


def flush_subnormals(model: bytes) -> bytes:
    """The same serialised graph without subnormal float32 weights; the same bytes where there are none."""
    proto = onnx.load_from_string(model)
    flushed = False
    for tensor in proto.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        weights = numpy_helper.to_array(tensor)
        subnormal = (np.abs(weights) < _SMALLEST) & (weights != 0)
        if subnormal.any():
            tensor.CopyFrom(numpy_helper.from_array(np.where(subnormal, np.float32(0), weights), tensor.name))
            flushed = True
    return bytes(proto.SerializeToString(deterministic=True)) if flushed else model
