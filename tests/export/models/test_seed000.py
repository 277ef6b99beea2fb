"""The first document's network: its size, the names of its parameters, its mask, its two preprocessings."""

from __future__ import annotations

import pytest
import torch

from edge.errors import UsageError
from export.models.registry import families, family
from export.models.seed000 import PARAMETERS, SeedModel, SeedNetwork, SeedPreprocess

_SHAPES = {
    "conv_layers.0.weight": (128, 126, 3),
    "conv_layers.0.bias": (128,),
    "conv_layers.4.weight": (256, 128, 3),
    "conv_layers.4.bias": (256,),
    "attention.0.weight": (128, 512),
    "attention.0.bias": (128,),
    "attention.2.weight": (1, 128),
    "attention.2.bias": (1,),
    "classifier.0.weight": (512, 512),
    "classifier.0.bias": (512,),
    "classifier.4.weight": (256, 512),
    "classifier.4.bias": (256,),
    "classifier.8.weight": (77, 256),
    "classifier.8.bias": (77,),
}
_NORMS = {"conv_layers.1": 128, "conv_layers.5": 256, "classifier.1": 512, "classifier.5": 256}


def published_names() -> dict[str, torch.Tensor]:
    """A state dict with the names and shapes that the published checkpoint is reported to have, written out here."""
    state = {name: torch.randn(shape) * 0.05 for name, shape in _SHAPES.items()}
    for name, size in _NORMS.items():
        state |= {f"{name}.{part}": torch.rand(size) + 0.5 for part in ("weight", "running_var")}
        state |= {f"{name}.{part}": torch.zeros(size) for part in ("bias", "running_mean")}
        state[f"{name}.num_batches_tracked"] = torch.tensor(3)
    for layer, inputs in ((0, 256), (1, 512)):
        for end in ("", "_reverse"):
            state[f"lstm.weight_ih_l{layer}{end}"] = torch.randn(1024, inputs) * 0.05
            state[f"lstm.weight_hh_l{layer}{end}"] = torch.randn(1024, 256) * 0.05
            state |= {f"lstm.bias_{kind}_l{layer}{end}": torch.zeros(1024) for kind in ("ih", "hh")}
    return state


def test_the_network_has_exactly_the_documents_number_of_parameters() -> None:
    assert sum(p.numel() for p in SeedNetwork(77).parameters()) == PARAMETERS == 3_258_574


def test_a_checkpoint_with_the_published_names_loads_strictly() -> None:
    SeedNetwork(77).load_state_dict(published_names(), strict=True)


def test_only_the_learned_part_is_in_the_state_and_it_has_the_familys_prefix() -> None:
    entry = family("cnn-bilstm-attention")
    names = entry.build(77, "unit").state_dict()
    assert {n.removeprefix(entry.network_prefix) for n in names} == set(published_names())


def test_the_attention_looks_at_unmasked_frames_only() -> None:
    network = SeedNetwork(77).eval()
    seen: list[torch.Tensor] = []
    network.classifier.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    frames: list[torch.Tensor] = []
    network.lstm.register_forward_hook(lambda _, __, outputs: frames.append(outputs[0]))
    mask = torch.zeros(1, 6)
    mask[0, 2] = 1
    network(torch.rand(1, 6, 2, 21, 3), mask)
    torch.testing.assert_close(seen[0], frames[0][:, 2])


def test_a_window_without_any_valid_frame_gives_numbers() -> None:
    assert SeedModel(5).eval()(torch.rand(2, 7, 2, 21, 3), torch.zeros(2, 7)).isfinite().all()


def test_a_window_gives_the_same_alone_and_in_a_batch() -> None:
    model = SeedModel(77).eval()
    landmarks, mask = torch.rand(4, 30, 2, 21, 3), torch.ones(4, 30)
    torch.testing.assert_close(model(landmarks, mask)[2:3], model(landmarks[2:3], mask[2:3]), atol=1e-5, rtol=1e-4)


def test_unit_maps_the_picture_to_minus_one_to_one_and_keeps_missing_hands_zero() -> None:
    landmarks = torch.zeros(1, 1, 2, 21, 3)
    landmarks[0, 0, 1] = torch.tensor([1.0, 0.25, -0.1])
    out = SeedPreprocess("unit")(landmarks)
    torch.testing.assert_close(out[0, 0, 1, 5], torch.tensor([1.0, -0.5, -0.2]))
    assert (out[0, 0, 0] == 0).all()
    assert SeedPreprocess("raw")(landmarks) is landmarks


def test_labels_are_the_documents_in_the_order_of_its_label_encoder() -> None:
    names = [label.name for label in family("cnn-bilstm-attention").default_labels]
    assert len(names) == 77
    assert names == sorted(names)
    assert names[:2] == ["A", "B"]
    assert names[26:28] == ["afternoon", "angry"]


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="fingerpost-hands"):
        family("resnet-9000")
    with pytest.raises(UsageError, match="raw or unit"):
        SeedModel(77, "minmax")
    assert {entry.name for entry in families()} >= {"fingerpost-hands", "cnn-bilstm-attention"}
