"""TFLite: MediaPipe's original landmark networks on LiteRT with XNNPACK, as a TFLite user would run them.

Classifiers have no such file: nobody has converted them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.contestants import Contestant
from edge.bundle.manifest import Role
from edge.engines import TensorSpec
from edge.errors import DependencyError
from edge.types import AnyArray

NAME = "tflite"
ROLES: Mapping[Role, tuple[str, tuple[float, float]]] = {
    "palm": ("palm_detection_full", (0.0, 1.0)),
    "hand": ("hand_landmark_full", (0.0, 1.0)),
    "face-detector": ("face_detection_short_range", (-1.0, 1.0)),
    "face": ("face_landmark", (0.0, 1.0)),
}
"""The wheel's file of each role, and the range that a picture's bytes are spread over for it."""
_PACKAGE = "ai-edge-litert"


class TfliteEngine:
    """An `Engine` on LiteRT; the delegate that it takes by default is XNNPACK. Outputs have TFLite's names."""

    def __init__(self, model: bytes, value_range: tuple[float, float], threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter: Any = Interpreter(model_content=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        self._low, self._factor = np.float32(value_range[0]), np.float32((value_range[1] - value_range[0]) / 255)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {each["name"]: each["index"] for each in self._interpreter.get_output_details()}
        self.name = f"LiteRT {metadata.version(_PACKAGE)}, XNNPACK, {threads} thread{'s' if threads != 1 else ''}"
        shape = tuple(int(n) for n in self._interpreter.get_input_details()[0]["shape"])
        self.inputs = (TensorSpec("image", "uint8", shape),)
        self.outputs = tuple(TensorSpec(name, "float32", ()) for name in self._outputs)

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run once on ``image`` uint8 (1, H, W, 3) RGB."""
        scaled = feeds["image"].astype(np.float32) * self._factor + self._low
        self._interpreter.set_tensor(self._input, scaled)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}

    def close(self) -> None:
        """Free the interpreter."""
        self._interpreter = None


def tflite_peer(role: Role) -> Contestant:
    """The original network of a landmark role; raises DependencyError without LiteRT, and what fetching the file
    raises."""
    if find_spec("ai_edge_litert") is None:
        raise DependencyError("TFLite is missing", where=_PACKAGE, remedy="pip install 'fingerpost[peers]'")
    from export.graphs.mediapipe_wheel import WHEEL_VERSION, fetch_networks

    name, value_range = ROLES[role]
    model = fetch_networks((name,))[name]
    how = f"{name}.tflite of mediapipe {WHEEL_VERSION}, float16 weights, XNNPACK"
    return Contestant(NAME, len(model), how, partial(TfliteEngine, model, value_range), peer=True)
