"""The other side of `landmarks_worker`: starts a backend's process, sends it scenes, reads what it found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from benchmarks.workers import Worker
from edge.types import AnyArray, FloatArray

_WORKER = Path(__file__).with_name("landmarks_worker.py")


@dataclass(frozen=True, slots=True)
class Found:
    """What a backend found in a scene; the fields are those of `landmarks_worker`."""

    landmarks: FloatArray
    right: FloatArray
    cpu: AnyArray


class Backend:
    """One backend in its process; a context manager that ends it."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._worker = Worker(name, command, log=folder / f"{name}.log")
        self.peak = 0
        """Largest resident size of the process so far, bytes."""

    def run(self, scene: Path) -> Found:
        """Let it go through a scene."""
        result = self._folder / f"{self.name}-result.npz"
        self.peak = int(self._worker.ask(scene=str(scene), result=str(result))["peak_kib"]) * 1024
        with np.load(result, allow_pickle=False) as data:
            return Found(data["landmarks"], data["right"], data["cpu"])

    @property
    def age(self) -> float:
        """Seconds since the process was started."""
        return time.monotonic() - self._worker.began

    def close(self) -> None:
        """End the process."""
        self._worker.close()

    def __enter__(self) -> Backend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def worker_command(python: Path | str, *words: str) -> list[str]:
    """How a worker is started: isolated, so that no folder of the project shadows the standard library."""
    return [str(python), "-I", str(_WORKER), *words]
