"""Whether TensorRT can run, asked of a driver and a module that are played."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edge.engines.tensorrt import probing
from edge.engines.tensorrt.probing import load_bindings, probe_gpu
from edge.errors import EngineError


class _Cuda:
    """libcuda as far as it is asked; ``failing`` is the function that refuses."""

    def __init__(self, *, devices: int = 1, failing: str = "") -> None:
        self._devices, self._failing = devices, failing

    def __getattr__(self, name: str) -> Callable[..., int]:
        def call(*words: Any) -> int:
            if name == self._failing:
                return 100
            if name == "cuDeviceGetCount":
                words[0]._obj.value = self._devices
            elif name == "cuDriverGetVersion":
                words[0]._obj.value = 12060
            elif name == "cuDeviceGetName":
                words[0].value = b"Orin"
            elif name == "cuDeviceGetAttribute":
                words[0]._obj.value = {75: 8, 76: 7, 18: 1}[words[1]]
            return 0

        call.__name__ = name
        return call


def _module(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    module = ModuleType("tensorrt")
    vars(module)["__version__"] = version
    monkeypatch.setitem(sys.modules, "tensorrt", module)


def test_the_gpu_is_described_by_the_driver_alone(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/nv_tegra_release").write_text("# R36 (release), REVISION: 4.0\n")
    gpu = probe_gpu(lambda name: _Cuda(), root=tmp_path)
    assert (gpu.name, gpu.capability, gpu.integrated) == ("Orin", "8.7", True)
    assert gpu.driver == "CUDA 12.6, driver # R36 (release), REVISION: 4.0"


def test_without_a_driver_tensorrt_is_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(probing, "load_bindings", lambda: pytest.fail("it may crash without a driver"))
    with pytest.raises(EngineError, match=r"no NVIDIA driver.*libcuda.so.1.*JetPack"):
        probe_gpu(absent)
    monkeypatch.setattr(probing, "probe_gpu", lambda root: probe_gpu(absent, root=root))
    with pytest.raises(EngineError, match="no NVIDIA driver"):
        probing.probe()


@pytest.mark.parametrize(
    ("cuda", "words"),
    [
        (_Cuda(devices=0), "sees no GPU"),
        (_Cuda(failing="cuInit"), r"cuInit: the NVIDIA driver refuses; found CUDA error 100.*groups are video"),
        (_Cuda(failing="cuDeviceGetName"), "CUDA error 100"),
    ],
)
def test_a_driver_that_refuses_is_explained(cuda: _Cuda, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        probe_gpu(lambda name: cuda)


@pytest.mark.parametrize("version", ["10.3.0", "10.13.3.9", "10.16.0.72", "11.4.0.106"])
def test_versions_of_the_jetpacks_are_taken(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    _module(monkeypatch, version)
    assert load_bindings().__version__ == version


@pytest.mark.parametrize("version", ["8.6.1", "10.2.0", "12.0.0", "?"])
def test_other_versions_are_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    _module(monkeypatch, version)
    with pytest.raises(EngineError, match=r"not known here; expected >= 10.3, < 12; found"):
        load_bindings()


def test_a_module_that_cannot_be_loaded_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tensorrt.py").write_text("raise ImportError('libnvinfer.so.10: cannot open shared object file')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "tensorrt", raising=False)
    with pytest.raises(
        EngineError, match=r"cannot be loaded; found ImportError: libnvinfer.so.10.*system-site-packages"
    ):
        load_bindings()
