"""The doctor's lines about a Jetson's GPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.bundle.reader import open_bundle
from edge.bundle.samples import write_jetson_sample
from edge.bundle.store import Store
from edge.doctor.gpu import gpu_findings
from edge.engines.tensorrt.fake import FAKE_MACHINE, fake_backend, fake_bindings, toy_network
from edge.errors import EngineError


def _found() -> tuple[Any, Any]:
    return fake_bindings(), FAKE_MACHINE


def _absent() -> tuple[Any, Any]:
    raise EngineError("there is no NVIDIA driver here", remedy="a Jetson has it from JetPack")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store whose active bundle is for a Jetson."""
    store = Store(tmp_path / "store")
    with open_bundle(write_jetson_sample(tmp_path / "a.bundle", toy_network(shape=(1, 4)))) as bundle:
        installed = store.install(bundle)
    store.activate(installed.name, installed.build)
    return store.root


def _lines(root: Path, tegra: Path, ask: Callable[[], tuple[Any, Any]]) -> dict[str, tuple[str, str, str]]:
    found = gpu_findings(root, tegra=tegra, ask=ask, open_backend=fake_backend)
    return {finding.what: (finding.verdict, finding.text, finding.remedy) for finding in found}


def test_a_board_that_is_no_jetson_is_not_bothered(tmp_path: Path) -> None:
    assert _lines(tmp_path / "none", tmp_path / "no tegra", _absent) == {}


def test_a_jetson_without_tensorrt_is_told_why_and_what_to_do(tmp_path: Path) -> None:
    lines = _lines(tmp_path / "none", tmp_path, _absent)
    assert lines["TensorRT"][:2] == ("warn", "there is no NVIDIA driver here")
    assert "runs on the CPU" in lines["TensorRT"][2]


def test_engines_of_the_active_bundle_are_looked_at_and_nothing_is_built(store: Path, tmp_path: Path) -> None:
    lines = _lines(store, tmp_path, _found)
    assert lines["TensorRT"] == ("ok", FAKE_MACHINE.describe(), "")
    verdict, text, remedy = lines["engine classifier"]
    assert verdict == "warn" and "no engine is built yet" in text and remedy == "edge build-engines"
    assert not (store / "engines").exists()
