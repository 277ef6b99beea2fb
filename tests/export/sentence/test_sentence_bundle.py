"""A T5 folder goes into a bundle, the bundle onto a device, and the device makes sentences without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.bundle.reader import open_bundle

pytestmark = pytest.mark.slow
NO_TORCH = "raise ImportError('not on a device')\n"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from .conftest import make

    folder = tmp_path_factory.mktemp("bundle")
    made = make(folder / "t5", "gated")
    words = ("--target", "pi", "--sentence", made.folder, "--sentence-licence", "Apache-2.0", "--output", folder)
    done = run("export", *words, "--json")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["bundle"])


@pytest.fixture(scope="module")
def store(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    done = run("edge", "install", "--store", folder, bundle)
    assert done.returncode == 0, done.stderr
    assert "sentence-decoder" in done.stdout
    return folder


def run(*words: object, hidden: Path | None = None, missing: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """``python -m WORDS``, where the packages ``missing`` cannot be imported; ``hidden`` is a folder for that."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    if hidden is not None:
        for name in missing:
            (hidden / f"{name}.py").write_text(NO_TORCH)
        environment["PYTHONPATH"] = str(hidden)
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=200)


def sentences(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return [line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "sentence"]


def test_the_manifest_says_what_drives_the_networks(bundle: Path) -> None:
    with open_bundle(bundle) as opened:
        manifest = opened.manifest
        opened.verify()
        assert manifest.sentence is not None
        assert opened.read(next(d for d in manifest.documents if d.file == manifest.sentence.tokenizer))
    assert "{keywords}" in manifest.sentence.prompt
    assert (manifest.sentence.start, manifest.sentence.end) == (0, 1)
    assert "fp32" in manifest.variants("sentence-encoder")
    assert "fp32" in manifest.variants("sentence-decoder")
    licence = next(licence for licence in manifest.licences if licence.subject == "sentence model")
    assert licence.spdx == "Apache-2.0"
    assert "model.safetensors" in licence.source


def test_the_device_makes_a_sentence_with_onnxruntime_and_sentencepiece_alone(store: Path, tmp_path: Path) -> None:
    missing = ("torch", "transformers", "onnx", "tokenizers", "safetensors")
    done = run(
        "edge", "run", "--store", store, "--source", "demo", "--json", "--sentence", hidden=tmp_path, missing=missing
    )
    (sentence,) = sentences(done)
    assert sentence["read"] == "HELLO"
    assert sentence["by"] in ("t5", "rules")  # random weights may say nothing at all
    assert sentence["text"]
    assert sentence["changes"] == []


def test_without_sentencepiece_one_line_says_so_and_rules_make_the_sentence(store: Path, tmp_path: Path) -> None:
    words = ("edge", "run", "--store", store, "--source", "demo", "--json", "--sentence")
    done = run(*words, hidden=tmp_path, missing=("sentencepiece",))
    (sentence,) = sentences(done)
    assert (sentence["text"], sentence["by"]) == ("Hello.", "rules")
    (line,) = [line for line in done.stderr.splitlines() if "sentencepiece" in line]
    assert "pip install 'fingerpost[sentence]'" in line


def test_without_the_option_there_is_no_sentence(store: Path) -> None:
    assert sentences(run("edge", "run", "--store", store, "--source", "demo", "--json", "--max-frames", "20")) == []


def test_a_folder_that_cannot_be_used_leaves_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "t5").mkdir()
    done = run("export", "--target", "pi", "--sentence", tmp_path / "t5", "--output", tmp_path / "out")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "config.json" in done.stderr.splitlines()[-1]
    assert list((tmp_path / "out").iterdir()) == []
