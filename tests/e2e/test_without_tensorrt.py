"""A bundle for a Jetson on a machine without TensorRT: it runs on the CPU and says why, or ends where that is asked."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest

from edge.bundle.manifest import Manifest, Network
from edge.bundle.reader import open_bundle
from edge.bundle.writer import file_entry, write_bundle
from edge.cli import main
from edge.engines.tensorrt.probing import probe_gpu
from edge.errors import EngineError


@pytest.fixture(scope="module")
def jetson_bundle(demo_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo bundle as one for a Jetson: its classifier stands in as fp16."""
    try:
        probe_gpu()
    except EngineError:
        pass
    else:
        pytest.skip("there is a GPU here")
    path = tmp_path_factory.mktemp("jetson") / "jetson.bundle"
    with open_bundle(demo_bundle) as bundle:
        manifest = bundle.manifest
        networks = [network for network in manifest.networks if network.role == "classifier"][:1]
        files = {networks[0].file: bundle.network("classifier", "fp32")}
        files |= {manifest.golden.file: bundle.read(manifest.golden)}
        files |= {document.file: bundle.read(document) for document in manifest.documents}
    model = onnx.load_from_string(files[networks[0].file])
    model.metadata_props.add(key="stands", value="in")
    files["classifier-fp16.onnx"] = model.SerializeToString()
    entry = file_entry("classifier-fp16.onnx", files["classifier-fp16.onnx"]).model_dump()
    half = Network(**entry, role="classifier", variant="fp16", opset=18, ir_version=10)
    changed = manifest.model_copy(update={"target": "jetson", "networks": (*networks, half)})
    write_bundle(path, Manifest.model_validate(changed.model_dump()), files)
    return path


def test_it_runs_on_the_cpu_and_every_reader_is_told_why(
    jetson_bundle: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--bundle", str(jetson_bundle), "--source", str(root / "edge/samples/hello.npz"), "--json"]
    assert main([*words, "--max-frames", "5"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (told,) = [line for line in lines if line["type"] == "state" and line["name"] == "on-cpu"]
    assert told["detail"].startswith("there is no NVIDIA driver here") and not told["over"], "it stands to the end"


def test_the_status_of_a_store_says_it_as_long_as_it_holds(
    jetson_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(tmp_path / "store")]
    assert main(["install", *store, str(jetson_bundle)]) == 0
    said = "  on the CPU, without the GPU: there is no NVIDIA driver here"
    assert said in capsys.readouterr().out
    assert main(["status", *store]) == 0
    assert said in capsys.readouterr().out
    assert main(["status", "--json", *store]) == 0
    assert json.loads(capsys.readouterr().out)["active"]["fallback"].startswith("there is no NVIDIA driver here")


def test_where_tensorrt_is_required_the_run_ends_with_the_engines_exit_code(
    jetson_bundle: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--bundle", str(jetson_bundle), "--source", str(root / "edge/samples/hello.npz")]
    assert main([*words, "--require", "tensorrt"]) == 6
    assert "there is no NVIDIA driver here" in capsys.readouterr().err


def test_a_bundle_for_other_boards_has_nothing_for_tensorrt(
    demo_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--bundle", str(demo_bundle), "--source", "demo", "--require", "tensorrt"]) == 6
    assert "export it with --target jetson" in capsys.readouterr().err.lower()
