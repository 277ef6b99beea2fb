"""The host's memory as a GPU's: what is uploaded can be looked at, what is not given back is counted."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np

from edge.engines.tensorrt.memory import Graph
from edge.errors import EngineError
from edge.types import AnyArray

_FREE = 2 << 30


class FakeMemory:
    """The host's memory as a GPU's. ``held`` counts what was not given back; ``free`` what it says is free.

    The fake bindings find arrays by the addresses that it gives.
    """

    def __init__(self, *, free: int = _FREE, records: bool = True) -> None:
        self.name = "fake memory"
        self.stream = 7
        self.closed = False
        self.launches = 0
        self.recording = False
        self._free, self._records = free, records
        self._arrays: list[AnyArray] = []

    @property
    def held(self) -> int:
        """Arrays that were not given back."""
        return len(self._arrays)

    def available(self) -> int:
        """What it was told to say."""
        return self._free

    def pinned(self, shape: tuple[int, ...], dtype: str) -> AnyArray:
        """An array."""
        self._arrays.append(np.zeros(shape, dtype))
        return self._arrays[-1]

    def allocate(self, size: int) -> int:
        """The address of an array of bytes."""
        if size > self._free:
            raise EngineError(f"no {size} bytes on the GPU", where=self.name)
        return self.pinned((size,), "uint8").ctypes.data

    def upload(self, host: AnyArray, device: int) -> None:
        """Copy, unless it is only recorded."""
        if not self.recording:
            ctypes.memmove(device, host.ctypes.data, host.nbytes)

    def download(self, device: int, host: AnyArray) -> None:
        """Copy, unless it is only recorded."""
        if not self.recording:
            ctypes.memmove(host.ctypes.data, device, host.nbytes)

    def synchronise(self) -> None:
        """Everything is done already."""

    def record(self, work: Callable[[], None]) -> Graph | None:
        """The work, to be done at each launch; None when it was told to record nothing."""
        if not self._records:
            return None
        self.recording = True
        work()
        self.recording = False
        memory = self

        class _Again:
            def launch(self) -> None:
                memory.launches += 1
                work()

            def close(self) -> None:
                memory.launches = -1

        return _Again()

    def close(self) -> None:
        """Give everything back."""
        self.closed = True
        self._arrays = []

    def __repr__(self) -> str:
        return f"<FakeMemory: {self.held} arrays{', closed' if self.closed else ''}>"
