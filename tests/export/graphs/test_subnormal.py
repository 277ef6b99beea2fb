"""Weights that no processor computes with at full speed, and that no answer depends on."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from edge.bundle.manifest import Label
from export.classifier import from_torch
from export.graphs import parity
from export.graphs.subnormal import flush_subnormals
from export.graphs.torch_onnx import export_module
from export.models.base import LoadedModel
from export.models.pictures import PictureModel, picture_contract

_CONTRACT = picture_contract(16)("rescale")
_PICTURES = {"image": np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)}
_SMALLEST = float(np.finfo(np.float32).smallest_normal)


class _Decayed(nn.Module):
    """One channel of four has decayed to next to nothing."""

    def __init__(self, left: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.dense = nn.Conv2d(3, 4, 3), nn.Linear(4, 3)
        self.first.weight.data[1] = torch.tensor([left, -left, 0.0])[:, None, None]

    def forward(self, pictures: Tensor) -> Tensor:
        return self.dense(torch.relu(self.first(pictures)).mean(dim=(2, 3)))


def _decayed(left: float) -> PictureModel:
    return PictureModel(_Decayed(left), "rescale").eval()


def _kernel(model: bytes) -> np.ndarray:
    tensors = onnx.load_from_string(model).graph.initializer
    return next(w for w in map(numpy_helper.to_array, tensors) if w.shape == (4, 3, 3, 3))


@pytest.mark.parametrize("left", [1e-45, 1e-40, _SMALLEST * 0.99])
def test_subnormal_weights_become_zero_and_no_answer_changes(left):
    model = export_module(_decayed(left), _CONTRACT, label="decayed")
    flushed = flush_subnormals(model)
    before, after = _kernel(model), _kernel(flushed)
    assert np.count_nonzero(before[1]) == 18
    assert not after[1].any()
    np.testing.assert_array_equal(np.delete(after, 1, axis=0), np.delete(before, 1, axis=0))
    answers = [parity.run_each(each, _PICTURES, label="decayed") for each in (model, flushed)]
    np.testing.assert_array_equal(*answers)


def test_a_graph_of_normal_weights_keeps_its_bytes():
    model = export_module(_decayed(_SMALLEST), _CONTRACT, label="normal")
    assert flush_subnormals(model) is model


def test_an_exported_classifier_has_none():
    labels = tuple(Label(name=name, kind="letter") for name in "ABC")
    made = from_torch(LoadedModel("decayed", _decayed(1e-40), _CONTRACT, "image", labels, 1))
    assert not _kernel(made.fp32)[1].any()
