"""The GPU's memory through either package, and recording: needs a driver and one of them, no TensorRT."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from edge.engines.tensorrt.memory import Memory, open_memory
from edge.engines.tensorrt.probing import Gpu
from edge.errors import EngineError

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(300)]
_LEAK = 16 << 20
"""Bytes by which free memory may differ: the driver keeps a little for itself."""


def test_the_driver_tells_what_an_engine_depends_on(gpu: Gpu) -> None:
    major, minor = gpu.capability.split(".")
    assert int(major) >= 5 and minor.isdigit() and gpu.name and gpu.driver.startswith("CUDA ")
    print(gpu)  # noqa: T201


def test_arrays_go_there_and_back(memory: Memory) -> None:
    first, second = memory.pinned((3, 5), "float32"), memory.pinned((3, 5), "float32")
    first[...] = np.arange(15).reshape(3, 5)
    device = memory.allocate(first.nbytes)
    memory.upload(first, device)
    memory.download(device, second)
    memory.synchronise()
    np.testing.assert_array_equal(second, first)
    assert memory.available() > 0
    memory.close()
    memory.close()


def test_recorded_copies_are_done_at_each_launch_and_not_before(memory: Memory) -> None:
    first, second = memory.pinned((64,), "float32"), memory.pinned((64,), "float32")
    first[...], second[...] = 1, 0
    device = memory.allocate(first.nbytes)

    def work() -> None:
        memory.upload(first, device)
        memory.download(device, second)

    graph = memory.record(work)
    memory.synchronise()
    assert graph is not None and not second.any(), "it was recorded, not done"
    for value in (2.0, 3.0):
        first[...] = value
        graph.launch()
        memory.synchronise()
        assert second.tolist() == [value] * 64
    graph.close()
    graph.close()


def test_work_that_fails_while_it_is_recorded_leaves_the_queue_usable(memory: Memory) -> None:
    def fails() -> None:
        raise EngineError("on purpose")

    assert memory.record(fails) is None
    array = memory.pinned((4,), "uint8")
    memory.upload(array, memory.allocate(4))
    memory.synchronise()


def test_more_than_there_is_cannot_be_had(memory: Memory) -> None:
    with pytest.raises(EngineError):
        memory.allocate(1 << 50)
    assert memory.allocate(1 << 20)


def test_opening_and_closing_leaves_nothing_behind(gpu: Gpu, memory: Memory) -> None:
    before = memory.available()
    for _ in range(20):
        other = type(memory)()
        other.allocate(32 << 20)
        other.pinned((1 << 20,), "float32")
        other.close()
    assert before - memory.available() < _LEAK


def test_the_thread_is_left_with_the_context_that_it_had(gpu: Gpu, memory: Memory) -> None:
    before = _current()
    other = type(memory)()
    other.allocate(1 << 20)
    other.close()
    assert before and _current() == before


def _current() -> int | None:
    context = ctypes.c_void_p()
    assert ctypes.CDLL("libcuda.so.1").cuCtxGetCurrent(ctypes.byref(context)) == 0
    return context.value


def test_one_of_the_packages_is_found(memory: Memory) -> None:
    found = open_memory()
    assert found.available() > 0
    found.close()
