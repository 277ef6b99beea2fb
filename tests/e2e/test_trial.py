"""A bundle on trial in the whole service: a process with a socket to notify, a real store, recordings as its camera."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from edge.bundle.store import Store
from edge.bundle.trial import MAX_STARTS


class Service:
    """Runs the runtime as systemd does: with a notify socket. ``told`` holds what came through it."""

    def __init__(self, folder: Path, main: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = folder / "store"
        self.told: list[str] = []
        self._path = folder / "notify"
        self._main, self._monkeypatch = main, monkeypatch
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        self._socket.settimeout(30)

    def run(self, source: Path, *words: str) -> Any:
        """Until the source ends, in this process."""
        with self._monkeypatch.context() as patch:
            patch.setenv("NOTIFY_SOCKET", str(self._path))
            done = self._main(*self._words(source), *words)
        self._hear()
        return done

    @contextmanager
    def started(self, source: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A process of its own, given over when it has said that it is ready."""
        command = [sys.executable, "-m", "edge", *self._words(source), *words]
        environment = os.environ | {"NOTIFY_SOCKET": str(self._path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            try:
                while not self._socket.recv(4096).startswith(b"READY=1"):
                    pass
                yield process
            finally:
                process.kill()

    def states(self) -> dict[str, str]:
        return {bundle["version"]: bundle["state"] for bundle in self.status()["bundles"]}

    def reason(self, version: str) -> str:
        return next(bundle["reason"] for bundle in self.status()["bundles"] if bundle["version"] == version)

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self._main("status", "--store", self.store, "--json").out))

    def close(self) -> None:
        self._socket.close()

    def _words(self, source: Path) -> list[str]:
        words = ["run", "--store", self.store, "--source", source, "--realtime", "--json", "--trial-seconds", 0.5]
        return list(map(str, words))

    def _hear(self) -> None:
        while select.select([self._socket], [], [], 0)[0]:
            self.told.append(self._socket.recv(4096).decode())


