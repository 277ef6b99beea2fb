"""A bundle with a real, tiny network, recordings that it reads, and the command line as a process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundle.manifest import Label, Manifest
from edge.bundle.samples import sample_files, sample_manifest
from edge.bundle.writer import file_entry, write_bundle
from edge.capture.opencv import quiet_cv2
from edge.cli import main as cli_main

FPS = 15

# FFmpeg reads its log level once in a process, when the first clip is opened, whichever test does that.
quiet_cv2()


def hand(reach: float) -> np.ndarray:
    """(2, 21, 3): a right hand whose fingertips are ``reach`` above the wrist."""
    both = np.zeros((2, 21, 3), np.float32)
    for finger in range(5):
        for joint in range(1, 5):
            both[1, 1 + 4 * finger + joint - 1] = (0.42 + 0.04 * finger, 0.8 - 0.1 - reach * joint / 4, 0.0)
    both[1, 0] = (0.5, 0.8, 0.0)
    return both


REACH = {"A": 0.02, "B": 0.3}
NOBODY = np.zeros((2, 21, 3), np.float32)


def recording(word: str, *, hold: float = 1.0, gap: float = 0.8) -> np.ndarray:
    """(T, 2, 21, 3) at `FPS`: each letter held, nobody between them."""
    frames = [NOBODY] * 5
    for letter in word:
        frames += [hand(REACH[letter])] * round(hold * FPS) + [NOBODY] * round(gap * FPS)
    return np.stack(frames)


def network() -> bytes:
    """Tells A from B by how far the index fingertip is above the wrist."""
    weights = np.zeros((1, 1, 2, 21, 3), np.float32)
    weights[..., 1, 8, 1], weights[..., 1, 0, 1] = 1, -1
    constants = {
        "weights": weights,
        "scale": np.array([[60.0, -60.0]], np.float32),
        "offset": np.array([[15.0, -15.0]], np.float32),
        "hand_axes": np.array([1, 2, 3, 4]),
        "time_axis": np.array([1]),
        "column": np.array([-1, 1]),
    }
    nodes = [
        helper.make_node("Mul", ["landmarks", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "hand_axes"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "time_axis"], ["length"], keepdims=0),
        helper.make_node("Div", ["sum", "length"], ["mean"]),
        helper.make_node("Reshape", ["mean", "column"], ["reach"]),
        helper.make_node("Mul", ["reach", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "reach",
        [
            helper.make_tensor_value_info("landmarks", TensorProto.FLOAT, ["n", "t", 2, 21, 3]),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["n", "t"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def tiny_files() -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the files of a bundle that reads A and B; both variants are the same network."""
    model = network()
    windows = np.stack([np.stack([hand(REACH[letter])] * 30) for letter in "ABAB"]).astype(np.float32)
    feeds = {"landmarks": windows, "mask": np.ones((4, 30), np.float32)}
    logits = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, feeds)[0]
    golden = io.BytesIO()
    np.savez(golden, **feeds, logits=logits)
    files = sample_files() | {f"classifier-{v}.onnx": model for v in ("fp32", "int8")}
    files["golden.npz"] = golden.getvalue()
    labels = (Label(name="A", kind="letter"), Label(name="B", kind="letter"))
    return sample_manifest(files).model_copy(update={"labels": labels}), files


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """What the tiny bundle and its recordings are made of, for tests that make others."""
    return SimpleNamespace(hand=hand, recording=recording, network=network, environment=environment, fps=FPS)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that reads A and B from landmark recordings; it has no hand networks."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.bundle"
    manifest, files = tiny_files()
    write_bundle(path, manifest, files)
    return path


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Path]:
    """Writes the tiny bundle with some of its files or manifest fields replaced; ``None`` for a file removes it."""

    def make(name: str = "made.bundle", *, fields: dict[str, Any] | None = None, **replaced: bytes) -> Path:
        manifest, files = tiny_files()
        files |= {"golden.npz" if key == "golden" else f"classifier-{key}.onnx": data for key, data in replaced.items()}
        networks = tuple(n.model_copy(update=file_entry(n.file, files[n.file]).model_dump()) for n in manifest.networks)
        golden = file_entry("golden.npz", files["golden.npz"])
        manifest = manifest.model_copy(update={"networks": networks, "golden": golden} | (fields or {}))
        write_bundle(tmp_path / name, manifest, files)
        return tmp_path / name

    return make


@pytest.fixture
def ab(tmp_path: Path) -> Path:
    """A recording that spells ABBA."""
    path = tmp_path / "abba.npz"
    np.savez(path, landmarks=recording("ABBA"), fps=FPS)
    return path


@dataclass(frozen=True)
class Done:
    """A process that ended."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**more: str) -> dict[str, str]:
    """What a process gets: quiet threads, and nothing that a service manager would set."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "FINGERPOST_STORE", "FINGERPOST_DEBUG")}
    return kept | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"} | more


@pytest.fixture
def edge(tmp_path: Path) -> Callable[..., Done]:
    """Runs ``python -m edge WORDS`` in an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()

    def run(*words: object, timeout: float = 60, **more: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "edge", *map(str, words)],
            cwd=folder,
            env=environment(**more),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert list(folder.iterdir()) == [], "something was left behind"
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """As `edge`, inside the process of the tests: ten times as fast, for the many ways to be wrong."""
    folder = tmp_path / "nothing"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("NOTIFY_SOCKET", "FINGERPOST_STORE", "FINGERPOST_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> Done:
        capfd.readouterr()
        code = cli_main(list(map(str, words)))
        assert list(folder.iterdir()) == [], "something was left behind"
        return Done(code, *capfd.readouterr())

    return run
