"""A picture's normalisation inside the first convolution: the same answers, from the picture's bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from edge.types import AnyArray
from export.graphs import parity
from export.graphs.byte_input import fold_normalisation
from export.graphs.static_int8 import to_static_int8
from export.graphs.torch_onnx import export_module
from export.models.pictures import NORMALISATIONS, PictureModel, picture_contract

_SIZE = 24


class _Net(nn.Module):
    """One convolution, or two side by side, and a mean."""

    def __init__(
        self, *, padding: int = 0, beside: bool = False, touch: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.dense = nn.Conv2d(3, 6, 3, padding=padding), nn.Linear(6, 4)
        self.second = nn.Conv2d(3, 6, 3, padding=padding, bias=False) if beside else None
        self.touch = touch

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.first(pictures)
        maps = torch.relu(maps if self.second is None else maps + self.second(pictures))
        answers: Tensor = self.dense(maps.mean(dim=(2, 3)))
        return answers if self.touch is None else answers + self.touch(pictures)


def _exported(network: nn.Module, preprocess: str) -> bytes:
    model = PictureModel(network, preprocess)
    return export_module(model.eval(), picture_contract(_SIZE)(preprocess), label="net")


def _pictures(count: int, seed: int = 0) -> dict[str, AnyArray]:
    return {"image": np.random.default_rng(seed).integers(0, 256, (count, _SIZE, _SIZE, 3)).astype(np.uint8)}


def _outside(name: str) -> bool:
    return not name.startswith("/network/")


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(("preprocess", "zero"), [("rescale", 0), ("imagenet", 114), ("asl-alphabet", 130)])
def test_the_folded_graph_answers_as_before(preprocess: str, zero: int, beside: bool) -> None:
    before = _exported(_Net(beside=beside), preprocess)
    proto = onnx.load_from_string(before)
    found = fold_normalisation(proto)
    assert found is not None and found.zero == zero
    assert [n.op_type for n in proto.graph.node if n.op_type == "Mul"] == []
    want, have = (parity.run_each(m, _pictures(8), label="net") for m in (before, proto.SerializeToString()))
    np.testing.assert_allclose(have, want, atol=2e-4)


def test_where_the_convolution_pads_only_the_rim_differs_and_a_little() -> None:
    before = _exported(_Net(padding=1), "imagenet")
    proto = onnx.load_from_string(before)
    assert fold_normalisation(proto) is not None
    want, have = (parity.run_each(m, _pictures(8), label="net") for m in (before, proto.SerializeToString()))
    assert 0 < np.abs(have - want).max() < 0.02 * np.ptp(want)


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("preprocess", ["rescale", "imagenet"])
def test_in_int8_the_pictures_bytes_are_the_convolutions_input(preprocess: str, padding: int) -> None:
    full = _exported(_Net(padding=padding), preprocess)
    int8 = to_static_int8(full, _pictures(16, seed=1), keep_float=_outside)
    graph = onnx.load_from_string(int8).graph
    makers = {output: node for node in graph.node for output in node.output}
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    (convolution,) = (node for node in graph.node if node.op_type == "Conv")
    read = makers[convolution.input[0]]
    turned = makers[read.input[0]]
    assert (read.op_type, turned.op_type, turned.input[0]) == ("DequantizeLinear", "Transpose", "image")
    assert values[read.input[1]] == 1 and values[read.input[2]] == (0 if preprocess == "rescale" else 114)
    assert not {"Cast", "Mul"} & {node.op_type for node in graph.node}
    want, have = (parity.run_each(m, _pictures(16, seed=2), label="net") for m in (full, int8))
    assert np.abs(have - want).max() < 0.05 * np.ptp(want)


@pytest.mark.parametrize(
    ("network", "preprocess", "mean"),
    [
        (_Net(touch=lambda pictures: pictures.mean(dim=(1, 2, 3)).unsqueeze(1)), "rescale", None),
        (_Net(padding=1), "imagenet", (0.1, 0.5, 0.9)),
    ],
    ids=["somebody else reads the picture", "padding would stand for colours far apart"],
)
def test_any_other_graph_is_left_as_it_is(
    network: nn.Module, preprocess: str, mean: tuple[float, float, float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mean:
        monkeypatch.setitem(NORMALISATIONS, preprocess, (mean, (0.2, 0.2, 0.2)))
    full = _exported(network, preprocess)
    proto = onnx.load_from_string(full)
    assert fold_normalisation(proto) is None and proto.SerializeToString() == full
    nodes = onnx.load_from_string(to_static_int8(full, _pictures(8), keep_float=_outside)).graph.node
    made_by = {output: node.op_type for node in nodes for output in node.output}
    before = [node for node in nodes if node.name.startswith("/preprocess/")]
    assert {"Cast", "Mul", "Add", "Transpose"} <= {node.op_type for node in before}
    assert "DequantizeLinear" not in {made_by.get(name) for node in before for name in node.input}


def test_a_convolution_that_pads_by_itself_counts_as_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NORMALISATIONS, "imagenet", ((0.1, 0.5, 0.9), (0.2, 0.2, 0.2)))
    full = _exported(_Net(), "imagenet")
    padded, valid = onnx.load_from_string(full), onnx.load_from_string(full)
    for proto, kind in ((padded, "SAME_UPPER"), (valid, "VALID")):
        (convolution,) = (node for node in proto.graph.node if node.op_type == "Conv")
        kept = [a for a in convolution.attribute if a.name not in ("pads", "auto_pad")]
        del convolution.attribute[:]
        convolution.attribute.extend([*kept, onnx.helper.make_attribute("auto_pad", kind)])
    assert fold_normalisation(padded) is None
    assert fold_normalisation(valid) is not None


def test_another_order_of_axes_is_left_as_it_is() -> None:
    proto = onnx.load_from_string(_exported(_Net(), "rescale"))
    (turned,) = (node for node in proto.graph.node if node.op_type == "Transpose")
    del turned.attribute[:]
    turned.attribute.append(onnx.helper.make_attribute("perm", [0, 3, 2, 1]))
    assert fold_normalisation(proto) is None
