"""Who waits for an engine is told, and the command that builds them ahead of time."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.assembly import assembled
from edge.bundle.acceptance import Acceptance, VariantResult
from edge.bundle.reader import open_bundle
from edge.bundle.record import Remembered
from edge.bundle.samples import write_jetson_sample, write_sample
from edge.bundle.signing import read_trust
from edge.bundle.store import Store
from edge.cli import main
from edge.config import RunSettings
from edge.engine_builds import BuildNews, trying
from edge.engines import FakeEngine
from edge.engines.base import Engine
from edge.engines.tensorrt.fake import fake_backend, toy_network
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
    assert [(state.name, state.over) for state in states] == [("building", False), ("building", True)]
    assert [text for kind, text in notifier.told if kind == "extend"] == ["180"] * 3
    assert notifier.told[-1] == ("status", "building hand fp16: 20 %")


def test_a_run_that_was_stopped_waits_for_no_engine() -> None:
    stopped: list[bool] = []
    news = BuildNews([], FakeNotifier(), stopped=lambda: bool(stopped))
    news("hand fp16: 1 %")
    stopped.append(True)
    with pytest.raises(KeyboardInterrupt):
        news("hand fp16: 2 %")


def test_without_an_active_bundle_there_is_nothing_to_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build-engines", "--store", str(tmp_path)]) == 7
    assert "Install one: edge install" in capsys.readouterr().err


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store whose active bundle is for a Jetson."""
    store = Store(tmp_path / "store")
    with open_bundle(write_jetson_sample(tmp_path / "a.bundle", toy_network(shape=(1, 4)))) as bundle:
        installed = store.install(bundle)
    store.activate(installed.name, installed.build)
    return store


def test_engines_are_built_once_and_then_variants_are_chosen_anew(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.bundle.device_engines._open_backend", fake_backend)
    bundle = store.active()
    assert bundle is not None
    chosen = Remembered(conditions={"bundle": bundle.digest, "runtime": "while there was no engine"})
    store.remember(bundle, chosen)
    words = ["build-engines", "--store", str(store.root)]
    assert main(words) == 0
    assert "  classifier: built\n" in capsys.readouterr().out
    assert store.recall(bundle) is None
    store.remember(bundle, chosen)
    assert main(words) == 0 and store.recall(bundle) == chosen, "nothing was built"
    bundle.close()


def test_what_was_chosen_while_an_engine_could_not_be_opened_is_chosen_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.bundle.device_engines._open_backend", fake_backend)
    words = ["build-engines", "--store", str(store.root)]
    assert main(words) == 0
    bundle = store.active()
    assert bundle is not None
    no_memory = VariantResult("fp16", "no 16 bytes on the GPU", 0.0, None)
    strays = VariantResult("fp16", "it differs from the golden outputs", 0.5, 1.0)
    for result, kept in ((no_memory, False), (strays, True)):
        chosen = Acceptance("fp32", "ONNX Runtime", (VariantResult("fp32", "", 1.0, 0.0), result))
        store.remember(bundle, Remembered(conditions={"bundle": bundle.digest}, roles=(chosen,)))
        assert main(words) == 0 and (store.recall(bundle) is not None) is kept
    bundle.close()


def test_an_engine_that_cannot_be_built_fails_the_command_and_is_tried_again_when_asked(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["build-engines", "--json", "--store", str(store.root)]
    monkeypatch.setattr("edge.bundle.device_engines._open_backend", partial(fake_backend, fault="silent"))
    assert main(words) == main(words) == 6
    assert "without an answer" in capsys.readouterr().out
    monkeypatch.setattr("edge.bundle.device_engines._open_backend", fake_backend)
    assert main(words) == 6
    assert "left alone" in capsys.readouterr().out
    assert main([*words, "--again"]) == 0


def test_a_bundle_without_half_networks_needs_no_engines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(tmp_path / "store")
    with open_bundle(write_sample(tmp_path / "a.bundle")) as bundle:
        installed = store.install(bundle)
    store.activate(installed.name, installed.build)
    assert main(["build-engines", "--store", str(store.root)]) == 0
    assert "no engines: the bundle has no fp16 networks" in capsys.readouterr().out
    assert main(["build-engines", "--json", "--store", str(store.root)]) == 0
    assert json.loads(capsys.readouterr().out)["engines"] == {}


def test_systemd_waits_for_each_network_that_is_tried() -> None:
    notifier = FakeNotifier()
    made: list[tuple[bytes, str]] = []

    def make(model: bytes, label: str) -> Engine:
        assert notifier.told[-2:] == [("extend", "60"), ("status", f"trying {label}")]
        made.append((model, label))
        return FakeEngine(lambda feeds: {})

    tried = trying(make, notifier)
    tried(b"1", "a 1.0.0 hand fp32")
    tried(b"2", "a 1.0.0 hand int8")
    assert made == [(b"1", "a 1.0.0 hand fp32"), (b"2", "a 1.0.0 hand int8")]


def test_a_service_asks_for_time_only_when_its_networks_have_to_be_tried(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", trust=read_trust("off"))
    with open_bundle(write_sample(tmp_path / "a.bundle")) as bundle:
        installed, variants = store.install(bundle), bundle.manifest.variants("classifier")
    store.activate(installed.name, installed.build)
    np.savez(tmp_path / "nobody.npz", landmarks=np.zeros((3, 2, 21, 3), np.float32), fps=30.0)
    settings = RunSettings(source=str(tmp_path / "nobody.npz"), store=store.root, policy="off")

    def asked() -> int:
        notifier = FakeNotifier(supervised=True)
        with assembled(settings, [], notifier=notifier):
            return [kind for kind, _text in notifier.told].count("extend")

    assert asked() == len(variants) > 1
    assert asked() == 0
