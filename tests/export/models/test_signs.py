"""The six networks for isolated signs: sizes, padding, blocks, and export in every precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from edge.errors import UsageError
from export.golden import golden_inputs
from export.graphs import fp16, parity, quantize
from export.graphs.torch_onnx import export_module, run_module
from export.loading import Request, load_family
from export.models.registry import families
from export.models.signs import FAMILIES, SignModel, holistic_contract
from export.models.signs_blocks import Attention, ConvBlock, LateDropout, LinearAttention, Positions, Recurrent
from export.models.signs_features import MAX_FRAMES
from export.training.sign_data import each_recording, read_table

_CONTRACT = holistic_contract("points")
_PARAMETERS = {
    "signs-cnn": 1_238_680,
    "signs-transformer": 1_192_954,
    "signs-cnn-bigru": 2_504_344,
    "signs-cnn-bilstm": 2_800_792,
    "signs-cnn-transformer": 2_124_952,
    "signs-cnn-linformer": 2_321_560,
}
"""Ours: the document reports none."""
_NAMES = list(_PARAMETERS)


def network(name: str, classes: int = 7) -> SignModel:
    """With statistics as training leaves them."""
    torch.manual_seed(3)
    model = next(f for f in FAMILIES if f.name == name).build(classes, "points")
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    assert isinstance(model, SignModel)
    return model.eval()


def landmarks(frames: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((2, frames, 543, 3), dtype=np.float32))


def test_all_six_are_registered_for_250_signs() -> None:
    known = {entry.name: entry for entry in families()}
    assert {known[name].classes for name in _NAMES} == {250}
    assert {known[name].task for name in _NAMES} == {"holistic-sequence"}


@pytest.mark.parametrize("name", _NAMES)
def test_parameters_for_250_signs(name: str) -> None:
    assert sum(p.numel() for p in network(name, 250).parameters()) == _PARAMETERS[name]


@pytest.mark.parametrize("name", _NAMES)
def test_padding_and_company_change_nothing(name: str) -> None:
    model, given = network(name), landmarks(11)
    padding = torch.full((1, 6, 543, 3), torch.nan)
    batch = torch.cat([torch.cat([given[:1], padding], dim=1), landmarks(17, seed=1)[:1]])
    with torch.no_grad():
        torch.testing.assert_close(model(batch)[:1], model(given[:1]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", _NAMES)
def test_the_order_of_frames_matters(name: str) -> None:
    model, given = network(name), landmarks(11)
    with torch.no_grad():
        assert (model(given) - model(given.flip(1))).abs().max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", _NAMES[2:])  # the hybrids have everything that the other two are made of
def test_the_graph_computes_the_same_in_float32_and_nearly_so_in_int8_and_float16(name: str) -> None:
    model = network(name)
    inputs = {"landmarks": golden_inputs("holistic-sequence", _CONTRACT)["landmarks"][:5]}
    want = run_module(model, inputs, _CONTRACT)
    full = export_module(model, _CONTRACT, label=name)
    assert parity.compare(want, parity.run_each(full, inputs, label=name), against="PyTorch").max_abs_diff < 1e-4
    long = {"landmarks": landmarks(MAX_FRAMES + 9)[:1].numpy()}
    np.testing.assert_allclose(parity.run_each(full, long, label=name), run_module(model, long, _CONTRACT), atol=1e-3)

    def keep(node: str) -> bool:
        return not node.startswith("/network/")

    spread = float(want.std())
    for small in (quantize.to_int8(full, keep_float=keep), fp16.to_fp16(full, keep_float=keep).model):
        assert len(small) < 0.6 * len(full)
        assert np.abs(parity.run_each(small, inputs, label=name) - want).max() < 0.5 * spread


def test_convolutions_are_causal() -> None:
    block = ConvBlock(6, 6, kernel=5).eval()
    frames, mask = torch.randn(1, 9, 6), torch.ones(1, 9, 1)
    later = frames.clone()
    later[:, 6:] += 1
    with torch.no_grad():
        nn.init.zeros_(block.channels.weight)  # the gate alone looks at all frames
        one, other = block(frames, mask), block(later, mask)
    torch.testing.assert_close(one[:, :6], other[:, :6])
    assert not torch.allclose(one[:, 6:], other[:, 6:])


def test_a_block_that_changes_the_width_has_no_residual() -> None:
    frames, mask = torch.randn(1, 9, 6), torch.ones(1, 9, 1)
    for width, residual in ((6, True), (4, False)):
        block = ConvBlock(6, width).eval()
        nn.init.zeros_(block.project.weight)
        nn.init.zeros_(block.project.bias)
        with torch.no_grad():
            assert torch.equal(block(frames, mask), frames if residual else torch.zeros(1, 9, 4))


def test_attention_is_that_of_pytorch() -> None:
    ours, mask = Attention(8, heads=2).eval(), torch.ones(1, 5, 1)
    theirs = nn.MultiheadAttention(8, 2, bias=False, batch_first=True).eval()
    weight = ours.qkv.weight.detach().reshape(2, 3, 4, 8).transpose(0, 1).reshape(24, 8)  # heads outermost in ours
    frames = torch.randn(1, 5, 8)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(weight)
        theirs.out_proj.weight.copy_(ours.project.weight)
        torch.testing.assert_close(ours(frames, mask), theirs(frames, frames, frames)[0])


def test_linear_attention_has_so_many_keys_whatever_the_length() -> None:
    layer = LinearAttention(8, frames=50, rank=3, heads=2).eval()
    shapes = []
    layer.dropout.register_forward_hook(lambda module, given, result: shapes.append(result.shape[-1]))
    with torch.no_grad():
        for length in (4, 50):
            layer(torch.randn(1, length, 8), torch.ones(1, length, 1))
    assert shapes == [3, 3]


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_the_recurrent_layers_are_pytorchs_bidirectional_ones(kind: type[nn.GRU] | type[nn.LSTM]) -> None:
    both = kind(5, 4, batch_first=True, bidirectional=True)
    there, back = kind(5, 4, batch_first=True), kind(5, 4, batch_first=True)
    state = both.state_dict()
    there.load_state_dict({k: v for k, v in state.items() if not k.endswith("_reverse")})
    back.load_state_dict({k.removesuffix("_reverse"): v for k, v in state.items() if k.endswith("_reverse")})
    frames = torch.randn(2, 7, 5)
    mask = torch.ones(2, 7, 1)
    mask[1, 4:] = 0
    with torch.no_grad():
        found = Recurrent(there, back)(frames, mask)
        torch.testing.assert_close(found[0], both(frames[:1])[0][0])
        torch.testing.assert_close(found[1, :4], both(frames[1:, :4])[0][0])


def test_positions_are_sines_and_cosines() -> None:
    added = Positions(4, frames=6)(torch.zeros(1, 3, 4), torch.ones(1, 3, 1))
    want = [[np.sin(t), np.cos(t), np.sin(t / 100), np.cos(t / 100)] for t in range(3)]
    torch.testing.assert_close(added[0], torch.tensor(want, dtype=torch.float32))


def test_late_dropout_waits_until_it_is_turned_on() -> None:
    layer, values = LateDropout(0.8).train(), torch.ones(1000)
    assert torch.equal(layer(values), values)
    layer.active = True
    assert (layer(values) == 0).float().mean() == pytest.approx(0.8, abs=0.06)
    assert torch.equal(layer.eval()(values), values)


def test_an_unknown_preprocessing_is_refused() -> None:
    with pytest.raises(UsageError, match="points"):
        FAMILIES[0].build(3, "raw")


def test_the_shipped_weights_are_those_of_its_card_and_leave_out_whom_they_say() -> None:
    shipped = [entry for entry in FAMILIES if entry.checkpoint is not None]
    assert [entry.name for entry in shipped] == ["signs-cnn-transformer"]
    loaded = load_family(shipped[0].name, Request())
    card = loaded.model_card
    assert f"{loaded.parameters:,} parameters" in card
    assert {label.name for label in loaded.labels} > {"hello", "thankyou", "iloveyou", "yes", "no"}
    assert loaded.licence == "MIT"
    assert {licence.spdx for licence in loaded.licences} == {"MIT"}
    names = {licence.subject for licence in loaded.licences}
    assert not names & {"recordings asl_signs/5", "recordings asl_signs/8", "recordings asl_signs/9"}


def test_the_shipped_weights_recognise_a_signer_that_they_never_saw(data_dir: Path) -> None:
    """The figure of the card, found again on real recordings through the network as it is exported."""
    loaded = load_family("signs-cnn-transformer", Request())
    names = [label.name for label in loaded.labels]
    files = [file for file in read_table(data_dir / "asl_signs") if file.participant == "5"][::3]
    right = []
    with torch.no_grad():
        for file, values in each_recording(files):
            right.append(names[int(loaded.module(torch.from_numpy(values[None])).argmax())] == file.sign)
    assert len(right) == 30
    assert np.mean(right) > 0.85
