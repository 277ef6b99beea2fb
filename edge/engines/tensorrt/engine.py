"""Running a plan: fixed shapes, pinned buffers, one queue, one thread, and the whole of it recorded as a CUDA graph.

Everything is allocated once, when the plan is opened; a run copies into pinned arrays, starts the recorded work
(upload, network, download) and waits. On a Jetson, memory is shared with the rest of the kiosk: nothing may grow
while it runs.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.engines.base import TensorSpec
from edge.engines.tensorrt.checks import Lines, PlanError, must
from edge.engines.tensorrt.memory import Graph, Memory
from edge.engines.tensorrt.probing import Bindings, Machine
from edge.errors import EngineError
from edge.types import AnyArray

_DTYPES = {
    "FLOAT": "float32",
    "HALF": "float16",
    "INT8": "int8",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
    "BOOL": "bool",
}
_REBUILD = "build it again on this device: edge build-engines"


@dataclass(frozen=True, slots=True)
class _Buffer:
    """One input or output: its spec, the pinned array, and its address on the GPU."""

    spec: TensorSpec
    host: AnyArray
    device: int


class TensorRtEngine:
    """One network on TensorRT; it belongs to the thread that opens it, and owns ``memory``.

    ``plan`` was built on this ``machine``; ``label`` names it in errors. Raises EngineError, and has given back what it
    took, when TensorRT refuses the plan or the memory does not suffice.
    """

    def __init__(
        self, plan: bytes, *, bindings: Bindings, machine: Machine, memory: Memory, label: str, graphs: bool = True
    ) -> None:
        self._label = label
        self._owner = threading.get_ident()
        self._memory: Memory | None = memory
        self._graph: Graph | None = None
        self._lines = Lines(bindings)
        # TensorRT's objects have no types of their own.
        self._runtime: Any = None
        self._engine: Any = None
        self._context: Any = None
        self._ins: list[_Buffer] = []
        self._outs: list[_Buffer] = []
        self.name = f"TensorRT {machine.tensorrt} on {machine.gpu.name}, {memory.name}"
        try:
            self._open(plan, bindings, memory)
            self._execute(memory)  # once by hand: TensorRT prepares itself at the first run, which is never recorded
            self._graph = memory.record(lambda: self._queue(memory)) if graphs else None
        except BaseException:
            self.close()
            raise

    @property
    def recorded(self) -> bool:
        """Whether runs are started as one recorded piece."""
        return self._graph is not None

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run once; raises EngineError when an input does not fit, the GPU fails, or another thread asks."""
        memory = self._memory
        if memory is None:
            raise EngineError("the engine is closed", where=self._label)
        if threading.get_ident() != self._owner:
            raise EngineError("a TensorRT engine belongs to the thread that opened it", where=self._label)
        for buffer in self._ins:
            np.copyto(buffer.host, self._fitting(buffer.spec, feeds))
        if self._graph is not None:
            self._graph.launch()
            memory.synchronise()
        else:
            self._execute(memory)
        return {buffer.spec.name: buffer.host.copy() for buffer in self._outs}

    def inspect(self, bindings: Bindings) -> tuple[str, int]:
        """What the engine says of its layers, as JSON, and how many there are; raises EngineError."""
        inspector = must(self._engine.create_engine_inspector(), "no inspector", self._lines, where=self._label)
        information = inspector.get_engine_information(bindings.LayerInformationFormat.JSON)
        return str(must(information, "nothing is told", self._lines, where=self._label)), int(self._engine.num_layers)

    def close(self) -> None:
        """Give everything back, in the order that TensorRT asks for; harmless when it was done already."""
        memory, self._memory = self._memory, None
        if memory is None:
            return
        if self._graph is not None:
            self._graph.close()
        self._graph = None
        # Context, engine, runtime: each needs the next. Buffers go last.
        self._context = None
        self._engine = None
        self._runtime = None
        self._ins, self._outs = [], []
        memory.close()

    def _open(self, plan: bytes, bindings: Bindings, memory: Memory) -> None:
        lines = self._lines
        where = self._label
        self._runtime = must(bindings.Runtime(lines.logger), "TensorRT cannot start", lines, where=where)
        self._engine = must(
            self._runtime.deserialize_cuda_engine(plan),
            "the engine does not fit this TensorRT or GPU",
            lines,
            where=where,
            remedy=_REBUILD,
            kind=PlanError,
        )
        self._context = must(
            self._engine.create_execution_context(),
            "no memory for the engine's work",
            lines,
            where=where,
            remedy="end other programs, or use a smaller model",
        )
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        incoming = [n for n in names if self._engine.get_tensor_mode(n) == bindings.TensorIOMode.INPUT]
        for name in incoming:
            shape = tuple(self._engine.get_tensor_shape(name))
            if -1 in shape:
                shape = tuple(self._engine.get_tensor_profile_shape(name, 0)[2])
                must(self._context.set_input_shape(name, shape), f"input {name} cannot be {shape}", lines, where=where)
            self._ins.append(self._buffer(name, shape, memory))
        if missing := list(self._context.infer_shapes()):
            raise PlanError("the engine's shapes are not known", where=where, found=missing, remedy=_REBUILD)
        for name in names:
            if name not in incoming:
                self._outs.append(self._buffer(name, tuple(self._context.get_tensor_shape(name)), memory))
        for buffer in (*self._ins, *self._outs):
            taken = self._context.set_tensor_address(buffer.spec.name, buffer.device)
            must(taken, f"{buffer.spec.name} cannot be placed", lines, where=where)
        self.inputs = tuple(buffer.spec for buffer in self._ins)
        self.outputs = tuple(buffer.spec for buffer in self._outs)

    def _buffer(self, name: str, shape: tuple[int, ...], memory: Memory) -> _Buffer:
        kind = self._engine.get_tensor_dtype(name)
        dtype = _DTYPES.get(str(kind).rpartition(".")[2])
        if dtype is None or -1 in shape:
            raise PlanError(
                "the engine has a tensor that is not known here", where=self._label, found=f"{name} {kind} {shape}"
            )
        host = memory.pinned(shape, dtype)
        host[...] = 0
        return _Buffer(TensorSpec(name, dtype, shape), host, memory.allocate(max(1, host.nbytes)))

    def _execute(self, memory: Memory) -> None:
        self._queue(memory)
        memory.synchronise()

    def _queue(self, memory: Memory) -> None:
        for buffer in self._ins:
            memory.upload(buffer.host, buffer.device)
        must(
            self._context.execute_async_v3(memory.stream),
            "TensorRT could not run the network",
            self._lines,
            where=self._label,
        )
        for buffer in self._outs:
            memory.download(buffer.device, buffer.host)

    def _fitting(self, spec: TensorSpec, feeds: Mapping[str, AnyArray]) -> AnyArray:
        if spec.name not in feeds:
            raise EngineError("input missing", where=self._label, expected=spec, found=sorted(feeds))
        array = feeds[spec.name]
        if not spec.accepts(array):
            raise EngineError(
                "input does not fit", where=self._label, expected=spec, found=f"{array.dtype} {array.shape}"
            )
        return array

    def __repr__(self) -> str:
        return f"<TensorRtEngine {self._label}: {self.name}>"
