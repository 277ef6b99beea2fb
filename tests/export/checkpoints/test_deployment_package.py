"""Document 003's package: a whole pickled model, read only when trusted, and without torchvision."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.peers import quantize_linear
from edge.errors import InputError
from export.loading import Request, load_family
from export.models.resnet18 import BasicBlock, ResNet18

_SAID = {"input_size": [3, 224, 224], "num_classes": 26, "framework": "PyTorch"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, nn.Module]:
    """The package as the document makes it, of classes that the pickle believes to be torchvision's."""
    pytest.importorskip("torch.ao.quantization")
    module = types.ModuleType("torchvision.models.resnet")
    torch.manual_seed(0)
    quantised = quantize_linear(ResNet18(26).eval())
    own = [(kind, kind.__module__, kind.__qualname__) for kind in (BasicBlock, ResNet18)]
    with monkeypatch.context() as patch:
        for name in ("torchvision", "torchvision.models"):
            patch.setitem(sys.modules, name, types.ModuleType(name))
        patch.setitem(sys.modules, module.__name__, module)
        for kind, name in ((BasicBlock, "BasicBlock"), (ResNet18, "ResNet")):
            kind.__module__, kind.__qualname__ = module.__name__, name
            setattr(module, name, kind)
        try:
            torch.save(quantised, tmp_path / "quantized_asl_model.pth")
        finally:
            for kind, home, name in own:
                kind.__module__, kind.__qualname__ = home, name
    (tmp_path / "model_metadata.json").write_text(json.dumps(_SAID))
    return tmp_path, quantised


def test_a_trusted_package_gives_the_weights_of_its_model(package: tuple[Path, nn.Module]) -> None:
    folder, quantised = package
    for path in (folder, folder / "quantized_asl_model.pth"):
        loaded = load_family("resnet18", Request(checkpoint=path, trust_pickle=True))
        assert [label.name for label in loaded.labels] == list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        assert any("fc were made float again" in note for note in loaded.notes)
        pictures = torch.randn(2, 3, 224, 224)
        with torch.no_grad():
            want, have = quantised(pictures), loaded.module.network(pictures)  # type: ignore[operator]
        assert (want - have).abs().max() < 0.1 * want.std()
        assert torch.equal(want.argmax(1), have.argmax(1))


def test_the_documents_baseline_quantises_the_last_layer_alone(package: tuple[Path, nn.Module]) -> None:
    kinds = [type(module).__module__ for module in package[1].modules() if "quantized" in type(module).__module__]
    assert [kind for kind in kinds if kind.endswith("dynamic.modules.linear")] == [kinds[0]]
    assert sum(isinstance(module, nn.Conv2d) for module in package[1].modules()) == 20


def test_without_trust_nothing_is_unpickled(package: tuple[Path, nn.Module]) -> None:
    with pytest.raises(InputError, match=r"could run any code.*--trust-pickle"):
        load_family("resnet18", Request(checkpoint=package[0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_size": [64, 64]}, "pictures of another size; expected 224; found 64"),
        ({"num_classes": 29}, "another number of classes"),
    ],
)
def test_metadata_that_contradict_the_model_are_refused(
    change: dict[str, object], message: str, package: tuple[Path, nn.Module]
) -> None:
    (package[0] / "model_metadata.json").write_text(json.dumps({**_SAID, **change}))
    with pytest.raises(InputError, match=message):
        load_family("resnet18", Request(checkpoint=package[0], trust_pickle=True))


def test_a_package_with_two_models_asks_which(package: tuple[Path, nn.Module]) -> None:
    (package[0] / "other.pth").write_bytes(b"")
    with pytest.raises(InputError, match=r"expected one \.pth or \.pt; found other\.pth, quantized_asl_model\.pth"):
        load_family("resnet18", Request(checkpoint=package[0], trust_pickle=True))


def test_a_package_with_a_state_dict_needs_no_trust(tmp_path: Path) -> None:
    torch.save(ResNet18(26).state_dict(), tmp_path / "weights.pth")
    (tmp_path / "model_metadata.json").write_text(json.dumps(_SAID))
    assert load_family("resnet18", Request(checkpoint=tmp_path)).parameters == 11_189_850
