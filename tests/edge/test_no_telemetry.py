"""Nothing is sent, and nothing that identifies the device is kept: onnxruntime does both unless it is told not to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "module", ["edge.engines", "edge.landmarks", "edge.assembly", "export.__main__", "benchmarks.__main__"]
)
def test_importing_leaves_no_identifier_and_no_queue_of_events(tmp_path: Path, module: str):
    homes = {name: tmp_path / name for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    for folder in homes.values():
        folder.mkdir()
    # CI switches the telemetry off by itself, which would hide it here.
    inherited = {k: v for k, v in os.environ.items() if k not in ("CI", "ORT_DISABLE_TELEMETRY", "TF_BUILD")}
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}; import onnxruntime"],
        env=inherited | {name: str(folder) for name, folder in homes.items()} | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [str(p) for folder in homes.values() for p in folder.rglob("*")] == []
