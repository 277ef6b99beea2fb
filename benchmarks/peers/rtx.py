"""TensorRT for RTX behind our own engine: another builder with the same interface, from ordinary wheels.

It is none of a Jetson's, and its figures are none of one; but where a GPU is and TensorRT itself is not, building,
running and recording can be tried with it. ``python -m benchmarks.peers.rtx`` is its builder.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import replace
from pathlib import Path

from edge.engines.tensorrt import Backend, PlanCache, Plans, Progress
from edge.engines.tensorrt.build import answer, build
from edge.engines.tensorrt.memory import open_memory
from edge.engines.tensorrt.probing import Bindings, Machine, probe_gpu
from edge.errors import DependencyError

_BUILDER = (sys.executable, "-u", "-m", "benchmarks.peers.rtx")


def open_rtx(folder: Path, progress: Progress) -> Backend:
    """The backend, its engines in ``folder``; raises EngineError or DependencyError when it cannot run here."""
    bindings, machine = _probe()
    open_memory().close()
    plans = Plans(machine, PlanCache(folder), command=_BUILDER, progress=progress)
    return Backend(bindings, plans, open_memory=open_memory)


def main() -> int:
    """Build what the job on standard input says."""
    # Strongly typed as ours, but its inspector says nothing of types.
    return answer(lambda job, say: build(replace(job, half=False), *_probe(), open_memory=open_memory, progress=say))


def _probe() -> tuple[Bindings, Machine]:
    gpu = probe_gpu()
    try:
        bindings = importlib.import_module("tensorrt_rtx_bindings")
    except ImportError as error:
        raise DependencyError(
            "TensorRT for RTX is not here",
            found=str(error)[:160],
            remedy="pip install --no-deps tensorrt-rtx-cu13-libs tensorrt-rtx-cu13-bindings",
        ) from error
    return bindings, Machine(f"for RTX {bindings.__version__}", gpu, os.uname().machine)


if __name__ == "__main__":
    sys.exit(main())
