"""A converted network against TFLite itself, on the same pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from edge.bundle.manifest import Parity
from edge.engines import Engine, OnnxEngine
from edge.types import FloatArray, UInt8Array

_PICTURES = 4


def tflite_parity(
    tflite_file: bytes,
    onnx_file: bytes,
    *,
    outputs: Mapping[str, str],
    value_range: tuple[float, float],
    pictures: Sequence[UInt8Array] = (),
) -> Parity | None:
    """Largest difference of any output value (``outputs``: TFLite name -> ONNX name); None without ai-edge-litert.

    ``pictures`` uint8 (H, W, 3) RGB in the network's size; without any, blurred noise drawn from a fixed seed, which
    excites every layer and needs no photograph.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter  # optional, and slow to import
    except ImportError:
        return None
    interpreter = Interpreter(model_content=tflite_file, num_threads=1)
    interpreter.allocate_tensors()
    engine = OnnxEngine(onnx_file)
    try:
        pictures = pictures or noise_pictures(engine, _PICTURES)
        worst = max(_difference(interpreter, engine, picture, outputs, value_range) for picture in pictures)
    finally:
        engine.close()
    version = metadata.version("ai-edge-litert")
    return Parity(max_abs_diff=worst, n=len(pictures), against=f"TFLite (ai-edge-litert {version})")


def noise_pictures(engine: Engine, count: int) -> list[UInt8Array]:
    """Coarse noise, enlarged: uint8 (H, W, 3) of the engine's input size, the same on every machine."""
    height, width = (n or 0 for n in engine.inputs[0].shape[1:3])
    rng = np.random.default_rng(20240901)
    pictures = []
    for _ in range(count):
        coarse = rng.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
        pictures.append(coarse.repeat(16, axis=0).repeat(16, axis=1)[:height, :width])
    return pictures


def _difference(
    interpreter: Any,
    engine: Engine,
    picture: UInt8Array,
    outputs: Mapping[str, str],
    value_range: tuple[float, float],
) -> float:
    low, high = value_range
    scaled = picture[None].astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], scaled)
    interpreter.invoke()
    wanted: dict[str, FloatArray] = {
        outputs[detail["name"]]: interpreter.get_tensor(detail["index"])
        for detail in interpreter.get_output_details()
        if detail["name"] in outputs
    }
    got = engine.run({"image": np.ascontiguousarray(picture[None])})
    return max(float(np.abs(got[name] - value).max()) for name, value in wanted.items())
