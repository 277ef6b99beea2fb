"""`install`, `status`, `verify` and `inspect` as `edge.__main__` calls them."""

from __future__ import annotations

import argparse
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.commands import add_commands
from edge.bundle.samples import sample_files, sample_manifest, write_sample
from edge.bundle.writer import write_bundle
from edge.errors import BundleError, CheckFailedError
from edge.starts import LIMIT, Starts, write_starts


def _edge(*words: object) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    args = parser.parse_args([str(word) for word in words])
    code = args.run(args)
    assert isinstance(code, int)
    return code


def test_install_then_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, store = write_sample(tmp_path / "a.bundle"), tmp_path / "store"
    assert _edge("status", "--store", store) == 0
    assert "no bundle is active" in capsys.readouterr().out
    assert _edge("install", path, "--store", store) == 0
    assert "sample 1.0.0: installed and activated" in capsys.readouterr().out
    assert _edge("status", "--store", store, "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert status["active"]["version"] == "1.0.0"
    assert status["previous"] is None
    write_sample(path, version="1.1.0", serial=2)
    assert _edge("install", path, "--store", store, "--json") == 0
    assert json.loads(capsys.readouterr().out)["active"] is True
    assert _edge("status", "--store", store) == 0
    out = capsys.readouterr().out
    assert "sample 1.1.0, trial, serial 2" in out
    assert "a roll-back leads to sample 1.0.0" in out


def test_status_tells_that_the_service_is_in_safe_mode(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    _edge("status", "--store", tmp_path / "store")
    assert "safe mode" not in capsys.readouterr().out
    write_starts(tmp_path, Starts(vain=LIMIT, fault="the network is damaged"))
    _edge("status", "--store", tmp_path / "store")
    assert f"safe mode after {LIMIT} starts in vain: the network is damaged" in capsys.readouterr().out
    _edge("status", "--store", tmp_path / "store", "--json")
    service = json.loads(capsys.readouterr().out)["service"]
    assert service == {"vain_starts": LIMIT, "safe_mode": True, "fault": "the network is damaged"}


def test_install_without_activating(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edge("install", write_sample(tmp_path / "a.bundle"), "--store", tmp_path / "store", "--no-activate", "--json")
    assert json.loads(capsys.readouterr().out)["state"] == "installed"


def test_verify_tells_good_from_bad(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_sample(tmp_path / "a.bundle")
    assert _edge("verify", path) == 0
    assert "all 4 files are as the manifest says" in capsys.readouterr().out
    path.write_bytes(path.read_bytes().replace(b"# A sample", b"# a sample"))
    with pytest.raises(BundleError, match="changed"):
        _edge("verify", path)


def test_inspect_shows_what_a_deployer_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_sample(tmp_path / "a.bundle")
    assert _edge("inspect", path) == 0
    out = capsys.readouterr().out
    for words in ("sample 1.0.0 (serial 1)", "30 frames at 15 per second = 2.00 s", "1 word: hello", "not signed"):
        assert words in out
    assert _edge("inspect", path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["manifest"]["name"] == "sample"


def test_what_was_chosen_here_is_shown_with_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, store = write_sample(tmp_path / "a.bundle"), tmp_path / "store"
    _edge("inspect", path, "--store", store)
    assert "runs classifier" not in capsys.readouterr().out
    _edge("install", path, "--store", store)
    for words in (["status", "--store", store], ["inspect", path, "--store", store]):
        capsys.readouterr()
        _edge(*words)
        assert re.search(r"^  runs classifier \w+ \([\d.]+ ms; \w+ [\d.]+ ms\)$", capsys.readouterr().out, re.MULTILINE)
    _edge("inspect", path, "--store", store, "--json")
    (choice,) = json.loads(capsys.readouterr().out)["choices"]
    assert {result["variant"] for result in choice["results"]} == {"fp32", "int8"}
    _edge("status", "--store", store, "--json")
    assert json.loads(capsys.readouterr().out)["active"]["runs"] == {"classifier": choice["chosen"]}
    _edge("list", "--store", store)
    assert f"; runs classifier {choice['chosen']}" in capsys.readouterr().out


def test_a_manifest_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = sample_files()
    manifest = sample_manifest(files).model_copy(update={"hardware": ("\x1b[2Jgone",)})
    write_bundle(tmp_path / "a.bundle", manifest, files)
    _edge("inspect", tmp_path / "a.bundle")
    assert "\x1b" not in capsys.readouterr().out


def test_a_life_in_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store"
    for serial in (1, 2, 3):
        path = write_sample(tmp_path / "a.bundle", version=f"{serial}.0.0", serial=serial)
        _edge("install", path, "--store", store)
        if serial == 1:
            _edge("commit", "--store", store)
    _edge("rollback", "--store", store, "--reason", "no frames for a minute")
    capsys.readouterr()
    _edge("list", "--store", store)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  sample 3.0.0, rolled-back")
    assert lines[0].endswith("no frames for a minute")
    assert lines[2].startswith("* sample 1.0.0, committed")
    _edge("remove", "sample", "3.0.0", "--store", store)
    _edge("activate", "sample", "--store", store)
    capsys.readouterr()
    _edge("list", "--store", store, "--json")
    bundles = json.loads(capsys.readouterr().out)["bundles"]
    assert [(b["version"], b["active"], b["previous"]) for b in bundles] == [
        ("2.0.0", True, False),
        ("1.0.0", False, True),
    ]


def test_a_required_signature_is_required_of_install_and_verify(tmp_path: Path) -> None:
    path, store = write_sample(tmp_path / "a.bundle"), tmp_path / "store"
    for words in (["install", path, "--store", store], ["verify", path]):
        with pytest.raises(BundleError, match="is not signed"):
            _edge(*words, "--policy", "require", "--keys", tmp_path / "keys")
    assert not store.exists()
    assert _edge("verify", path, "--policy", "off") == 0


def test_a_bundle_that_fails_its_golden_inputs_is_not_activated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    _edge("install", write_sample(tmp_path / "a.bundle"), "--store", store)
    files = sample_files(2)
    other = io.BytesIO()
    with np.load(io.BytesIO(files["golden.npz"])) as golden:
        np.savez(other, **{name: array + (name == "logits") for name, array in golden.items()})
    files["golden.npz"] = other.getvalue()
    folder = tmp_path / "stick"
    folder.mkdir()
    write_bundle(folder / "b.bundle", sample_manifest(files, version="2.0.0", serial=2), files)
    with pytest.raises(CheckFailedError, match="fp32: it differs from the golden outputs by 1"):
        _edge("install", folder / "b.bundle", "--store", store)
    capsys.readouterr()
    _edge("status", "--store", store)
    out = capsys.readouterr().out
    assert f"{store}: sample 1.0.0, trial" in out
    assert "sample 2.0.0, refused" in out
    assert "no variant of the bundle's classifier network may run on this machine: fp32: it differs" in out
    _edge("update", folder, "--store", store)
    assert "nothing newer" in capsys.readouterr().out
