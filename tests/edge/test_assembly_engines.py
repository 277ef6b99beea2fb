"""When the engine that was chosen cannot be opened any more: float32 takes its place, unless that is forbidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.assembly import _proven
from edge.bundle.acceptance import Acceptance, VariantResult
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.samples import write_jetson_sample
from edge.engines import OnnxEngine
from edge.engines.base import Engine
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


def test_where_it_was_asked_for_it_is_an_error(bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="left alone"):
        _proven(bundle, _make, _CHOSEN, strict=True, lost=lambda *told: None)
