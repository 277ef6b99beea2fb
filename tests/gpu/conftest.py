"""What the tests on a GPU share; each skips with the reason why its piece is missing.

They need a GPU and its driver. Memory and recording need cuda-bindings or pycuda too; engines need TensorRT (from apt,
seen through ``--system-site-packages``) or TensorRT for RTX (wheels); `make test-gpu` installs what wheels there are.
``FINGERPOST_JETSON_BUNDLE`` names a bundle that is there already, where the export cannot run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.peers.rtx import open_rtx
from edge.bundle.reader import Bundle, open_bundle
from edge.engines.tensorrt import Backend, Progress, open_backend
from edge.engines.tensorrt.cuda_python import CudaPythonMemory
from edge.engines.tensorrt.memory import Memory
from edge.engines.tensorrt.probing import Gpu, probe_gpu
from edge.engines.tensorrt.pycuda import PycudaMemory
from edge.errors import DependencyError, EngineError

_BACKENDS: dict[str, Callable[[Path, Progress], Backend]] = {"tensorrt": open_backend, "tensorrt-rtx": open_rtx}


@pytest.fixture(scope="session")
def gpu() -> Gpu:
    """The GPU of this machine."""
    try:
        return probe_gpu()
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture(params=[PycudaMemory, CudaPythonMemory])
def memory(gpu: Gpu, request: pytest.FixtureRequest) -> Iterator[Memory]:
    """The GPU's memory through each package that is here."""
    try:
        memory: Memory = request.param()
    except ImportError as error:
        pytest.skip(str(error))
    yield memory
    memory.close()


@pytest.fixture(scope="session", params=_BACKENDS)
def backend(gpu: Gpu, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    """Each TensorRT that is here, its engines in a folder of the session."""
    try:
        return _BACKENDS[request.param](tmp_path_factory.mktemp("engines"), lambda text: None)
    except (EngineError, DependencyError) as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def jetson_bundle(gpu: Gpu, tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Bundle]:
    """The shipped model, exported for a Jetson."""
    given = os.environ.get("FINGERPOST_JETSON_BUNDLE")
    with open_bundle(Path(given) if given else _exported(tmp_path_factory.mktemp("jetson"), root)) as bundle:
        yield bundle


def _exported(folder: Path, root: Path) -> Path:
    words = [sys.executable, "-m", "export", "--target", "jetson", "--output", str(folder)]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == DependencyError.exit_code:
        pytest.skip(f"the export cannot run here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.bundle"))
