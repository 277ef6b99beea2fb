"""A converted network against TFLite itself, and its variants against it, on pictures of the shipped clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from edge.bundle.manifest import Parity
from edge.capture.video import VideoFile
from edge.engines import Engine, OnnxEngine
from edge.samples import demo_clip
from edge.types import FloatArray, UInt8Array

_PICTURES = 8


def tflite_parity(
    tflite_file: bytes,
    onnx_file: bytes,
    *,
    outputs: Mapping[str, str],
    value_range: tuple[float, float],
    pictures: Sequence[UInt8Array],
) -> Parity | None:
    """Largest difference of any output value (``outputs``: TFLite name -> ONNX name); None without ai-edge-litert.

    ``pictures`` uint8 (H, W, 3) RGB in the network's size.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType  # optional, and slow to import
    except ImportError:
        return None
    # TFLite's own kernels: the delegate that it takes by default announces itself on standard error.
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=tflite_file, num_threads=1, experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    engine = OnnxEngine(onnx_file)
    try:
        worst = max(_difference(interpreter, engine, picture, outputs, value_range) for picture in pictures)
    finally:
        engine.close()
    version = metadata.version("ai-edge-litert")
    return Parity(max_abs_diff=worst, n=len(pictures), against=f"TFLite (ai-edge-litert {version})")


def variant_parity(reference: bytes, variant: bytes, pictures: Sequence[UInt8Array]) -> Parity:
    """Largest difference of any output value between a network and its own variant of lower precision."""
    first, second = OnnxEngine(reference), OnnxEngine(variant)
    try:
        worst = 0.0
        for picture in pictures:
            feeds = {"image": np.ascontiguousarray(picture[None])}
            wanted, got = first.run(feeds), second.run(feeds)
            worst = max(worst, *(float(np.abs(got[name] - value).max()) for name, value in wanted.items()))
    finally:
        first.close()
        second.close()
    return Parity(max_abs_diff=worst, n=len(pictures), against="fp32")


def clip_pictures() -> list[UInt8Array]:
    """A few frames of the shipped clip, spread over it: uint8 BGR. Raises SourceError when it cannot be read."""
    frames = [frame.image for frame in VideoFile(demo_clip())]
    return [frames[round(i)] for i in np.linspace(0.1, 0.9, _PICTURES) * len(frames)]


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
