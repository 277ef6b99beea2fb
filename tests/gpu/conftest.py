"""What the tests on a GPU share; each skips with the reason why there is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundle.reader import Bundle, open_bundle
from edge.engines.tensorrt import Backend, open_backend
from edge.errors import FingerpostError


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Backend:
    """TensorRT of this machine, its engines in a folder of the session."""
    try:
        return open_backend(tmp_path_factory.mktemp("engines"), lambda text: None)
    except FingerpostError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def jetson_bundle(backend: Backend, tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Bundle]:
    """The shipped model, exported for a Jetson."""
    folder = tmp_path_factory.mktemp("jetson")
    subprocess.run([sys.executable, "-m", "export", "--target", "jetson", "--output", folder], cwd=root, check=True)
    with open_bundle(next(folder.glob("*.bundle"))) as bundle:
        yield bundle
