"""The command as a user runs it: a verified bundle and a report, or one line, the exit code, and nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from edge.bundle.reader import open_bundle
from edge.bundle.samples import sample_network
from edge.engines import OnnxEngine
from export import cli_bundle
from export.__main__ import main
from export.graphs.types import BuiltNetwork
from export.models.registry import family

_SEED = "cnn-bilstm-attention"
_WORDS = [*"ABCJZ", "hello", "thank_you", "space"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint of the seed's network for eight classes, as published ones look, and its labels."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(3)
    network = family(_SEED).build(len(_WORDS), "raw").get_submodule("network")
    for parameter in network.parameters():
        parameter.data *= 1.5
    state = {"model_state_dict": network.state_dict(), "epoch": 27, "best_val_acc": np.float64(64.61)}
    torch.save(state, folder / "best_model.pth")
    (folder / "words.txt").write_text("\n".join(_WORDS) + "\n")
    return folder


def _export(weights: Path, output: Path, *more: str, target: str = "pi") -> list[str]:
    return [
        *("--target", target, "--model", _SEED, "--checkpoint", str(weights / "best_model.pth")),
        *("--labels", str(weights / "words.txt"), "--output", str(output), "--no-hands", *more),
    ]


@pytest.fixture(scope="module")
def pi_bundle(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle for a Pi, made at a fixed time."""
    return _at_fixed_time(weights, tmp_path_factory.mktemp("pi"))


def _at_fixed_time(weights: Path, folder: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        patch.setattr(cli_bundle, "_git_commit", lambda: "0" * 40)  # somebody may commit while the test runs
        assert main(_export(weights, folder, "--json", "--version", "1.2.3")) == 0
    return folder / f"{_SEED}-1.2.3-pi.bundle"


def test_the_bundle_verifies_and_says_what_it_holds(pi_bundle: Path) -> None:
    with open_bundle(pi_bundle) as bundle:
        bundle.verify()
        manifest = bundle.manifest
        card = bundle.read(manifest.documents[0]).decode()
    assert (manifest.name, manifest.version, manifest.serial, manifest.target) == (
        _SEED,
        "1.2.3",
        1700000000,
        "pi",
    )
    assert (manifest.created, manifest.origin.git_commit) == ("2023-11-14T22:13:20Z", "0" * 40)
    assert manifest.variants("classifier") == ("fp32", "int8")
    assert [(entry.name, entry.kind) for entry in manifest.labels][4:7] == [
        ("Z", "letter"),
        ("hello", "word"),
        ("thank_you", "word"),
    ]
    assert manifest.origin.checkpoint == "best_model.pth" and manifest.origin.checkpoint_sha256
    assert {"fingerpost", "python", "torch", "onnx", "onnxruntime"} <= set(manifest.tools)
    assert "3,240," in card and "Accuracy" in card and "raw" in card


def test_float32_is_pytorch_and_int8_is_smaller_and_close(pi_bundle: Path) -> None:
    with open_bundle(pi_bundle) as bundle:
        full, small = (bundle.manifest.network("classifier", variant) for variant in ("fp32", "int8"))
    assert full is not None and small is not None and full.parity is not None and small.parity is not None
    assert full.parity.max_abs_diff < 1e-4 and full.parity.label_agreement == 1
    assert small.size < full.size / 3
    assert (small.parity.label_agreement or 0) > 0.9 and "LSTM" in small.quantization
    assert (full.opset, full.ir_version) == (18, 8) and full.parity.n >= 50


def test_golden_outputs_are_those_of_the_float32_network(pi_bundle: Path) -> None:
    with open_bundle(pi_bundle) as bundle:
        golden = bundle.golden()
        model = bundle.network("classifier", "fp32")
    want = golden.pop("logits")
    have = np.concatenate(
        [OnnxEngine(model).run({k: v[i : i + 1] for k, v in golden.items()})["logits"] for i in (0, 5)]
    )
    np.testing.assert_allclose(have, want[[0, 5]], atol=1e-6)
    facts = {entry.key: entry.value for entry in onnx.load_from_string(model).metadata_props}
    assert json.loads(facts["labels"]) == _WORDS and facts["version"] == "1.2.3" and "landmarks" in facts["input"]


def test_the_same_export_gives_the_same_bytes(weights: Path, pi_bundle: Path, tmp_path: Path) -> None:
    assert _at_fixed_time(weights, tmp_path).read_bytes() == pi_bundle.read_bytes()


def test_the_report_names_the_bundle_the_variants_and_what_was_assumed(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_export(weights, tmp_path, target="jetson")) == 0
    out, err = capsys.readouterr()
    assert f"{_SEED}-0.1.0-jetson.bundle" in out and "fp16" in out and "same label" in out
    flat = " ".join(out.split())
    assert "preprocessing raw (assumed" in flat and "the device builds its own from the fp16 network" in flat
    assert "PyTorch to ONNX" in err


def test_json_is_one_object_and_nothing_else_and_hand_networks_travel_along(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fake(task: str, target: str, **_: object) -> tuple[BuiltNetwork, ...]:
        assert (task, target) == ("hand-sequence", "pi")
        return tuple(BuiltNetwork(role, "fp32", sample_network(role), 18, 10) for role in ("palm", "hand"))

    monkeypatch.setattr(cli_bundle, "landmark_networks", fake)
    monkeypatch.setattr(cli_bundle, "landmark_golden", lambda _: {"hand/presence": np.ones((1, 1), np.float32)})
    more = ("--json", "--preprocess", "unit", "--licence", "MIT", "--serial", "7", "--name", "mine")
    assert main([word for word in _export(weights, tmp_path, *more) if word != "--no-hands"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert err == "" and out.count("\n") == 1
    assert Path(result["bundle"]).stat().st_size == result["size"]
    roles = [(network["role"], network["variant"]) for network in result["networks"]]
    assert roles == [("classifier", "fp32"), ("classifier", "int8"), ("palm", "fp32"), ("hand", "fp32")]
    assert result["notes"][0] == "preprocessing unit (--preprocess)"
    with open_bundle(Path(result["bundle"])) as bundle:
        manifest = bundle.manifest
        assert (manifest.name, manifest.serial, manifest.licences[0].spdx) == ("mine", 7, "MIT")
        assert manifest.input.preprocess == "unit" and b"palm" in bundle.network("palm", "fp32")
        assert bundle.golden()["hand/presence"].shape == (1, 1)


def test_the_schema_describes_the_manifest(capsys: pytest.CaptureFixture[str], pi_bundle: Path) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    with open_bundle(pi_bundle) as bundle:
        manifest = json.loads(bundle.manifest_bytes)
    assert set(manifest) <= set(schema["properties"])
    assert set(schema["required"]) <= set(manifest)


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-models", "--json"]) == 0
    models = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["models"]}
    assert models[_SEED]["classes"] == 77 and models[_SEED]["preprocess"] == ["raw", "unit"]
    assert any(entry["shipped"] for entry in models.values())
    assert main(["--list-models"]) == 0
    assert set(models) <= set(capsys.readouterr().out.splitlines())


def test_help_and_schema_do_not_load_torch() -> None:
    script = "import sys; from export.__main__ import main; main(['schema']); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
