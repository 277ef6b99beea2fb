"""When the engine that was chosen cannot be opened any more: float32 takes its place, unless that is forbidden."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from edge.assembly import _proven
from edge.bundle.acceptance import Acceptance, VariantResult
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.samples import write_jetson_sample
from edge.cli import main
from edge.engines import OnnxEngine
from edge.engines.base import Engine
from edge.engines.tensorrt.fake import fake_backend, toy_network
from edge.errors import EngineError

_CHOSEN = Acceptance("fp16", "TensorRT", (VariantResult("fp16", "", 1.0, 0.0),))


def _make(model: bytes, label: str) -> Engine:
    if label.endswith("fp16"):
        raise EngineError("the engine could not be built 2 times and is left alone", where=label)
    return OnnxEngine(model, label=label)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return open_bundle(write_jetson_sample(tmp_path / "a.bundle", b"no network"))


def test_float32_takes_its_place(bundle: Bundle) -> None:
    lost: list[tuple[str, str]] = []
    engine = _proven(bundle, _make, _CHOSEN, strict=False, lost=lambda *told: lost.append(told))
    assert "ONNX Runtime" in engine.name
    engine.close()
    ((role, reason),) = lost
    assert role == "classifier" and "left alone" in reason


def test_where_tensorrt_is_required_its_own_reason_ends_the_run(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_jetson_sample(tmp_path / "a.bundle", toy_network(shape=(1, 4)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("edge.bundle.device_engines._open_backend", partial(fake_backend, fault="silent"))
    words = ["run", "--bundle", str(path), "--source", str(root / "edge/samples/hello.npz"), "--require", "tensorrt"]
    assert main(words) == EngineError.exit_code
    said = capsys.readouterr().err
    assert said.startswith("error: sample 1.0.0 classifier fp16: the builder ended without an answer")
    assert "TensorRT is required" not in said


def test_where_it_was_asked_for_it_is_an_error(bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="left alone"):
        _proven(bundle, _make, _CHOSEN, strict=True, lost=lambda *told: None)
