"""The GPU's memory by pycuda, on the primary context.

``pycuda.autoinit`` is not used: it makes a context of its own, which TensorRT does not share, and which belongs to
whatever thread happened to import it ("invalid device context" in every other).
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from edge.engines.tensorrt.recording import DriverGraph, record
from edge.errors import EngineError
from edge.types import AnyArray


class PycudaMemory:
    """`edge.engines.tensorrt.memory.Memory` by pycuda; raises ImportError where there is none, and EngineError."""

    def __init__(self, load: Callable[[str], Any] = ctypes.CDLL) -> None:
        self._load = load
        self._driver: Any = importlib.import_module("pycuda.driver")
        self.name = f"pycuda {metadata.version('pycuda')}"
        with self._explained("the GPU cannot be opened"):
            self._driver.init()
            self._context = self._driver.Device(0).retain_primary_context()
            self._context.push()
        try:
            with self._explained("the GPU gives no queue"):
                self._queue = self._driver.Stream()
                self.stream = int(self._queue.handle)
        except EngineError:
            _let_go(self._context, load)
            raise
        self._pinned: list[Any] = []
        self._allocated: list[Any] = []

    def available(self) -> int:
        """Bytes that are free on the GPU."""
        with self._explained("the GPU's memory is not known"):
            return int(self._driver.mem_get_info()[0])

    def pinned(self, shape: tuple[int, ...], dtype: str) -> AnyArray:
        """A page-locked array."""
        with self._explained("no page-locked memory"):
            array: AnyArray = self._driver.pagelocked_empty(shape, dtype)
        self._pinned.append(array)
        return array

    def allocate(self, size: int) -> int:
        """New bytes on the GPU."""
        with self._explained(f"no {size} bytes on the GPU"):
            self._allocated.append(self._driver.mem_alloc(size))
        return int(self._allocated[-1])

    def upload(self, host: AnyArray, device: int) -> None:
        """Queue a copy to the GPU."""
        with self._explained("the GPU takes no data"):
            self._driver.memcpy_htod_async(device, host, self._queue)

    def download(self, device: int, host: AnyArray) -> None:
        """Queue a copy from the GPU."""
        with self._explained("the GPU gives no data"):
            self._driver.memcpy_dtoh_async(host, device, self._queue)

    def synchronise(self) -> None:
        """Wait for the queue."""
        with self._explained("the GPU failed"):
            self._queue.synchronize()

    def record(self, work: Callable[[], None]) -> DriverGraph | None:
        """Record what ``work`` queues."""
        return record(self.stream, work)

    def close(self) -> None:
        """Free what was allocated here, then let go of the context; harmless when it was done already."""
        if self._context is None:
            return
        try:
            with self._explained("the GPU's memory cannot be freed"):
                for address in self._allocated:
                    address.free()
                for array in self._pinned:
                    array.base.free()
        finally:
            self._allocated, self._pinned, self._queue = [], [], None
            context, self._context = self._context, None
            _let_go(context, self._load)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._driver.Error as error:
            raise EngineError(what, where=self.name, found=str(error).splitlines()[0][:160]) from error


def _let_go(context: Any, load: Callable[[str], Any]) -> None:
    """Release a primary context and leave the thread with the one that it had before.

    pycuda's destructor takes any context for one that it made and would detach it as such, so it is detached by hand;
    and detaching one that is not current makes it current, and leaves it so (pycuda 2026.1, src/cpp/cuda.hpp).
    """
    context.pop()
    context.detach()
    load("libcuda.so.1").cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
