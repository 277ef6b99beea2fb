"""The two packages behind one interface, and recording: on a driver that is played."""

from __future__ import annotations

import ctypes
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge.engines.tensorrt import recording
from edge.engines.tensorrt.cuda_python import CudaPythonMemory
from edge.engines.tensorrt.memory import open_memory
from edge.engines.tensorrt.pycuda import PycudaMemory
from edge.errors import DependencyError, EngineError


class _Driver:
    """``cuda.bindings.driver`` on the host's memory; ``failing`` is the function that refuses."""

    def __init__(self, failing: str = "") -> None:
        self.calls: list[str] = []
        self._failing = failing
        self._blocks: dict[int, Any] = {}

    def __getattr__(self, name: str) -> Any:
        def call(*words: Any) -> tuple[Any, ...]:
            self.calls.append(name)
            if name == self._failing:
                return (2,)
            if name in ("cuMemAlloc", "cuMemHostAlloc"):
                block = (ctypes.c_ubyte * words[0])()
                self._blocks[ctypes.addressof(block)] = block
                return 0, ctypes.addressof(block)
            if name in ("cuMemcpyHtoDAsync", "cuMemcpyDtoHAsync"):
                ctypes.memmove(*words[:3])
            answers = {"cuMemGetInfo": (0, 10, 20), "cuDeviceGet": (0, 0), "cuStreamCreate": (0, 5)}
            return answers.get(name, (0, 1) if name == "cuDevicePrimaryCtxRetain" else (0,))

        return call


def test_nvidias_bindings_move_arrays_and_give_everything_back() -> None:
    driver = _Driver()
    memory = CudaPythonMemory(driver)
    assert memory.available() == 10 and memory.stream == 5
    first, second = memory.pinned((2, 3), "float32"), memory.pinned((2, 3), "float32")
    first[...] = np.arange(6).reshape(2, 3)
    device = memory.allocate(first.nbytes)
    memory.upload(first, device)
    memory.download(device, second)
    memory.synchronise()
    np.testing.assert_array_equal(first, second)
    memory.close()
    memory.close()
    given_back = ["cuMemFree", "cuMemFreeHost", "cuMemFreeHost", "cuStreamDestroy", "cuCtxPopCurrent"]
    assert driver.calls[-6:] == [*given_back, "cuDevicePrimaryCtxRelease"]


def test_a_function_that_refuses_is_named() -> None:
    with pytest.raises(EngineError, match=r"cuMemAlloc: the GPU refuses; found CUDA error 2"):
        CudaPythonMemory(_Driver("cuMemAlloc")).allocate(8)
    driver = _Driver("cuStreamCreate")
    with pytest.raises(EngineError, match="cuStreamCreate"):
        CudaPythonMemory(driver)
    assert driver.calls[-1] == "cuDevicePrimaryCtxRelease"


class _RefusalError(Exception):
    pass


def _pycuda(monkeypatch: pytest.MonkeyPatch, events: list[str]) -> None:
    """pycuda as far as it is used, noting what is given back."""

    class Pinned:
        def __init__(self, array: Any) -> None:
            self._array = array

        def __array__(self, *words: Any, **options: Any) -> Any:
            return self._array

    def empty(shape: tuple[int, ...], dtype: str) -> Any:
        array = np.zeros(shape, dtype)
        return SimpleNamespace(base=SimpleNamespace(free=lambda: events.append("free pinned")), array=array)

    def allocate(size: int) -> Any:
        if size > 100:
            raise _RefusalError("cuMemAlloc failed: out of memory")

        class Address(int):
            def free(self) -> None:
                events.append("free")

        return Address(4096)

    context = SimpleNamespace(
        push=lambda: events.append("push"), pop=lambda: events.append("pop"), detach=lambda: events.append("detach")
    )
    package, driver = ModuleType("pycuda"), ModuleType("pycuda.driver")
    vars(driver).update(
        Error=_RefusalError,
        init=lambda: None,
        Device=lambda number: SimpleNamespace(retain_primary_context=lambda: context),
        Stream=lambda: SimpleNamespace(handle=9, synchronize=lambda: None),
        mem_get_info=lambda: (10, 20),
        pagelocked_empty=empty,
        mem_alloc=allocate,
    )
    monkeypatch.setitem(sys.modules, "pycuda", package)
    monkeypatch.setitem(sys.modules, "pycuda.driver", driver)
    monkeypatch.setattr("edge.engines.tensorrt.pycuda.metadata.version", lambda name: "2024.1")


def test_pycuda_uses_the_primary_context_and_lets_go_of_it_last(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    _pycuda(monkeypatch, events)
    cuda = _Libcuda()
    memory = PycudaMemory(load=lambda name: cuda)
    assert (memory.name, memory.stream, memory.available()) == ("pycuda 2024.1", 9, 10)
    memory.pinned((2,), "float32")
    assert memory.allocate(8) == 4096
    with pytest.raises(EngineError, match=r"pycuda 2024.1: no 101 bytes on the GPU; found cuMemAlloc failed"):
        memory.allocate(101)
    memory.close()
    memory.close()
    assert events == ["push", "free", "free pinned", "pop", "detach"]
    assert cuda.calls == ["cuCtxPopCurrent_v2"], "detaching has made it current again"


def test_pycuda_is_taken_first(monkeypatch: pytest.MonkeyPatch) -> None:
    _pycuda(monkeypatch, [])
    assert open_memory().name.startswith("pycuda")


def test_without_either_package_both_reasons_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycuda", None)
    monkeypatch.setitem(sys.modules, "cuda", None)
    with pytest.raises(DependencyError, match=r"pycuda: .*; cuda-python: .*fingerpost\[jetson\]"):
        open_memory()


class _Libcuda:
    """libcuda's graphs, noting what was called; ``failing`` is the function that refuses."""

    def __init__(self, failing: str = "") -> None:
        self.calls: list[str] = []
        self._failing = failing

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("cu"):
            raise AttributeError(name)

        def call(*words: Any) -> int:
            self.calls.append(name)
            if name == self._failing:
                return 900
            if name == "cuStreamEndCapture":
                words[1]._obj.value = 11
            if name == "cuGraphInstantiateWithFlags":
                words[0]._obj.value = 12
            return 0

        return call


def test_work_is_recorded_launched_and_forgotten() -> None:
    cuda = _Libcuda()
    graph = recording.record(5, lambda: cuda.calls.append("work"), load=lambda name: cuda)
    assert graph is not None
    graph.launch()
    graph.close()
    graph.close()
    begun = ["cuStreamBeginCapture_v2", "work", "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuGraphDestroy"]
    assert cuda.calls == [*begun, "cuGraphLaunch", "cuGraphExecDestroy"]


@pytest.mark.parametrize("failing", ["cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags"])
def test_what_cannot_be_recorded_is_done_by_hand(failing: str) -> None:
    assert recording.record(5, lambda: None, load=lambda name: _Libcuda(failing)) is None


def test_a_recording_is_ended_when_the_work_fails() -> None:
    cuda = _Libcuda()

    def work() -> None:
        raise EngineError("TensorRT could not run the network")

    assert recording.record(5, work, load=lambda name: cuda) is None
    assert "cuStreamEndCapture" in cuda.calls and "cuGraphInstantiateWithFlags" not in cuda.calls


def test_a_graph_that_the_gpu_refuses_is_an_error() -> None:
    graph = recording.record(5, lambda: None, load=lambda name: _Libcuda("cuGraphLaunch"))
    assert graph is not None
    with pytest.raises(EngineError, match="CUDA error 900"):
        graph.launch()
