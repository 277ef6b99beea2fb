"""What several test rooms need: the recordings, the reference environment, the exported demo bundle.

Each fixture skips with a reason where its thing is not on this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Tests run side by side, and torch's threads then wait for each other: ten times slower for small networks.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real recordings, which are never part of the repository."""
    folder = Path(os.environ.get("FINGERPOST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "letters_landmarks").is_dir():
        pytest.skip(f"no recordings in {folder}; FINGERPOST_DATA names another folder")
    return folder


@pytest.fixture(scope="session")
def reference_python() -> Path:
    """The Python of the environment that has MediaPipe."""
    python = ROOT / ".venv-ref" / "bin" / "python"
    if not python.exists():
        pytest.skip("no MediaPipe reference environment; `make venv-ref` makes it")
    return python


@pytest.fixture(scope="session")
def demo_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped checkpoint, exported once for the whole test session as a user would export it."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "export", "--target", "pi", "--output", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    bundles = list(folder.glob("*.bundle"))
    assert done.returncode == 0, done.stderr
    assert len(bundles) == 1, f"expected one bundle, found {bundles}"
    return bundles[0]
