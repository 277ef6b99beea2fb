"""An export for a Jetson in three places: without TensorRT, with it, and where what it builds is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge.bundle.samples import write_jetson_sample
from edge.engines import FakeEngine, TensorSpec
from edge.engines.tensorrt.fake import FAKE_MACHINE
from edge.errors import CheckFailedError, EngineError
from edge.types import AnyArray
from export.cli_jetson import engine_notes

_INPUTS = (TensorSpec("landmarks", "float32", (1, 30, 2, 21, 3)), TensorSpec("mask", "float32", (1, 30)))


class _Backend:
    """TensorRT whose engine is off by ``error``."""

    def __init__(self, error: float) -> None:
        self._error = error

    def describe(self) -> str:
        return FAKE_MACHINE.describe()

    def engine(self, wanted: Any) -> FakeEngine:
        def run(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
            logits = feeds["landmarks"].mean(axis=(1, 3, 4))
            return {"logits": -logits if self._error else logits}

        return FakeEngine(run, inputs=_INPUTS, outputs=(TensorSpec("logits", "float32", (1, 2)),))


def _opened(error: float) -> Any:
    return lambda folder, progress: _Backend(error)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_jetson_sample(tmp_path / "a.bundle", b"half")


def test_other_targets_have_no_engines(path: Path) -> None:
    assert engine_notes("pi", path, print) == ()


def test_without_tensorrt_the_device_builds_its_own(path: Path) -> None:
    def absent(folder: Path, progress: Any) -> Any:
        raise EngineError("there is no NVIDIA driver here")

    (note,) = engine_notes("jetson", path, print, opened=absent)
    assert note.startswith("TensorRT does not run here (there is no NVIDIA driver here)") and "builds its own" in note


def test_where_tensorrt_runs_the_engines_are_built_and_timed(path: Path) -> None:
    (note,) = engine_notes("jetson", path, print, opened=_opened(0.0))
    assert note.startswith("engine of classifier: fp16 (") and " ms) on fake" in note


def test_an_engine_with_other_answers_fails_the_export(path: Path) -> None:
    with pytest.raises(CheckFailedError, match="golden"):
        engine_notes("jetson", path, print, opened=_opened(1.0))
