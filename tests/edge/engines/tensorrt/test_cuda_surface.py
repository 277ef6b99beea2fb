"""The real cuda-bindings of each JetPack's CUDA: every function that is called, and what they say without a driver."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge.engines.tensorrt import cuda_python
from edge.engines.tensorrt.probing import probe_gpu
from edge.errors import EngineError

_ROOT = Path(__file__).parents[4]
_CALLED = sorted(set(re.findall(r'_call\("(\w+)"', Path(cuda_python.__file__).read_text())))
_LOOK = f"""
import json
from cuda.bindings import driver
from edge.engines.tensorrt.memory import open_memory
from edge.errors import DependencyError
missing = [name for name in {_CALLED!r} if not callable(getattr(driver, name, None))]
try:
    open_memory().close()
    said = ""
except DependencyError as error:
    said = str(error)
print(json.dumps([missing, said]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("version", ["12.8.0", "13.5.0"])
def test_everything_that_is_called_is_there_and_a_missing_driver_is_said(version: str) -> None:
    folder = _ROOT / ".venv-rtx" / "cuda" / version
    if not folder.is_dir():
        pytest.skip("cuda-bindings are not here: make venv-rtx")
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{_ROOT}"}
    done = subprocess.run([sys.executable, "-c", _LOOK], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    missing, said = json.loads(done.stdout)
    assert len(_CALLED) > 10 and missing == []
    try:
        probe_gpu()
    except EngineError:
        assert re.search(r"cuda-python: the driver's library cannot be loaded \(.+\)", said)
