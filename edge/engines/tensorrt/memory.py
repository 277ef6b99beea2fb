"""The GPU's memory and its queue of work, as one small interface over two packages.

pycuda is taken first and NVIDIA's own bindings (``cuda-bindings``) else: on a Jetson either may be the one that could
be installed. Both use the device's *primary* context, which TensorRT uses too, and keep it current in the thread that
opened the memory: that thread owns it, and everything made with it, until `close`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge.errors import DependencyError, EngineError
from edge.types import AnyArray


class Graph(Protocol):
    """Work that was recorded once and is started as one piece."""

    def launch(self) -> None:
        """Put it into the queue that it was recorded from."""
        ...

    def close(self) -> None:
        """Forget it."""
        ...


class Memory(Protocol):
    """Memory of the first GPU and one queue (CUDA stream) of work on it. Raises EngineError.

    ``name`` is the package and its version; ``stream`` the queue's handle, as TensorRT takes it.
    """

    name: str
    stream: int

    def available(self) -> int:
        """Bytes that are free on the GPU."""
        ...

    def pinned(self, shape: tuple[int, ...], dtype: str) -> AnyArray:
        """An array in page-locked host memory, which the GPU reads while the program goes on."""
        ...

    def allocate(self, size: int) -> int:
        """The address of ``size`` new bytes on the GPU."""
        ...

    def upload(self, host: AnyArray, device: int) -> None:
        """Queue a copy of a pinned array to the GPU."""
        ...

    def download(self, device: int, host: AnyArray) -> None:
        """Queue a copy from the GPU into a pinned array."""
        ...

    def synchronise(self) -> None:
        """Wait until everything that was queued is done."""
        ...

    def record(self, work: Callable[[], None]) -> Graph | None:
        """What ``work`` queues, recorded instead of done; None where that is not possible."""
        ...

    def close(self) -> None:
        """Give everything back: arrays, addresses, queue, context."""
        ...


def open_memory() -> Memory:
    """The first of the two packages that works here; raises DependencyError naming what is wrong with each."""
    from edge.engines.tensorrt.cuda_python import CudaPythonMemory
    from edge.engines.tensorrt.pycuda import PycudaMemory

    reasons = []
    for name, opener in (("pycuda", PycudaMemory), ("cuda-python", CudaPythonMemory)):
        try:
            return opener()
        except ImportError as error:
            reasons.append(f"{name}: {str(error)[:100]}")
        except EngineError as error:
            reasons.append(f"{name}: {error.what}{f' ({error.found})' if error.found else ''}")
    raise DependencyError(
        "the GPU's memory cannot be reached",
        expected="pycuda or cuda-python",
        found="; ".join(reasons),
        remedy="pip install 'fingerpost[jetson]' in the service's environment",
    )
