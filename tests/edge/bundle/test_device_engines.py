"""TensorRT for float16 where it runs, else the CPU, said aloud; and nothing of it where a bundle is not for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle.acceptance import accept
from edge.bundle.choice import choose_variants
from edge.bundle.device_engines import DeviceEngines, engines_folder, input_shapes
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.samples import write_jetson_sample, write_sample
from edge.bundle.store import Store
from edge.engines import FakeEngine, OnnxEngine, TensorSpec
from edge.engines.tensorrt import Wanted
from edge.engines.tensorrt.fake import FAKE_MACHINE, fake_backend, toy_network
from edge.errors import BundleError, CheckFailedError, EngineError
from edge.types import AnyArray

_INPUTS = (TensorSpec("landmarks", "float32", (1, 30, 2, 21, 3)), TensorSpec("mask", "float32", (1, 30)))
_OUTPUTS = (TensorSpec("logits", "float32", (1, 2)),)


def _mean(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    return {"logits": feeds["landmarks"].mean(axis=(1, 3, 4))}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A bundle for a Jetson, whose fp16 network is one of the fake TensorRT."""
    return open_bundle(write_jetson_sample(tmp_path / "jetson.bundle", toy_network(shape=(1, 4))))


class _Backend:
    """TensorRT that makes fake engines, or refuses."""

    def __init__(self, refusal: EngineError | None = None) -> None:
        self.wanted: list[Wanted] = []
        self._refusal = refusal
        self.machine = FAKE_MACHINE.describe()

    def describe(self) -> str:
        return self.machine

    def engine(self, wanted: Wanted) -> FakeEngine:
        self.wanted.append(wanted)
        if self._refusal is not None:
            raise self._refusal
        return FakeEngine(_mean, inputs=_INPUTS, outputs=_OUTPUTS)


def _engines(bundle: Bundle, backend: Any, tmp_path: Path, *, required: bool = False) -> DeviceEngines:
    def opened(folder: Path, progress: Any) -> Any:
        if isinstance(backend, EngineError):
            raise backend
        return backend

    return DeviceEngines(bundle, threads=1, folder=tmp_path, required=required, open_backend=opened)


def test_float16_runs_on_tensorrt_in_the_windows_shape_and_the_rest_on_the_cpu(bundle: Bundle, tmp_path: Path) -> None:
    backend = _Backend()
    make = _engines(bundle, backend, tmp_path)
    assert make.fallback == "" and "TensorRT 10.3.0 on Fake Orin (8.7)" in make.runtime
    acceptance = accept(bundle, make, budget=0.0)
    assert {result.variant: result.barred for result in acceptance.results} == {"fp32": "", "int8": "", "fp16": ""}
    assert acceptance.describe().endswith(f" on {acceptance.engine}"), "a GPU or not, people see it"
    assert backend.wanted[0].shapes == {"landmarks": (1, 30, 2, 21, 3), "mask": (1, 30)}
    assert isinstance(make(bundle.network("classifier", "fp32"), "x"), OnnxEngine)


def test_without_tensorrt_everything_runs_on_the_cpu_and_the_reason_is_kept(bundle: Bundle, tmp_path: Path) -> None:
    make = _engines(bundle, EngineError("there is no NVIDIA driver here", remedy="install it"), tmp_path)
    assert make.fallback == "there is no NVIDIA driver here. Install it" and make.runtime.endswith(", no TensorRT")
    assert make.build_all() == {}
    with pytest.raises(EngineError, match="no NVIDIA driver"):
        _engines(bundle, EngineError("there is no NVIDIA driver here"), tmp_path, required=True)


def test_a_network_that_tensorrt_refuses_is_barred_with_the_reason(bundle: Bundle, tmp_path: Path) -> None:
    make = _engines(bundle, _Backend(EngineError("no memory", remedy="add swap")), tmp_path)
    acceptance = accept(bundle, make, variants=("fp32", "fp16"), budget=0.0)
    assert acceptance.chosen == "fp32" and "no memory. Add swap" in acceptance.results[1].barred
    assert str(make.refusal) == "sample 1.0.0 classifier fp16: no memory. Add swap"


def test_where_tensorrt_is_required_nothing_else_is_taken(bundle: Bundle, tmp_path: Path) -> None:
    acceptance = accept(bundle, _engines(bundle, _Backend(), tmp_path, required=True), budget=0.0)
    assert acceptance.chosen == "fp16"
    refusing = _engines(bundle, _Backend(EngineError("no memory")), tmp_path, required=True)
    with pytest.raises(CheckFailedError, match="TensorRT is required"):
        accept(bundle, refusing, budget=0.0)


def test_a_bundle_for_other_boards_never_asks_for_tensorrt(tmp_path: Path) -> None:
    with open_bundle(write_sample(tmp_path / "a.bundle")) as bundle:
        make = _engines(bundle, EngineError("must not be asked"), tmp_path)
        assert make.fallback == "" and "TensorRT" not in make.runtime
        with pytest.raises(EngineError, match=r"no fp16 networks.*--target jetson"):
            _engines(bundle, EngineError("must not be asked"), tmp_path, required=True)


def test_a_choice_holds_for_one_tensorrt_only(bundle: Bundle, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.install(bundle)
    backend = _Backend()
    for _ in range(2):
        make = _engines(bundle, backend, tmp_path)
        choose_variants(bundle, make, runtime=make.runtime, store=store)
    assert len(backend.wanted) == 1, "remembered"
    backend.machine = "TensorRT 10.4.0"
    make = _engines(bundle, backend, tmp_path)
    choose_variants(bundle, make, runtime=make.runtime, store=store)
    assert len(backend.wanted) == 2, "tried anew"


def test_what_runs_on_the_cpu_for_want_of_tensorrt_is_remembered_with_the_reason(
    bundle: Bundle, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    store.install(bundle)
    for reason in ("there is no NVIDIA driver here", ""):
        make = _engines(bundle, EngineError(reason) if reason else _Backend(), tmp_path)
        choose_variants(bundle, make, runtime=make.runtime, fallback=make.fallback, store=store)
        assert [each.fallback for each in store.list()] == [reason]


def test_engines_are_built_looked_at_and_built_again(bundle: Bundle, tmp_path: Path) -> None:
    told: list[str] = []
    make = DeviceEngines(bundle, threads=1, folder=tmp_path, progress=told.append, open_backend=fake_backend)
    assert "no engine is built yet" in make.look()["classifier"]
    assert make.build_all() == {"classifier": ""} == make.look()
    assert any("sample 1.0.0" in text and "trying it" in text for text in told)
    engine = make(bundle.network("classifier", "fp16"), "x")
    assert engine.run({"x": np.ones((1, 4), np.float32)})["y"].tolist() == [[2.0] * 4]
    engine.close()


def test_engines_lie_in_the_store_or_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert engines_folder(None) == tmp_path / "fingerpost" / "engines"
    assert engines_folder(Store(tmp_path / "store")) == tmp_path / "store" / "engines"


def test_a_free_axis_that_means_something_else_is_refused(bundle: Bundle) -> None:
    contract = bundle.manifest.input
    tensor = contract.tensors[0]
    strange = tensor.model_copy(update={"shape": (None, None, None, 21, 3)})
    wrong = contract.model_copy(update={"tensors": (strange,)})
    with pytest.raises(BundleError, match="no free axes but batch and time"):
        input_shapes(wrong, "classifier")
