"""`export keygen`, `sign`, `--sign` and `index`, as whoever makes bundles runs them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.bundle.reader import open_bundle
from edge.bundle.samples import write_sample
from edge.bundle.signing import read_trust
from export.__main__ import main
from export.models.registry import family


@pytest.fixture
def key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["keygen", str(tmp_path / "release.pem")]) == 0
    assert "release.pub.pem: the public key" in capsys.readouterr().out
    keys = tmp_path / "keys"
    keys.mkdir()
    (tmp_path / "release.pub.pem").rename(keys / "release.pub.pem")
    return tmp_path / "release.pem"


def _signed_by(path: Path, keys: Path) -> str:
    with open_bundle(path) as bundle:
        bundle.verify()
        return read_trust("require", keys, {}).check(bundle) or ""


def test_a_bundle_that_is_there_is_signed(tmp_path: Path, key: Path) -> None:
    path = write_sample(tmp_path / "a.bundle")
    assert main(["sign", str(path), "--key", str(key)]) == 0
    assert "release" in _signed_by(path, tmp_path / "keys")


def test_an_export_is_signed_at_once(tmp_path: Path, key: Path) -> None:
    torch.manual_seed(0)
    network = family("cnn-bilstm-attention").build(3, "raw").get_submodule("network")
    torch.save({"model_state_dict": network.state_dict(), "epoch": np.float64(1)}, tmp_path / "best_model.pth")
    (tmp_path / "labels.txt").write_text("A\nB\nhello\n")
    words = ["--target", "cpu", "--model", "cnn-bilstm-attention", "--checkpoint", str(tmp_path / "best_model.pth")]
    words += ["--labels", str(tmp_path / "labels.txt"), "--no-hands", "--json", "--output", str(tmp_path / "out")]
    assert main([*words, "--sign", str(key)]) == 0
    (path,) = (tmp_path / "out").glob("*.bundle")
    assert "release" in _signed_by(path, tmp_path / "keys")


def test_a_key_that_is_none_is_said_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.pem").write_text("no key")
    assert main(["--target", "pi", "--output", str(tmp_path / "out"), "--sign", str(tmp_path / "no.pem")]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_index_names_the_bundles_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sample(tmp_path / "a.bundle")
    assert main(["index", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"index": str(tmp_path / "index.json")}
    assert "a.bundle" in (tmp_path / "index.json").read_text()


def test_signing_without_a_key_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", str(tmp_path / "a.bundle")]) == 2
    assert "--key" in capsys.readouterr().err
