"""TensorRT, a GPU and a builder without any of them: for tests, and for trying out what a kiosk does when they fail.

The fake bindings read networks of a toy format (`toy_network`), whose engine answers ``y = gain * x``; their plans say
which machine they were built for, and fit no other. ``python -m edge.engines.tensorrt.fake FAULT`` is the builder of
`edge.engines.tensorrt.build` on them, with one of `FAULTS`.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, get_args

import numpy as np

from edge.engines.tensorrt.backend import Backend
from edge.engines.tensorrt.build import answer, build
from edge.engines.tensorrt.cache import PlanCache
from edge.engines.tensorrt.fake_memory import FakeMemory
from edge.engines.tensorrt.job import Job
from edge.engines.tensorrt.plans import Plans, Progress
from edge.engines.tensorrt.probing import Gpu, Machine

Fault = Literal[
    "none",
    "oom",
    "killed",
    "segfault",
    "hang",
    "no-plan",
    "bad-profile",
    "wrong-version",
    "float32",
    "nonsense",
    "silent",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
FAKE_GPU = Gpu("Fake Orin", "8.7", "CUDA 12.6, driver 540.4.0", integrated=True)
FAKE_MACHINE = Machine("10.3.0", FAKE_GPU, "Fake Jetson Orin Nano")


def toy_network(gain: float = 2.0, *, shape: tuple[int, ...] = (-1, 4)) -> bytes:
    """A network of the fake parser: input ``x`` and output ``y`` float32 of ``shape``."""
    return json.dumps({"gain": gain, "shape": list(shape)}).encode()


def fake_builder(fault: Fault = "none") -> tuple[str, ...]:
    """The command of a builder with a fault, for `edge.engines.tensorrt.plans.Plans`."""
    return (sys.executable, "-I", "-m", "edge.engines.tensorrt.fake", fault)


def fake_bindings(fault: Fault = "none", machine: Machine = FAKE_MACHINE) -> Any:
    """A module ``tensorrt`` as far as it is used here."""
    errors = SimpleNamespace(ERROR=1, WARNING=2)

    class Logger:
        ERROR, WARNING = errors.ERROR, errors.WARNING

        def log(self, severity: int, message: str) -> None:
            """Overridden by whoever listens."""

    class Monitor:
        def __init__(self) -> None:
            self.fake = True

    return SimpleNamespace(
        __version__=machine.tensorrt,
        ILogger=Logger,
        IProgressMonitor=Monitor,
        Builder=lambda logger: _Builder(logger, fault, machine),
        OnnxParser=_Parser,
        Runtime=lambda logger: _Runtime(logger, machine),
        NetworkDefinitionCreationFlag=SimpleNamespace(STRONGLY_TYPED=1),
        MemoryPoolType=SimpleNamespace(WORKSPACE="workspace"),
        ProfilingVerbosity=SimpleNamespace(DETAILED="detailed"),
        LayerInformationFormat=SimpleNamespace(JSON="json"),
        TensorIOMode=SimpleNamespace(INPUT="input", OUTPUT="output"),
    )


def fake_backend(folder: Path, progress: Progress, *, fault: Fault = "none") -> Backend:
    """A backend of which everything is played, the builder in a process of its own; `open_backend` of tests."""
    plans = Plans(FAKE_MACHINE, PlanCache(folder), command=fake_builder(fault), progress=progress)
    return Backend(fake_bindings(), plans, open_memory=FakeMemory)


class _Builder:
    def __init__(self, logger: Any, fault: Fault, machine: Machine) -> None:
        self._logger, self._fault, self._machine = logger, fault, machine

    def create_network(self, flags: int) -> Any:
        return SimpleNamespace(strongly_typed=flags == 2, content=None, num_inputs=0)

    def create_builder_config(self) -> Any:
        return _Config(self._fault)

    def create_optimization_profile(self) -> Any:
        shapes: dict[str, Any] = {}
        return SimpleNamespace(
            shapes=shapes, set_shape=lambda name, least, best, most: shapes.update({name: (least, best, most)})
        )

    def build_serialized_network(self, network: Any, config: Any) -> bytes | None:
        monitor, steps = config.progress_monitor, 20
        monitor.phase_start("Building Engine", None, steps)
        for step in range(steps):
            monitor.step_complete("Building Engine", step)
        monitor.phase_finish("Building Engine")
        if (fault := self._fault) == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif fault == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif fault == "hang":
            time.sleep(3600)
        dynamic = -1 in network.content["shape"]
        if fault in ("oom", "no-plan") or (dynamic and not config.profiles):
            text = "Requested amount of GPU memory could not be allocated" if fault == "oom" else "no tactic was found"
            self._logger.log(1, f"[builder] {text}")
            return None
        shape = config.profiles[0].shapes["x"][2] if dynamic else network.content["shape"]
        version = "9.9" if fault == "wrong-version" else self._machine.tensorrt
        kind = "FP32" if fault == "float32" or not network.strongly_typed else "FP16"
        return json.dumps(
            {
                **network.content,
                "built": list(shape),
                "machine": [version, self._machine.gpu.capability],
                "type": f"Row major linear {kind} format",
            }
        ).encode()


class _Config:
    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self.pools: dict[Any, int] = {}
        self.profiles: list[Any] = []
        self.profiling_verbosity: Any = None
        self.progress_monitor: Any = None
        self._timing: Any = None

    def set_memory_pool_limit(self, pool: Any, size: int) -> None:
        self.pools[pool] = size

    def add_optimization_profile(self, profile: Any) -> int:
        if self._fault == "bad-profile":
            return -1
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def create_timing_cache(self, data: bytes) -> Any:
        return None if data and not data.startswith(b"timing") else SimpleNamespace(serialize=lambda: b"timing 1")

    def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> bool:
        self._timing = cache
        return not ignore_mismatch

    def get_timing_cache(self) -> Any:
        return self._timing


class _Parser:
    def __init__(self, network: Any, logger: Any) -> None:
        self._network, self.num_errors = network, 0

    def parse(self, data: bytes) -> bool:
        try:
            content = json.loads(data)
        except ValueError:
            self.num_errors = 1
            return False
        self._network.content, self._network.num_inputs = content, 1
        self._network.get_input = lambda index: SimpleNamespace(name="x", shape=tuple(content["shape"]))
        return True

    def get_error(self, index: int) -> Any:
        return SimpleNamespace(
            node_name=lambda: "the first node",
            node_operator=lambda: "Strange",
            desc=lambda: "In node 0 (importNode):\n no importer for this node",
        )


class _Runtime:
    def __init__(self, logger: Any, machine: Machine) -> None:
        self._logger, self._machine = logger, machine

    def deserialize_cuda_engine(self, plan: bytes) -> Any:
        try:
            content = json.loads(plan)
        except ValueError:
            content = {}
        if content.get("machine") != [self._machine.tensorrt, self._machine.gpu.capability]:
            self._logger.log(1, "[runtime] Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed")
            return None
        return _Engine(content)


class _Engine:
    num_io_tensors = 2
    num_layers = 1

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    def get_tensor_name(self, index: int) -> str:
        return "xy"[index]

    def get_tensor_mode(self, name: str) -> str:
        return "input" if name == "x" else "output"

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._content["shape"])

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        return [tuple(self._content["built"])] * 3

    def get_tensor_dtype(self, name: str) -> str:
        return "DataType.FLOAT"

    def create_execution_context(self) -> Any:
        return _Context(self._content)

    def create_engine_inspector(self) -> Any:
        layer = {"Name": "product", "LayerType": "gemm", "Outputs": [{"Format/Datatype": self._content["type"]}]}
        return SimpleNamespace(get_engine_information=lambda kind: json.dumps({"Layers": [layer]}))


class _Context:
    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self._shape: tuple[int, ...] = tuple(content["shape"])
        self._addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._shape = shape
        return shape == tuple(self._content["built"])

    def infer_shapes(self) -> list[str]:
        return ["x"] if -1 in self._shape else []

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self._shape

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        count = int(np.prod(self._shape))
        given, taken = (
            np.ctypeslib.as_array((ctypes.c_float * count).from_address(self._addresses[name])) for name in "xy"
        )
        taken[...] = given * self._content["gain"]
        return True


def main(words: list[str]) -> int:
    """Build with a fault; `nonsense` and `silent` end without an answer."""
    fault: Any = words[0] if words else "none"
    if fault == "nonsense":
        sys.stdout.write('not JSON\n{"done": {"half": "yes"}}\n')
        return 0
    if fault == "silent":
        sys.stderr.write("Illegal instruction\n")
        return 3

    def work(job: Job, say: Callable[[str], None]) -> Any:
        return build(job, fake_bindings(fault), FAKE_MACHINE, open_memory=FakeMemory, progress=say)

    return answer(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
