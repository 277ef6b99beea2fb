"""Static int8: what becomes int8, what stays float, and that it computes the same."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from edge.bundle.manifest import InputContract
from edge.errors import InputError
from export.graphs import parity
from export.graphs.static_int8 import to_static_int8
from export.graphs.torch_onnx import export_module
from export.models.pictures import PictureModel, picture_contract

_CONTRACT = picture_contract(32)("rescale")


class _Small(nn.Module):
    """Convolution, activation, norm (as Keras has it), a shortcut, pooling, a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8, eps=1e-3)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.dense = nn.Linear(8, 5)
        torch.manual_seed(0)
        for name, value in (*self.named_parameters(), *self.named_buffers()):
            if value.is_floating_point():
                value.data = torch.rand_like(value) * 0.5 + 0.25 if "norm" in name else torch.randn_like(value) * 0.3

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.norm(torch.relu(self.first(pictures)))
        maps = torch.max_pool2d(torch.relu(maps + self.second(maps)), 2)
        return self.dense(maps.mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def graphs() -> tuple[bytes, bytes]:
    """float32 and int8."""
    full = export_module(PictureModel(_Small(), "rescale"), _CONTRACT, label="small")
    return full, to_static_int8(full, _pictures(_CONTRACT, 24, seed=1), keep_float=_outside)


def _outside(name: str) -> bool:
    return not name.startswith("/network/")


def _pictures(contract: InputContract, count: int, *, seed: int) -> dict[str, np.ndarray]:
    height, width = contract.image_size or (0, 0)
    rng = np.random.default_rng(seed)
    flat = rng.integers(0, 200, (count, 1, 1, 3))
    return {"image": (flat + rng.integers(0, 56, (count, height, width, 3))).astype(np.uint8)}


def test_int8_computes_nearly_the_same_on_pictures_it_was_not_calibrated_on(graphs: tuple[bytes, bytes]) -> None:
    inputs = _pictures(_CONTRACT, 32, seed=2)
    want, have = (parity.run_each(model, inputs, label="small") for model in graphs)
    assert 0 < np.abs(have - want).max() < 0.05 * np.ptp(want)
    assert np.abs(have - want).mean() < 0.01 * np.ptp(want)


def test_a_batch_norm_becomes_a_convolution_and_every_convolution_is_int8(graphs: tuple[bytes, bytes]) -> None:
    nodes = onnx.load_from_string(graphs[1]).graph.node
    kinds = [node.op_type for node in nodes]
    assert kinds.count("Conv") == 3 and "BatchNormalization" not in kinds
    made_by = {output: node.op_type for node in nodes for output in node.output}
    for node in nodes:
        if node.op_type == "Conv":
            assert {made_by[name] for name in node.input} == {"DequantizeLinear"}


def test_the_last_layer_stays_float(graphs: tuple[bytes, bytes]) -> None:
    model = onnx.load_from_string(graphs[1])
    (dense,) = (node for node in model.graph.node if node.op_type == "Gemm")
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    assert weights[dense.input[1]].dtype == np.float32
    assert dense.output[0] == model.graph.output[0].name


def test_weights_have_seven_bits_and_a_scale_per_channel(graphs: tuple[bytes, bytes]) -> None:
    weights = {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(graphs[1]).graph.initializer}
    kernels = [value for value in weights.values() if value.dtype == np.int8 and value.ndim > 1]
    assert len(kernels) == 3
    assert all(np.abs(kernel.astype(int)).max() <= 64 for kernel in kernels)
    assert any(value.shape == (8,) for name, value in weights.items() if name.endswith("_scale"))


def test_the_same_pictures_give_the_same_bytes(graphs: tuple[bytes, bytes]) -> None:
    again = to_static_int8(graphs[0], _pictures(_CONTRACT, 24, seed=1), keep_float=_outside)
    assert again == graphs[1]


class _GivenUp(nn.Module):
    """A norm before the mean, of whose channels one has next to no variance, as training leaves those it gave up."""

    def __init__(self, *, shortcut: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm, self.dense = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8, eps=1e-3), nn.Linear(8, 5)
        self.second = nn.Conv2d(3, 8, 1) if shortcut else None
        variance = self.norm.get_buffer("running_var")
        variance.fill_(0.05)
        variance[0] = 0.0
        self.dense.weight.data[:, 0] /= 50

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.norm(torch.relu(self.first(pictures)))
        maps = torch.max_pool2d(maps if self.second is None else maps + self.second(pictures), 2)
        return self.dense(maps.mean(dim=(2, 3)))


@pytest.mark.parametrize("shortcut", [False, True])
def test_a_norm_before_a_mean_stays_float_with_its_pooling_and_shortcut(shortcut: bool) -> None:
    full = export_module(PictureModel(_GivenUp(shortcut=shortcut).eval(), "rescale"), _CONTRACT, label="given up")
    int8 = to_static_int8(full, _pictures(_CONTRACT, 16, seed=1), keep_float=_outside)
    model = onnx.load_from_string(int8)
    made_by = {output: node.op_type for node in model.graph.node for output in node.output}
    (pool,) = (node for node in model.graph.node if node.op_type == "MaxPool")
    assert made_by[pool.input[0]] == ("Add" if shortcut else "Conv")
    for add in (node for node in model.graph.node if node.op_type == "Add"):
        assert sorted(made_by[name] for name in add.input) == ["Conv", "DequantizeLinear"]
    (mean,) = (node for node in model.graph.node if node.op_type == "ReduceMean")
    assert made_by[mean.input[0]] == "MaxPool"
    inputs = _pictures(_CONTRACT, 32, seed=2)
    want, have = (parity.run_each(each, inputs, label="given up") for each in (full, int8))
    assert np.abs(have - want).max() < 0.05 * np.ptp(want)


def test_a_graph_without_weights_is_refused() -> None:
    class Mean(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            return pictures.mean(dim=(2, 3))

    model = export_module(PictureModel(Mean(), "rescale"), _CONTRACT, label="mean")
    with pytest.raises(InputError, match="nothing in the model can be quantised"):
        to_static_int8(model, _pictures(_CONTRACT, 2, seed=0), keep_float=_outside)
