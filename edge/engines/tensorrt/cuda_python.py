"""The GPU's memory by NVIDIA's own bindings (``cuda-bindings``): the driver's functions, each with its error code."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

from edge.engines.tensorrt.recording import DriverGraph, record
from edge.errors import EngineError
from edge.types import AnyArray


class CudaPythonMemory:
    """`edge.engines.tensorrt.memory.Memory` by ``cuda.bindings``; raises ImportError without, and EngineError."""

    def __init__(self, driver: Any = None) -> None:
        if driver is None:
            driver = importlib.import_module("cuda.bindings.driver")
        self._driver = driver
        self.name = f"cuda-bindings {_version()}"
        self._pinned: list[int] = []
        self._allocated: list[Any] = []
        try:
            self._call("cuInit", 0)
        except RuntimeError as error:  # it looks for the driver now, in a way of its own
            found = str(error).splitlines()[0][:160]
            raise EngineError("the driver's library cannot be loaded", where=self.name, found=found) from error
        self._device = self._call("cuDeviceGet", 0)
        context = self._call("cuDevicePrimaryCtxRetain", self._device)
        self._open = True
        try:
            self._call("cuCtxPushCurrent", context)
            self._queue = self._call("cuStreamCreate", 0)
        except EngineError:
            self._call("cuDevicePrimaryCtxRelease", self._device)
            raise
        self.stream = int(self._queue)

    def available(self) -> int:
        """Bytes that are free on the GPU."""
        free, _total = self._call("cuMemGetInfo")
        return int(free)

    def pinned(self, shape: tuple[int, ...], dtype: str) -> AnyArray:
        """A page-locked array."""
        kind = np.dtype(dtype)
        size = max(1, int(np.prod(shape)) * kind.itemsize)
        address = int(self._call("cuMemHostAlloc", size, 0))
        self._pinned.append(address)
        raw = (ctypes.c_ubyte * size).from_address(address)
        flat: AnyArray = np.ctypeslib.as_array(raw)[: int(np.prod(shape)) * kind.itemsize]
        return flat.view(kind).reshape(shape)

    def allocate(self, size: int) -> int:
        """New bytes on the GPU."""
        self._allocated.append(self._call("cuMemAlloc", size))
        return int(self._allocated[-1])

    def upload(self, host: AnyArray, device: int) -> None:
        """Queue a copy to the GPU."""
        self._call("cuMemcpyHtoDAsync", device, host.ctypes.data, host.nbytes, self._queue)

    def download(self, device: int, host: AnyArray) -> None:
        """Queue a copy from the GPU."""
        self._call("cuMemcpyDtoHAsync", host.ctypes.data, device, host.nbytes, self._queue)

    def synchronise(self) -> None:
        """Wait for the queue."""
        self._call("cuStreamSynchronize", self._queue)

    def record(self, work: Callable[[], None]) -> DriverGraph | None:
        """Record what ``work`` queues."""
        return record(self.stream, work)

    def close(self) -> None:
        """Free what was allocated here, then let go of the context; harmless when it was done already."""
        if not self._open:
            return
        self._open = False
        try:
            for pointer in self._allocated:
                self._call("cuMemFree", pointer)
            for address in self._pinned:
                self._call("cuMemFreeHost", address)
            self._call("cuStreamDestroy", self._queue)
        finally:
            self._allocated, self._pinned = [], []
            self._call("cuCtxPopCurrent")
            self._call("cuDevicePrimaryCtxRelease", self._device)

    def _call(self, name: str, *words: Any) -> Any:
        """One function of the driver: its first result is the error; the rest is given, one value, a tuple or None."""
        code, *rest = getattr(self._driver, name)(*words)
        if int(code):
            raise EngineError("the GPU refuses", where=f"{self.name} {name}", found=f"CUDA error {int(code)}")
        return tuple(rest) if len(rest) > 1 else rest[0] if rest else None


def _version() -> str:
    try:
        return metadata.version("cuda-bindings")
    except metadata.PackageNotFoundError:
        return "of the system"
