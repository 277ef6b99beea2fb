"""The real bindings of each JetPack's TensorRT, over stub libraries: they import nine C symbols and need no GPU."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[4]
_BINDINGS = _ROOT / ".venv-rtx" / "bindings"
_VERSIONS = ("10.3.0", "10.13.3.9", "10.16.0.72", "11.4.0.106")
_SYMBOLS = (
    "createInferBuilder_INTERNAL createInferRefitter_INTERNAL createInferRuntime_INTERNAL getPluginRegistry "
    "createNvOnnxParserRefitter_INTERNAL createNvOnnxParser_INTERNAL getBuilderPluginRegistry getNvOnnxParserVersion "
    "initLibNvInferPlugins"
).split()
_LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser")


@pytest.mark.slow
@pytest.mark.parametrize("version", _VERSIONS)
def test_everything_that_is_called_is_there(version: str, tmp_path: Path) -> None:
    bindings = _BINDINGS / version
    if not bindings.is_dir():
        pytest.skip("the bindings are not here: make venv-rtx")
    if shutil.which("cc") is None:
        pytest.skip("no C compiler for the stub libraries")
    source = tmp_path / "stub.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in _SYMBOLS))
    for library in _LIBRARIES:
        name = f"lib{library}.so.{version.partition('.')[0]}"
        subprocess.run(["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", tmp_path / name, source], check=True)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": f"{bindings}:{_ROOT}"}
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("surface.py")], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert found["version"] == version and found["missing"] == [] and found["fake only"] == []
    assert found["heard"] == "an error" and found["said"] == ["Building", "Building: 50 %"] and found["goes on"] is True
    assert found["dtype"] == "HALF" and found["answers with nothing"]
    assert found["flags"] == (1 if version.startswith("11.") else 2), "the flag's value changed between the versions"
