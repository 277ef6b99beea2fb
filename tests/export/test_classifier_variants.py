"""Variants of a classifier: built, compared, refused or left out with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edge.bundle.manifest import Label
from edge.errors import CheckFailedError, InputError
from export.classifier import Classifier, build_variants, from_torch
from export.golden import golden_inputs
from export.graphs.torch_onnx import sample_inputs
from export.models.base import LoadedModel
from export.models.seed000 import hand_sequence_contract

_CONTRACT = hand_sequence_contract("raw", aspect=4 / 3)
_INPUTS = sample_inputs(_CONTRACT, batch=12)


class _Model(nn.Module):
    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Linear(126, 16), nn.ReLU(), nn.Linear(16, 3))
        self.gain = gain

    def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
        frames = (landmarks.flatten(2) * mask.unsqueeze(2)).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        return self.network(frames * self.gain) / self.gain


def _classifier(model: nn.Module, labels: str = "ABC") -> Classifier:
    names = tuple(Label(name=name, kind="letter") for name in labels)
    return from_torch(LoadedModel("small", model, _CONTRACT, "hand-sequence", names, 1))


@pytest.mark.parametrize(("target", "variants"), [("pi", ["fp32", "int8"]), ("jetson", ["fp32", "fp16"])])
def test_each_target_gets_its_variants_with_parity_against_pytorch(target: str, variants: list[str]) -> None:
    built = build_variants(_classifier(_Model()), target, _INPUTS, {"name": "small"})  # type: ignore[arg-type]
    assert [network.variant for network in built.networks] == variants and built.notes == ()
    for network in built.networks:
        assert network.parity is not None and network.parity.n == 12
        assert network.parity.against.startswith("PyTorch ") and network.parity.max_abs_diff < 0.05
    assert built.outputs.shape == (12, 3)


def test_float32_that_is_not_pytorch_stops_the_export() -> None:
    classifier = _classifier(_Model())
    wrong = replace(classifier, reference=lambda inputs: classifier.reference(inputs) + 0.01)
    with pytest.raises(CheckFailedError, match="fp32 network does not agree with PyTorch"):
        build_variants(wrong, "pi", _INPUTS, {})


def test_a_network_that_overflows_in_half_precision_is_not_exported_for_a_jetson() -> None:
    with pytest.raises(CheckFailedError, match=r"overflows in fp16.*--target pi"):
        build_variants(_classifier(_Model(gain=1e7)), "jetson", _INPUTS, {})
    assert build_variants(_classifier(_Model(gain=1e7)), "pi", _INPUTS, {}).networks[0].variant == "fp32"


def test_weights_that_half_precision_loses_are_named() -> None:
    model = _Model()
    linear = model.network[0]
    assert isinstance(linear, nn.Linear)
    linear.weight.data[0, :3] = 1e-12
    built = build_variants(_classifier(model), "jetson", _INPUTS, {})
    assert [note for note in built.notes if "become 0" in note] == [
        "fp16: 3 of 2016 values of network.0.weight become 0"
    ]


def test_numbers_that_are_not_finite_stop_the_export() -> None:
    classifier = replace(_classifier(_Model()), reference=lambda inputs: np.full((12, 3), np.nan, np.float32))
    with pytest.raises(CheckFailedError, match="not finite"):
        build_variants(classifier, "pi", _INPUTS, {})


def test_labels_of_another_count_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected 3 labels.*found 2"):
        build_variants(_classifier(_Model(), labels="AB"), "pi", _INPUTS, {})


def test_only_the_network_is_quantised_never_the_preprocessing() -> None:
    class Before(_Model):
        def __init__(self) -> None:
            super().__init__()
            self.preprocess = nn.Linear(126, 126)

        def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
            return self.network(self.preprocess(landmarks.flatten(2).mean(dim=1)))

    import onnx

    built = build_variants(_classifier(Before()), "pi", _INPUTS, {})
    nodes = onnx.load_from_string(built.networks[1].model).graph.node
    before = {n.op_type for n in nodes if n.name.startswith("/preprocess/")}
    assert before & {"Gemm", "MatMul"} and "MatMulInteger" not in before
    assert sum(n.op_type == "MatMulInteger" for n in nodes) == 2


def test_shipped_clip_serves_as_golden_inputs_for_any_window_length(tmp_path: Path) -> None:
    window = _CONTRACT.window
    assert window is not None
    longer = _CONTRACT.model_copy(update={"window": window.model_copy(update={"frames": 45})})
    assert golden_inputs("hand-sequence", longer)["mask"].shape[1] == 45
