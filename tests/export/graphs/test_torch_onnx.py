"""PyTorch to ONNX: the same numbers for every batch and length, or no file at all."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from edge.bundle.manifest import InputContract
from edge.engines import OnnxEngine
from edge.errors import CheckFailedError, InputError
from export.graphs.torch_onnx import IR_VERSION, OPSET, export_module, run_module, sample_inputs, stamp
from export.models.registry import families, family
from export.models.seed000 import hand_sequence_contract

_CONTRACT = hand_sequence_contract("raw", aspect=4 / 3)


class _Small(nn.Module):
    """Mean over unmasked frames, then Gemm and batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(126, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
        nn.init.uniform_(self.network[1].running_var, 0.5, 2)
        nn.init.normal_(self.network[1].running_mean)
        nn.init.normal_(self.network[1].weight)

    def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
        frames = landmarks.flatten(2) * mask.unsqueeze(2)
        return self.network(frames.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1))


@pytest.fixture(scope="module")
def seed() -> tuple[nn.Module, InputContract, bytes]:
    """The seed document's network with random weights, and its graph."""
    torch.manual_seed(0)
    entry = family("cnn-bilstm-attention")
    module, contract = entry.build(77, "unit").eval(), entry.contract("unit")
    return module, contract, export_module(module, contract, label="seed")


def test_opset_and_ir_are_what_old_runtimes_read(seed: tuple[nn.Module, InputContract, bytes]) -> None:
    proto = onnx.load_from_string(seed[2])
    assert [(entry.domain, entry.version) for entry in proto.opset_import] == [("", OPSET)]
    assert proto.ir_version <= IR_VERSION == 10


@pytest.mark.parametrize(("batch", "frames"), [(1, 30), (4, 30), (1, 17), (4, 61), (1, 1)])
def test_the_graph_computes_what_pytorch_does_at_any_size(
    seed: tuple[nn.Module, InputContract, bytes], batch: int, frames: int
) -> None:
    module, contract, model = seed
    inputs = sample_inputs(contract, batch=batch, frames=frames, seed=frames)
    have = OnnxEngine(model).run(inputs)["logits"]
    assert have.shape == (batch, 77)
    np.testing.assert_allclose(have, run_module(module, inputs, contract), atol=1e-5)


@pytest.mark.parametrize("entry", families(), ids=lambda entry: entry.name)
def test_every_family_exports_with_its_preprocessing_and_network_in_scopes_of_their_own(entry: object) -> None:
    model = export_module(entry.build(5, entry.preprocess[-1]), entry.contract(entry.preprocess[-1]), label="x")  # type: ignore[attr-defined]
    scopes = {node.name.split("/")[1] for node in onnx.load_from_string(model).graph.node if node.name.startswith("/")}
    assert {"preprocess", "network"} <= scopes


def test_batch_norms_behind_a_gemm_are_folded() -> None:
    module = _Small().eval()
    model = export_module(module, _CONTRACT, label="small")
    assert "BatchNormalization" not in {node.op_type for node in onnx.load_from_string(model).graph.node}
    inputs = sample_inputs(_CONTRACT, batch=3)
    np.testing.assert_allclose(
        OnnxEngine(model).run(inputs)["logits"], run_module(module, inputs, _CONTRACT), atol=1e-5
    )


def test_a_mask_that_the_model_ignores_is_still_an_input() -> None:
    class Ignores(_Small):
        def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
            return self.network(landmarks.flatten(2).mean(dim=1))

    engine = OnnxEngine(export_module(Ignores(), _CONTRACT, label="ignores"))
    assert [spec.name for spec in engine.inputs] == ["landmarks", "mask"]
    assert engine.run(sample_inputs(_CONTRACT, batch=2))["logits"].shape == (2, 3)


class _BakedLength(_Small):
    """A Python loop over frames is unrolled by tracing."""

    def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
        total = torch.zeros(landmarks.shape[0], 126)
        for t in range(landmarks.shape[1]):
            total = total + landmarks[:, t].flatten(1) * mask[:, t : t + 1]
        return self.network(total)


class _BakedBranch(_Small):
    """A Python branch on a size is decided when traced."""

    def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
        logits = super().forward(landmarks, mask)
        return logits * 2 if landmarks.shape[0] == 4 else logits


@pytest.mark.parametrize(("module", "size"), [(_BakedLength(), "frames"), (_BakedBranch(), "batch 4")])
def test_what_tracing_bakes_in_is_found(module: nn.Module, size: str) -> None:
    with pytest.raises(CheckFailedError, match=rf"does not compute what PyTorch does at .*{size}"):
        export_module(module, _CONTRACT, label="baked")


def test_a_model_that_fails_is_an_input_error_with_its_message() -> None:
    class Fails(_Small):
        def forward(self, landmarks: Tensor, mask: Tensor) -> Tensor:
            raise ValueError("no such luck")

    with pytest.raises(InputError, match=r"ValueError: no such luck.*--onnx"):
        export_module(Fails(), _CONTRACT, label="fails")


def test_the_export_is_the_same_bytes_each_time() -> None:
    module = _Small()
    assert export_module(module, _CONTRACT, label="a") == export_module(module, _CONTRACT, label="b")


def test_facts_are_written_into_the_file() -> None:
    model = stamp(export_module(_Small(), _CONTRACT, label="small"), {"name": "small", "labels": ["A", "B", "C"]})
    facts = {entry.key: entry.value for entry in onnx.load_from_string(model).metadata_props}
    assert facts["name"] == "small" and json.loads(facts["labels"]) == ["A", "B", "C"]
    assert stamp(model, {"name": "small"}) == stamp(model, {"name": "small"})
