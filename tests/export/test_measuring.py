"""Retention is measured on examples that somebody gave, and written into the manifest with what it was measured on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from edge.bundle.manifest import Licence, Manifest
from edge.bundle.reader import open_bundle
from edge.bundle.samples import sample_files, sample_manifest, sample_network
from edge.bundle.writer import file_entry, write_bundle
from edge.errors import InputError, UsageError
from export.__main__ import main
from export.measuring import measure_retention


def _contrary(model: bytes, above: float) -> bytes:
    """The sample network; where a hand's mean is above so much, it answers the opposite."""
    proto = onnx.load_from_string(model)
    make = onnx.helper.make_node
    nodes = [make("Max", ["means"], ["same"]), make("ReduceMax", ["means"], ["top"], keepdims=1)]
    nodes += [make("Greater", ["top", "above"], ["odd"]), make("Neg", ["means"], ["other"])]
    nodes += [make("Where", ["odd", "other", "same"], ["logits"])]
    proto.graph.node[0].output[0] = "means"
    proto.graph.node.extend(nodes)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(above).reshape(()), "above"))
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def _bundle(folder: Path, *, trained_on: tuple[str, ...] = ()) -> Path:
    """The sample bundle; its int8 network is wrong about every hand whose mean is above 0.7."""
    files = sample_files()
    files["classifier-int8.onnx"] = _contrary(sample_network("int8"), 0.7)
    manifest = sample_manifest(files).model_dump()
    changed = file_entry("classifier-int8.onnx", files["classifier-int8.onnx"]).model_dump()
    manifest["networks"] = [manifest["networks"][0], manifest["networks"][1] | changed]
    manifest["licences"] = [Licence(subject=f"recordings {s}", spdx="MIT", source="x").model_dump() for s in trained_on]
    path = folder / "a.bundle"
    write_bundle(path, Manifest.model_validate(manifest), files)
    return path


def _recordings(folder: Path, name: str = "anna") -> Path:
    """Ten recordings: A in the left slot, hello in the right; three are bright (mean 0.8), two have the wrong label."""
    landmarks = np.full((10, 30, 2, 21, 3), 0.1, np.float32)
    labels = ["A", "hello"] * 5
    for i in range(10):
        slot = i % 2 if i < 8 else 1 - i % 2
        landmarks[i, :, slot] = 0.8 if i < 3 else 0.5
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", landmarks=landmarks, labels=np.array(labels))
    return folder


def test_retention_has_an_interval_the_count_and_the_data(tmp_path: Path) -> None:
    (figure,) = measure_retention(_bundle(tmp_path), _recordings(tmp_path / "data"))
    assert (figure.name, figure.variant, figure.n) == ("retention", "int8", 10)
    assert figure.value == pytest.approx(5 / 8)
    assert figure.low is not None and figure.high is not None
    assert 0 < figure.low < 5 / 8 < figure.high
    assert figure.data == "anna.npz, 1 source"
    assert figure.split == "it is not known whether the model was trained on these"


@pytest.mark.parametrize(
    ("trained_on", "split"),
    [
        (("anna",), "all sources were seen in training"),
        (("berta",), "sources that the model was not trained on"),
    ],
)
def test_the_split_says_what_the_model_was_trained_on(tmp_path: Path, trained_on: tuple[str, ...], split: str) -> None:
    (figure,) = measure_retention(_bundle(tmp_path, trained_on=trained_on), _recordings(tmp_path / "data"))
    assert figure.split == split


def test_examples_of_two_kinds_of_sources_are_counted(tmp_path: Path) -> None:
    _recordings(tmp_path / "data", "berta")
    (figure,) = measure_retention(_bundle(tmp_path, trained_on=("anna",)), _recordings(tmp_path / "data"))
    assert (figure.n, figure.split) == (20, "1 of the sources seen in training")


def test_nothing_is_invented_where_float32_is_never_right(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    dark = np.zeros((4, 8, 2, 21, 3), np.float32)
    dark[:, :, 1] = 0.5
    np.savez(folder / "x.npz", landmarks=dark, labels=np.array(["A"] * 4))
    assert measure_retention(_bundle(tmp_path), folder) == ()


def test_data_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = _bundle(tmp_path)
    with pytest.raises(InputError, match="no labelled examples"):
        measure_retention(path, tmp_path / "none")
    (tmp_path / "pictures" / "A").mkdir(parents=True)
    (tmp_path / "pictures" / "A" / "a.png").write_bytes(b"")
    with pytest.raises(UsageError, match="Pictures need palm and hand networks"):
        measure_retention(path, tmp_path / "pictures")


def test_the_command_writes_what_was_measured_and_golden_movements_when_asked(
    demo_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_bundle(demo_bundle) as bundle:
        names, golden = [label.name for label in bundle.manifest.labels], bundle.golden()
        assert not [m for m in bundle.manifest.measurements if m.name == "retention"], "nothing was measured"
    whole = golden["mask"].all(axis=1)
    labels = np.array([names[i] for i in golden["logits"][whole].argmax(axis=1)])
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "clip.npz", landmarks=golden["landmarks"][whole], labels=labels)

    words = ["--target", "pi", "--no-hands", "--output", str(tmp_path), "--measure", str(tmp_path / "data")]
    assert main([*words, "--golden-from-data", str(tmp_path / "data")]) == 0
    out = " ".join(capsys.readouterr().out.split())
    (path,) = tmp_path.glob("*.bundle")
    with open_bundle(path) as bundle:
        manifest, golden = bundle.manifest, bundle.golden()
    (figure,) = [m for m in manifest.measurements if m.name == "retention"]
    assert (figure.n, figure.data) == (len(labels), "clip.npz, 1 source") and figure.value > 0.8
    assert f"int8 keeps {figure.value:.2%}" in out
    assert manifest.golden_from == f"{len(labels)} movements of people from data"
    assert f"golden.npz holds {manifest.golden_from}" in out
    assert len(golden["landmarks"]) == len(golden["logits"]) == len(labels)
