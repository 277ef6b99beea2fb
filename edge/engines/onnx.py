"""ONNX Runtime on the CPU.

The runtime's worker threads spin by default, which makes a kiosk's processor hot for nothing and slows a small network
that runs a few times a second; spinning is switched off and the thread count is the caller's. All networks share one
arena of memory: with one each, all keep the largest activations that they ever had, and without any these break up the
heap, which then grows for minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import onnxruntime as ort

from edge.engines.base import TensorSpec
from edge.errors import EngineError
from edge.types import AnyArray

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}


class OnnxEngine:
    """One network on ONNX Runtime's CPU provider.

    ``model`` is the serialised ONNX file, already checked by whoever read it; ``label`` names it in errors.
    Raises EngineError when this ONNX Runtime cannot load it.
    """

    def __init__(self, model: bytes, *, threads: int = 1, label: str = "model") -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        _share_memory()
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises a family of its own that shares no base class
            raise EngineError(
                "this ONNX Runtime cannot load the network",
                where=label,
                found=str(error).splitlines()[0][:200],
                remedy=f"export it again for onnxruntime {ort.__version__}, or upgrade onnxruntime",
            ) from error
        # It keeps the whole file, to open it again with other providers when one fails; there are no others.
        self._session.disable_fallback()
        self._session._model_bytes = b""
        self._label = label
        self.name = f"ONNX Runtime {ort.__version__} CPU, {threads} thread{'s' if threads != 1 else ''}"
        self.inputs = tuple(_spec(node) for node in self._session.get_inputs())
        self.outputs = tuple(_spec(node) for node in self._session.get_outputs())
        self._output_names = [spec.name for spec in self.outputs]
        self._closed = False

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run once; raises EngineError when an input does not fit or the runtime fails."""
        if self._closed:
            raise EngineError("the engine is closed", where=self._label)
        try:
            results = self._session.run(self._output_names, feeds)
        except Exception as error:
            self._explain(feeds)
            raise EngineError("inference failed", where=self._label, found=str(error).splitlines()[0][:200]) from error
        return {name: np.asarray(value) for name, value in zip(self._output_names, results, strict=True)}

    def close(self) -> None:
        """Free the session."""
        self._closed = True
        del self._session

    def _explain(self, feeds: Mapping[str, AnyArray]) -> None:
        for spec in self.inputs:
            if spec.name not in feeds:
                raise EngineError("input missing", where=self._label, expected=spec, found=sorted(feeds))
            if not spec.accepts(feeds[spec.name]):
                found = f"{feeds[spec.name].dtype} {feeds[spec.name].shape}"
                raise EngineError("input does not fit", where=self._label, expected=spec, found=found)

    def __repr__(self) -> str:
        return f"<OnnxEngine {self._label}: {self.name}>"


@cache
def _share_memory() -> None:
    """The arena of this process's networks, which grows by what is asked for and no more; made once."""
    memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    same_as_requested = 1
    ort.create_and_register_allocator(memory, ort.OrtArenaCfg({"arena_extend_strategy": same_as_requested}))


def _spec(node: ort.NodeArg) -> TensorSpec:
    shape = tuple(n if isinstance(n, int) else None for n in node.shape)
    return TensorSpec(node.name, _DTYPES.get(node.type, node.type), shape)
