"""The Engine protocol: named numpy arrays in, named numpy arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from edge.types import AnyArray


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, numpy dtype name and shape of one input or output; a free axis is ``None``."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def accepts(self, array: AnyArray) -> bool:
        """Whether ``array`` has this dtype and a shape that fits."""
        fits = len(array.shape) == len(self.shape) and all(
            want is None or want == have for want, have in zip(self.shape, array.shape, strict=True)
        )
        return fits and str(array.dtype) == self.dtype

    def __str__(self) -> str:
        shape = ", ".join("?" if n is None else str(n) for n in self.shape)
        return f"{self.name} {self.dtype} ({shape})"


class Engine(Protocol):
    """Runs one network. Not thread-safe: one owner at a time."""

    @property
    def name(self) -> str:
        """What runs it, for people: ``ONNX Runtime 1.23 CPU, 2 threads``."""
        ...

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What `run` takes."""
        ...

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What `run` returns."""
        ...

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Run once; raises EngineError when an input does not fit its spec."""
        ...

    def close(self) -> None:
        """Free what the engine holds; it cannot be run afterwards."""
        ...
