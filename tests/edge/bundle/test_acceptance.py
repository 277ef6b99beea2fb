"""A variant runs when it gives the golden answers; the fastest one that does is chosen, and the choice is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.acceptance import accept, check_golden
from edge.bundle.choice import choose_variants, insist, machine
from edge.bundle.manifest import Measurement
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.samples import sample_files, sample_manifest, write_sample
from edge.bundle.store import Store
from edge.bundle.writer import write_bundle
from edge.engines import FakeEngine, OnnxEngine, TensorSpec
from edge.engines.base import Engine
from edge.errors import BundleError, CheckFailedError, EngineError, UsageError
from edge.types import AnyArray

INPUTS = (TensorSpec("landmarks", "float32", (None, None, 2, 21, 3)), TensorSpec("mask", "float32", (None, None)))
OUTPUTS = (TensorSpec("logits", "float32", (None, 2)),)


def _mean(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    return {"logits": feeds["landmarks"].mean(axis=(1, 3, 4))}


class Engines:
    """Makes fake engines: what each variant answers, and how many seconds of a false clock it takes."""

    def __init__(self, **answers: Callable[[Mapping[str, AnyArray]], dict[str, AnyArray]]) -> None:
        self.answers = answers
        self.seconds: dict[str, float] = {}
        self.now = 0.0
        self.made: list[FakeEngine] = []

    def __call__(self, model: bytes, label: str) -> Engine:
        variant = label.rsplit(maxsplit=1)[-1]

        def run(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
            self.now += self.seconds.get(variant, 0.01)
            return self.answers.get(variant, _mean)(feeds)

        self.made.append(FakeEngine(run, inputs=INPUTS, outputs=OUTPUTS))
        return self.made[-1]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return open_bundle(write_sample(tmp_path / "a.bundle"))


def _accept(bundle: Bundle, engines: Engines) -> tuple[str, dict[str, str]]:
    acceptance = accept(bundle, engines, clock=lambda: engines.now)
    assert all(engine.closed for engine in engines.made)
    return acceptance.chosen, {result.variant: result.barred for result in acceptance.results}


@pytest.mark.parametrize(
    ("fp32", "int8", "chosen"), [(0.02, 0.01, "int8"), (0.01, 0.02, "fp32"), (0.01, 0.01, "fp32"), (0.1, 0.098, "fp32")]
)
def test_the_faster_one_is_chosen_and_fp32_among_equals(bundle: Bundle, fp32: float, int8: float, chosen: str) -> None:
    engines = Engines()
    engines.seconds = {"fp32": fp32, "int8": int8}
    assert _accept(bundle, engines) == (chosen, {"fp32": "", "int8": ""})


def _barred(bundle: Bundle, answer: Callable[[Mapping[str, AnyArray]], dict[str, AnyArray]]) -> str:
    engines = Engines(int8=answer)
    engines.seconds = {"fp32": 1.0, "int8": 0.001}
    chosen, barred = _accept(bundle, engines)
    assert chosen == "fp32"
    return barred["int8"]


def test_a_variant_that_strays_is_barred(bundle: Bundle) -> None:
    assert "differs from the golden outputs by 0.1" in _barred(bundle, lambda f: {"logits": _mean(f)["logits"] + 0.1})


def test_a_variant_that_is_not_finite_is_barred(bundle: Bundle) -> None:
    assert "not finite" in _barred(bundle, lambda f: {"logits": _mean(f)["logits"] * np.nan})


def test_a_variant_of_another_shape_is_barred(bundle: Bundle) -> None:
    assert "(1, 3)" in _barred(bundle, lambda _f: {"logits": np.zeros((1, 3), np.float32)})


def test_a_variant_that_cannot_be_run_is_barred_with_what_the_engine_said(bundle: Bundle) -> None:
    def broken(_feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        raise EngineError("illegal instruction")

    assert _barred(bundle, broken) == "illegal instruction"


def test_labels_decide_where_the_manifest_has_no_parity(tmp_path: Path) -> None:
    files = sample_files()
    manifest = sample_manifest(files)
    networks = tuple(n.model_copy(update={"parity": None}) for n in manifest.networks)
    write_bundle(tmp_path / "b.bundle", manifest.model_copy(update={"networks": networks}), files)
    reason = _barred(open_bundle(tmp_path / "b.bundle"), lambda f: {"logits": -_mean(f)["logits"]})
    assert "0.0% of the golden labels, 99.0% are expected" in reason


def test_a_variant_that_retains_too_little_accuracy_is_barred(tmp_path: Path) -> None:
    files = sample_files()
    measured = Measurement(name="retention", value=0.9, n=100, variant="int8", data="letters", split="by source")
    manifest = sample_manifest(files).model_copy(update={"measurements": (measured,)})
    write_bundle(tmp_path / "b.bundle", manifest, files)
    assert "retains 90.0% of fp32's accuracy, 98% are asked for" in _barred(open_bundle(tmp_path / "b.bundle"), _mean)


def test_when_none_passes_each_reason_is_named(bundle: Bundle) -> None:
    engines = Engines(fp32=lambda f: {"logits": _mean(f)["logits"] + 1}, int8=lambda f: {"logits": f["mask"] * np.inf})
    with pytest.raises(CheckFailedError, match=r"fp32: it differs.*int8: its output is") as caught:
        accept(bundle, engines)
    assert caught.value.exit_code == 9


def test_a_golden_file_for_another_network_is_named(tmp_path: Path, bundle: Bundle) -> None:
    def make(model: bytes, label: str) -> Engine:
        return FakeEngine(_mean, inputs=(TensorSpec("image", "uint8", (None, 8, 8, 3)),), outputs=OUTPUTS)

    with pytest.raises(
        BundleError,
        match=r"expected arrays image, logits of one length, the outputs finite; found landmarks float32 \(4",
    ):
        accept(bundle, make)


def _onnx(model: bytes, label: str) -> Engine:
    return OnnxEngine(model, label=label)


def test_onnx_runtime_accepts_the_sample_and_is_timed(bundle: Bundle) -> None:
    acceptance = accept(bundle, _onnx, budget=0.05)
    assert [(r.variant, r.barred, r.agreement) for r in acceptance.results] == [("fp32", "", 1.0), ("int8", "", 1.0)]
    assert all(r.median_ms and r.p90_ms and r.median_ms <= r.p90_ms for r in acceptance.results)
    assert acceptance.engine.startswith("ONNX Runtime")
    assert acceptance.describe().startswith(f"{acceptance.chosen} (")


class TestRemembering:
    @pytest.fixture
    def store(self, tmp_path: Path, bundle: Bundle) -> Store:
        store = Store(tmp_path / "store")
        store.install(bundle)
        store.activate("sample")
        return store

    @staticmethod
    def _tried(store: Store, runtime: str) -> bool:
        engines = Engines()
        with store.active() or pytest.fail() as active:
            choose_variants(active, engines, runtime=runtime, store=store)
        return bool(engines.made)

    def test_the_choice_is_tried_once_and_again_when_the_runtime_changes(self, store: Store) -> None:
        assert self._tried(store, "onnxruntime 1.20")
        assert not self._tried(store, "onnxruntime 1.20")
        assert self._tried(store, "onnxruntime 1.21")
        active = store.status().active
        assert active is not None
        assert active.to_json()["runs"] == {"classifier": active.choices[0].chosen}
        assert active.choices[0].describe().startswith(("fp32 (", "int8 ("))

    def test_another_processor_is_another_machine(
        self, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cpuinfo = tmp_path / "cpuinfo"
        cpuinfo.write_text("processor : 0\nBogoMIPS : 1\nFeatures : fp asimd\n")
        one = machine(cpuinfo)
        cpuinfo.write_text("processor : 1\nBogoMIPS : 2\nFeatures : fp asimd\n")
        assert machine(cpuinfo) == one
        cpuinfo.write_text("Features : fp asimd asimddp\n")
        assert machine(cpuinfo) != one
        self._tried(store, "x")
        monkeypatch.setattr("edge.bundle.choice.machine", lambda: "another")
        assert self._tried(store, "x")

    def test_a_bundle_without_a_store_is_tried_each_time(self, bundle: Bundle) -> None:
        for _ in range(2):
            engines = Engines()
            choose_variants(bundle, engines, runtime="x")
            assert engines.made


def test_a_variant_that_is_asked_for_runs_though_it_is_slower(bundle: Bundle) -> None:
    engines = Engines()
    engines.seconds = {"fp32": 1.0, "int8": 0.001}
    assert insist(bundle, engines, "fp32").chosen == "fp32"
    with pytest.raises(UsageError, match="expected fp32 or int8; found fp16"):
        insist(bundle, engines, "fp16")
    with pytest.raises(CheckFailedError):
        insist(bundle, Engines(fp32=lambda f: {"logits": _mean(f)["logits"] * 2}), "fp32")


def test_one_golden_inference_tells_a_good_engine_from_a_bad_one(bundle: Bundle) -> None:
    check_golden(bundle, Engines()(b"", "fp32"))
    for answer in (lambda f: {"logits": -_mean(f)["logits"]}, lambda f: {"logits": _mean(f)["logits"] * np.nan}):
        with pytest.raises(CheckFailedError, match="golden answer"):
            check_golden(bundle, Engines(fp32=answer)(b"", "fp32"))