@pytest.fixture
def service(tmp_path: Path, make_bundle: Any, main: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Its store holds 1.0.0, committed."""
    service = Service(tmp_path, main, monkeypatch)
    assert main("install", make_bundle("one.bundle"), "--store", service.store).code == 0
    assert main("commit", "--store", service.store).code == 0
    yield service
    service.close()


@pytest.fixture
def on_trial(service: Service, make_bundle: Any, main: Any) -> Callable[..., None]:
    """Installs 2.0.0 on trial, with some of its files replaced."""

    def install(**replaced: bytes) -> None:
        bundle = make_bundle("two.bundle", fields={"version": "2.0.0", "serial": 2}, **replaced)
        done = main("install", bundle, "--store", service.store)
        assert done.code == 0, done.err
        assert service.states() == {"1.0.0": "committed", "2.0.0": "trial"}

    return install


@pytest.fixture
def flawed(tiny: SimpleNamespace) -> bytes:
    """The tiny network, whose numbers are not finite when a finger is longer than half the picture."""
    model = onnx.load_from_string(tiny.network())
    model.graph.node[-1].output[0] = "scored"
    model.graph.node.extend(
        [
            helper.make_node("Constant", [], ["limit"], value_float=0.5),
            helper.make_node("Constant", [], ["zero"], value_float=0.0),
            helper.make_node("Add", ["reach", "limit"], ["room"]),
            helper.make_node("Sqrt", ["room"], ["root"]),
            helper.make_node("Mul", ["root", "zero"], ["flaw"]),
            helper.make_node("Add", ["scored", "flaw"], ["logits"]),
        ]
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.fixture
def save(tiny: SimpleNamespace, tmp_path: Path) -> Callable[..., Path]:
    """Saves a recording."""

    def write(landmarks: np.ndarray) -> Path:
        np.savez(tmp_path / "source.npz", landmarks=landmarks, fps=tiny.fps)
        return tmp_path / "source.npz"

    return write


@pytest.fixture
def nobody(tiny: SimpleNamespace) -> np.ndarray:
    """A minute of an empty room."""
    return np.zeros((60 * tiny.fps, 2, 21, 3), np.float32)


@pytest.fixture
def long_finger(tiny: SimpleNamespace) -> np.ndarray:
    """Somebody comes after a moment whose hand the flawed network cannot stand."""
    return np.stack([np.zeros((2, 21, 3), np.float32)] * 5 + [tiny.hand(0.6)] * 2 * tiny.fps)


def test_a_healthy_bundle_is_committed(service: Service, on_trial: Callable[..., None], ab: Path) -> None:
    on_trial()
    done = service.run(ab, "--max-frames", "30")
    assert (done.code, done.err) == (0, "")
    assert service.states() == {"1.0.0": "committed", "2.0.0": "committed"}
    kinds = [told.split("=")[0] for told in service.told]
    assert kinds.count("READY") == 1 and kinds[-1] == "STOPPING"


def test_an_empty_room_commits_too(service: Service, on_trial: Callable[..., None], save: Any, nobody: Any) -> None:
    on_trial()
    service.run(save(nobody), "--max-frames", "30")
    assert service.states()["2.0.0"] == "committed"


def test_a_trial_that_is_too_short_decides_nothing(service: Service, on_trial: Callable[..., None], ab: Path) -> None:
    on_trial()
    assert service.run(ab, "--max-frames", "20", "--trial-seconds", "60").code == 0
    assert service.states()["2.0.0"] == "trial"


def test_numbers_that_are_not_finite_lead_back_and_status_says_so(
    service: Service, on_trial: Callable[..., None], flawed: bytes, save: Any, long_finger: Any
) -> None:
    on_trial(fp32=flawed, int8=flawed)
    source = save(long_finger)
    done = service.run(source, "--trial-seconds", "60")
    assert done.code == 9 and "the bundle on trial was rolled back: its networks computed numbers" in done.err
    assert service.states() == {"1.0.0": "committed", "2.0.0": "rolled-back"}
    assert service.status()["active"]["version"] == "1.0.0"
    assert service.reason("2.0.0") == "its networks computed numbers that are not finite"
    assert service.run(source).code == 0, "the next start runs the bundle that is active now"


def test_a_bundle_that_crashes_again_and_again_is_rolled_back(
    service: Service, on_trial: Callable[..., None], save: Any, nobody: Any
) -> None:
    on_trial()
    source = save(nobody)
    for _ in range(MAX_STARTS):
        with service.started(source, "--trial-seconds", "60") as process:
            process.kill()
    assert service.states()["2.0.0"] == "trial"
    with service.started(source, "--trial-seconds", "60") as process:
        assert service.states() == {"1.0.0": "committed", "2.0.0": "rolled-back"}
        process.send_signal(signal.SIGTERM)
        out, _err = process.communicate(timeout=20)
    assert json.loads(out.splitlines()[-1])["bundle"] == "sample 1.0.0"
    assert service.reason("2.0.0") == "started 3 times without being healthy for 1 minutes"


def test_a_bundle_that_was_damaged_on_the_disk_is_rolled_back_with_its_reason(
    service: Service, on_trial: Callable[..., None], ab: Path
) -> None:
    on_trial()
    for path in (service.store / "active").glob("classifier-*.onnx"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    done = service.run(ab)
    assert done.code == 4 and "a file of the bundle was changed" in done.err
    assert service.states() == {"1.0.0": "committed", "2.0.0": "rolled-back"}
    assert service.reason("2.0.0") == "a file of the bundle was changed"


def test_a_camera_that_is_not_there_is_no_fault_of_the_bundle(
    service: Service, on_trial: Callable[..., None], tmp_path: Path
) -> None:
    on_trial()
    for _ in range(MAX_STARTS + 1):
        assert service.run(tmp_path / "nowhere.mp4").code == 5
    assert service.states()["2.0.0"] == "trial"
    assert not [told for told in service.told if told.startswith("READY")]


def test_a_run_from_a_terminal_judges_nothing(
    on_trial: Any, flawed: bytes, save: Any, long_finger: Any, main: Any
) -> None:
    on_trial(fp32=flawed, int8=flawed)
    store = save(long_finger).with_name("store")
    words = ["run", "--store", store, "--source", save(long_finger), "--json", "--trial-seconds", "0.1"]
    for _ in range(MAX_STARTS + 1):
        assert main(*words).code == 0
    assert main(*words, "--realtime").code == 0
    assert [bundle.state for bundle in Store(store).list()] == ["trial", "committed"]
