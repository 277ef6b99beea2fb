"""ONNX Runtime's GPU providers, played, and PyTorch in float16, on the CPU: refusals, and right answers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.peers import origin_module, rtx
from benchmarks.peers.gpu_engines import CUDA, TENSORRT, OnnxGpuEngine, TorchHalfEngine, need_torch_on_gpu
from benchmarks.peers.gpu_sides import REFERENCE, sides
from benchmarks.peers.rtx import open_rtx
from edge.bundle.golden import compare, samples
from edge.bundle.reader import open_bundle
from edge.bundle.samples import write_jetson_sample
from edge.engines.tensorrt import PlanCache, Plans, Wanted
from edge.engines.tensorrt.fake import FAKE_GPU, FAKE_MACHINE
from edge.errors import DependencyError, EngineError, FingerpostError

_CPU = "CPUExecutionProvider"


def _runtime(have: Sequence[str], *, missing: Sequence[str] = (), fault: str = "") -> Any:
    """A module onnxruntime whose providers ``missing`` lack a library: it takes the next one and says nothing."""
    asked: list[Any] = []

    class Session:
        def __init__(self, model: bytes, options: Any, providers: Sequence[tuple[str, dict[str, str]]]) -> None:
            if fault:
                raise RuntimeError(fault)
            asked.append(providers)
            self._providers = [name for name, _ in providers if name not in missing] + [_CPU]

        def get_providers(self) -> list[str]:
            return self._providers

        def disable_fallback(self) -> None:
            pass

        def get_inputs(self) -> list[Any]:
            return [SimpleNamespace(name="x", type="tensor(float)", shape=["n", 4])]

        def get_outputs(self) -> list[Any]:
            return [SimpleNamespace(name="y", type="tensor(float)", shape=["n", 4])]

        def run(self, names: list[str], feeds: dict[str, Any]) -> list[Any]:
            return [2 * feeds["x"]]

    return SimpleNamespace(
        __version__="1.23.0",
        asked=asked,
        get_available_providers=lambda: [*have, _CPU],
        SessionOptions=SimpleNamespace,
        InferenceSession=Session,
    )


@pytest.mark.parametrize("provider", [CUDA, TENSORRT])
def test_a_provider_runs_the_network_and_is_named(provider: str) -> None:
    runtime = _runtime([TENSORRT, CUDA])
    engine = OnnxGpuEngine(b"", provider, label="toy", runtime=runtime)
    assert engine.name == f"ONNX Runtime 1.23.0, {provider}"
    assert engine.run({"x": np.ones((1, 4), np.float32)})["y"].tolist() == [[2.0] * 4]
    assert [name for name, _ in runtime.asked[0]] == [provider, CUDA][: 2 if provider == TENSORRT else 1]
    engine.close()


def test_an_onnxruntime_without_the_provider_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(EngineError, match=rf"no such provider; expected {CUDA}; found {_CPU}.*onnxruntime-gpu"):
        OnnxGpuEngine(b"", CUDA, label="toy", runtime=_runtime([]))


@pytest.mark.parametrize(("missing", "taken"), [([TENSORRT], CUDA), ([TENSORRT, CUDA], _CPU)])
def test_a_silent_fall_back_is_an_error(missing: list[str], taken: str) -> None:
    with pytest.raises(EngineError, match=f"without a word; expected {TENSORRT}; found {taken}"):
        OnnxGpuEngine(b"", TENSORRT, label="toy", runtime=_runtime([TENSORRT, CUDA], missing=missing))


def test_a_network_that_cannot_be_loaded_is_an_error() -> None:
    with pytest.raises(EngineError, match="toy: this ONNX Runtime cannot load the network; found no kernel"):
        OnnxGpuEngine(b"", CUDA, label="toy", runtime=_runtime([CUDA], fault="no kernel\nmore"))


def test_pytorch_in_half_gives_the_golden_answers(demo_bundle: Path) -> None:
    with open_bundle(demo_bundle) as bundle:
        engine = TorchHalfEngine(origin_module(bundle.manifest, None), bundle.manifest, device="cpu")
        found = compare("classifier", engine, samples(bundle.golden(), "classifier", engine, where="golden"))
    engine.close()
    assert found.flaw == "" and found.agreement >= 0.98 and 0 < (found.max_abs_diff or 0.0) < 0.1, "half, and right"
    assert "eager float16" in engine.name and torch.__version__ in engine.name


def test_a_network_that_half_cannot_compute_is_an_error(demo_bundle: Path) -> None:
    class Wide(torch.nn.Module):
        def forward(self, *given: torch.Tensor) -> torch.Tensor:
            return given[0].flatten(1) @ torch.zeros(given[0].flatten(1).shape[1], 3)

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = Wide()

        def forward(self, landmarks: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.network(landmarks)
            return answer

    with open_bundle(demo_bundle) as bundle:
        engine = TorchHalfEngine(Model(), bundle.manifest, device="cpu")
        first = samples(bundle.golden(), "classifier", engine, where="golden")[0]
    with pytest.raises(EngineError, match="cannot compute the network in float16"):
        engine.run(first.feeds)


def test_a_pytorch_without_cuda_says_which_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match=f"PyTorch sees no GPU.*found PyTorch {torch.__version__.partition('+')[0]}"):
        need_torch_on_gpu()
    monkeypatch.setattr("benchmarks.peers.gpu_engines.find_spec", lambda name: None)
    with pytest.raises(DependencyError, match="PyTorch is missing"):
        need_torch_on_gpu()


def test_each_way_that_is_absent_here_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No driver, no pycuda, no GPU build of anything: each reason is its own."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("benchmarks.peers.gpu_sides.probe", _without_driver)
    monkeypatch.setattr("benchmarks.peers.rtx.probe_gpu", lambda: FAKE_GPU)
    monkeypatch.setitem(sys.modules, "tensorrt_rtx_bindings", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", _runtime([]))
    reasons = {}
    with open_bundle(write_jetson_sample(tmp_path / "a.bundle", b"half")) as bundle:
        for side in sides(bundle, "classifier", folder=tmp_path):
            with pytest.raises(FingerpostError) as raised:
                side.open()
            reasons[side.name] = str(raised.value)
    assert "sees no GPU" in reasons.pop(REFERENCE)
    assert "TensorRT for RTX is not here" in reasons.pop("tensorrt-rtx")
    assert all("no NVIDIA driver" in reasons.pop(name) for name in ("tensorrt-pycuda", "tensorrt-cuda"))
    assert all("no such provider" in reasons.pop(name) for name in ("onnxruntime-cuda", "onnxruntime-trt"))
    assert reasons == {}


def test_a_package_for_the_memory_that_is_missing_is_said_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.peers.gpu_sides.probe", lambda: (ModuleType("tensorrt"), None))
    monkeypatch.setitem(sys.modules, "pycuda", None)
    monkeypatch.setitem(sys.modules, "pycuda.driver", None)
    with open_bundle(write_jetson_sample(tmp_path / "a.bundle", b"half")) as bundle:
        ways = {side.name: side for side in sides(bundle, "classifier", folder=tmp_path / "engines")}
        with pytest.raises(DependencyError, match=r"not here; found .*pycuda"):
            ways["tensorrt-pycuda"].open()
    assert not (tmp_path / "engines").exists()


def test_the_builder_of_tensorrt_for_rtx_is_a_process_that_says_what_it_lacks(tmp_path: Path) -> None:
    try:
        open_rtx(tmp_path, lambda text: None)
    except FingerpostError as error:
        here = error.what
    else:
        pytest.skip("it runs here: see tests/gpu")
    plans = Plans(FAKE_MACHINE, PlanCache(tmp_path), command=rtx._BUILDER)
    with pytest.raises(EngineError, match=f"toy: {here}"):
        plans.get(Wanted(b"", "fp16", {}, "toy"))


def _without_driver() -> Any:
    raise EngineError("there is no NVIDIA driver here")
