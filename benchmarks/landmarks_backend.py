"""The other side of `landmarks_worker`: starts a backend's process, sends it scenes, reads what it found."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

import numpy as np

from edge.errors import CheckFailedError, DependencyError
from edge.types import AnyArray, FloatArray

_WORKER = Path(__file__).with_name("landmarks_worker.py")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "GLOG_minloglevel": "3"}


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
        self._errors = (folder / f"{name}.log").open("w+", encoding="utf-8")
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env={**os.environ, **_ONE_THREAD},
            )
        except OSError as error:
            raise DependencyError("a landmark backend cannot be started", where=command[0], found=error) from error
        self._requests, self._answers = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        self._read()
        self.peak = 0
        """Largest resident size of the process so far, bytes."""

    def run(self, scene: Path) -> Found:
        """Let it go through a scene."""
        result = self._folder / f"{self.name}-result.npz"
        self._requests.write(json.dumps({"scene": str(scene), "result": str(result)}) + "\n")
        self._requests.flush()
        self.peak = int(self._read()["peak_kib"]) * 1024
        with np.load(result, allow_pickle=False) as data:
            return Found(data["landmarks"], data["right"], data["cpu"])

    @property
    def age(self) -> float:
        """Seconds since the process was started."""
        return time.monotonic() - self._began

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            self._requests.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()
        self._errors.close()

    def __enter__(self) -> Backend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> dict[str, Any]:
        line = self._answers.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._process.wait()
        self._errors.seek(0)
        said = [text.strip() for text in self._errors if text.strip()]
        raise CheckFailedError(
            "a landmark backend ended before its work was done",
            where=self.name,
            found=said[-1][:200] if said else f"exit status {self._process.returncode}",
        )


def worker_command(python: Path | str, *words: str) -> list[str]:
    """How a worker is started: isolated, so that no folder of the project shadows the standard library."""
    return [str(python), "-I", str(_WORKER), *words]
