"""Picture models through the command: both variants, calibrated pictures, and a bundle that the device can run."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from edge.bundle.reader import open_bundle
from edge.engines import OnnxEngine
from edge.errors import DependencyError
from export.__main__ import main
from export.models.registry import families, family
from export.synthetic.mesh import hand_mesh

_ALL = [entry.name for entry in families() if entry.task == "image"]
_QUICK = "keras-cnn-spatial-dropout"


@pytest.fixture(scope="module")
def stills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of blots, a folder per class."""
    folder = tmp_path_factory.mktemp("stills")
    rng = np.random.default_rng(0)
    for label in "AB":
        (folder / label).mkdir()
        for index in range(6):
            small = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / label / f"{label}{index}.png"), cv2.resize(small, (180, 140)))
    return folder


def _checkpoint(name: str, folder: Path) -> Path:
    torch.manual_seed(4)
    entry = family(name)
    network = entry.build(entry.classes, entry.preprocess[0]).get_submodule("network")
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
    path = folder / f"{name}.safetensors"
    save_file(network.state_dict(), path)
    return path


def _export(name: str, output: Path, *more: str) -> Path:
    words = ["--target", "pi", "--no-hands", "--model", name, "--checkpoint", str(_checkpoint(name, output))]
    assert main([*words, "--output", str(output), *more]) == 0
    return output / f"{name}-0.1.0-pi.bundle"


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == _QUICK else pytest.mark.slow) for n in _ALL])
def test_a_bundle_has_both_variants_and_the_device_runs_them(name: str, stills: Path, tmp_path: Path) -> None:
    with open_bundle(_export(name, tmp_path, "--calibration", str(stills))) as bundle:
        bundle.verify()
        manifest, golden = bundle.manifest, bundle.golden()
        models = {variant: bundle.network("classifier", variant) for variant in ("fp32", "int8")}
    assert manifest.task == "image" and manifest.variants("classifier") == ("fp32", "int8")
    assert [label.name for label in manifest.labels] == [label.name for label in family(name).default_labels]
    height, width = manifest.input.image_size or (0, 0)
    assert golden["image"].shape[1:] == (height, width, 3) and golden["image"].dtype == np.uint8
    full, small = (manifest.network("classifier", variant) for variant in ("fp32", "int8"))
    assert full is not None and full.parity is not None and full.parity.max_abs_diff < 1e-4
    assert small is not None and small.parity is not None and small.size < 0.35 * full.size
    assert small.quantization.startswith("static int8")
    assert small.parity.max_abs_diff < 0.25 * np.ptp(golden["logits"])
    for variant, model in models.items():
        logits = OnnxEngine(model).run({"image": golden["image"][:1]})["logits"]
        error = np.abs(logits - golden["logits"][:1]).max()
        assert error <= (1e-4 if variant == "fp32" else small.parity.max_abs_diff + 1e-6)


@pytest.mark.slow
def test_without_pictures_rendered_hands_calibrate_and_the_same_bytes_come_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        hand_mesh("male")
    except DependencyError as error:
        pytest.skip(f"the hand mesh cannot be fetched: {error}")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    with open_bundle(_export(_QUICK, tmp_path)) as bundle:
        network = bundle.manifest.network("classifier", "int8")
        first = bundle.network("classifier", "int8")
    assert network is not None and network.parity is not None
    with open_bundle(_export(_QUICK, tmp_path)) as bundle:
        assert bundle.network("classifier", "int8") == first


def test_int8_is_left_out_with_a_reason_when_the_hand_cannot_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(*_: object) -> None:
        raise DependencyError("the hand mesh cannot be fetched")

    monkeypatch.setattr("export.synthetic.dataset.draw_still", offline)
    path = _export(_QUICK, tmp_path, "--json")
    assert "there is no int8 variant: the hand mesh cannot be fetched" in json.loads(capsys.readouterr().out)["notes"]
    with open_bundle(path) as bundle:
        assert bundle.manifest.variants("classifier") == ("fp32",)


def test_calibration_pictures_that_are_not_there_stop_the_export(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--target", "pi", "--no-hands", "--model", _QUICK, "--checkpoint", str(_checkpoint(_QUICK, tmp_path))]
    assert main([*words, "--output", str(tmp_path), "--calibration", str(tmp_path / "none")]) == 3
    assert "no such folder" in capsys.readouterr().err and not list(tmp_path.glob("*.bundle"))


def test_calibration_of_a_hand_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", "pi", "--no-hands", "--output", str(tmp_path), "--calibration", str(tmp_path)]) == 2
    assert "only picture models are calibrated" in capsys.readouterr().err


def test_no_photograph_travels_unless_it_is_asked_for(
    stills: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_bundle(_export(_QUICK, tmp_path, "--calibration", str(stills))) as bundle:
        assert bundle.manifest.golden_from == ""
        rendered = bundle.golden()["image"]
    given = _given(stills, bundle_size=rendered.shape[1:3])
    assert not any(np.array_equal(one, other) for one in rendered for other in given)
    assert "golden.npz holds" not in capsys.readouterr().out

    words = ("--calibration", str(stills), "--golden-from-data", str(stills))
    with open_bundle(_export(_QUICK, tmp_path, *words)) as bundle:
        said, golden = bundle.manifest.golden_from, bundle.golden()
        card = bundle.read(bundle.manifest.documents[0]).decode()
    assert said == f"12 photographs from {stills.name}"
    assert said in card and "agrees" in card
    assert f"golden.npz holds {said}" in " ".join(capsys.readouterr().out.split())
    assert len(golden["image"]) == len(golden["logits"]) == 12
    assert all(any(np.array_equal(one, other) for other in given) for one in golden["image"])


def _given(stills: Path, bundle_size: tuple[int, int]) -> list[np.ndarray]:
    height, width = bundle_size
    pictures = [cv2.imread(str(path)) for path in sorted(stills.glob("*/*.png"))]
    return [cv2.cvtColor(cv2.resize(picture, (width, height)), cv2.COLOR_BGR2RGB) for picture in pictures]
