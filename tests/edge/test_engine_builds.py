"""Who waits for an engine is told, and the command that builds them ahead of time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.bundle.reader import open_bundle
from edge.bundle.samples import write_sample
from edge.bundle.store import Store
from edge.cli import main
from edge.engine_builds import BuildNews
from edge.outputs.fake import FakeOutput
from edge.service.notify import FakeNotifier
from edge.types import State


def test_outputs_and_systemd_are_told_while_an_engine_is_built() -> None:
    output, notifier, now = FakeOutput(), FakeNotifier(), [0.0]
    news = BuildNews([output], notifier, clock=lambda: now[0])
    news.over()
    assert output.items == [], "nothing was built"
    for second in range(25):
        now[0] = float(second)
        news(f"hand fp16: {second} %")
    news.over()
    states = [item for item in output.items if isinstance(item, State)]
    assert [(state.name, state.over) for state in states] == [("updating", False), ("updating", True)]
    assert [text for kind, text in notifier.told if kind == "extend"] == ["180"] * 3
    assert notifier.told[-1] == ("status", "building hand fp16: 20 %")


def test_without_an_active_bundle_there_is_nothing_to_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build-engines", "--store", str(tmp_path)]) == 7
    assert "Install one: edge install" in capsys.readouterr().err


def test_a_bundle_without_half_networks_needs_no_engines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(tmp_path / "store")
    with open_bundle(write_sample(tmp_path / "a.bundle")) as bundle:
        installed = store.install(bundle)
    store.activate(installed.name, installed.build)
    assert main(["build-engines", "--store", str(store.root)]) == 0
    assert "no engines: the bundle has no fp16 networks" in capsys.readouterr().out
    assert main(["build-engines", "--json", "--store", str(store.root)]) == 0
    assert json.loads(capsys.readouterr().out)["engines"] == {}
