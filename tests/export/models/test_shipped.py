"""The shipped recogniser: what must not change its answer, and its weights."""

from __future__ import annotations

import io
import json

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from edge.bundle.manifest import Label
from export.loading import Request, load_family
from export.models.hands import FEATURES, HAND_FEATURES, HandPreprocess
from export.models.registry import family
from export.models.shipped import HandModel
from export.training.folder import CONFIG, WEIGHTS


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return HandModel(11).eval()


def hands(count: int = 5, frames: int = 12, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random hands: two, the left alone, the right alone, one that comes late, none."""
    generator = torch.Generator().manual_seed(seed)
    landmarks = torch.rand(count, frames, 2, 21, 3, generator=generator)
    landmarks[1, :, 1] = 0
    landmarks[2, :, 0] = 0
    landmarks[3, :4] = 0
    landmarks[4] = 0
    return landmarks, torch.ones(count, frames)


def present(landmarks: Tensor) -> Tensor:
    return landmarks.abs().sum(dim=(3, 4), keepdim=True) > 0


def test_where_the_hands_are_does_not_matter(model: nn.Module) -> None:
    landmarks, mask = hands()
    moved = (landmarks + torch.tensor([0.3, -0.2, 0.1])) * present(landmarks)
    torch.testing.assert_close(model(moved, mask), model(landmarks, mask), atol=1e-4, rtol=1e-4)


def test_how_large_the_hands_are_does_not_matter(model: nn.Module) -> None:
    landmarks, mask = hands()
    torch.testing.assert_close(model(landmarks * 0.4, mask), model(landmarks, mask), atol=1e-4, rtol=1e-4)


def test_a_mirrored_picture_with_exchanged_slots_does_not_matter(model: nn.Module) -> None:
    landmarks, mask = hands()
    mirrored = torch.cat([1 - landmarks[..., :1], landmarks[..., 1:]], dim=-1) * present(landmarks)
    torch.testing.assert_close(model(mirrored.flip(2), mask), model(landmarks, mask), atol=1e-4, rtol=1e-4)


def test_shape_and_movement_do_matter(model: nn.Module) -> None:
    landmarks, mask = hands()
    other, _ = hands(seed=1)
    backwards = landmarks.flip(1)
    assert (model(other, mask) - model(landmarks, mask))[0].abs().max() > 1e-2
    assert (model(backwards, mask) - model(landmarks, mask))[0].abs().max() > 1e-3


def test_what_is_in_masked_frames_does_not_matter(model: nn.Module) -> None:
    landmarks, mask = hands()
    padded = torch.cat([landmarks, torch.rand(5, 4, 2, 21, 3)], dim=1)
    longer = torch.cat([mask, torch.zeros(5, 4)], dim=1)
    torch.testing.assert_close(model(padded, longer), model(landmarks, mask), atol=1e-5, rtol=1e-4)


def test_an_empty_window_gives_numbers(model: nn.Module) -> None:
    landmarks, mask = hands()
    assert model(landmarks, mask * 0).isfinite().all()


def test_gradients_are_finite_even_for_missing_hands() -> None:
    model = HandModel(11)
    landmarks, mask = hands()
    landmarks.requires_grad_(True)
    model(landmarks, mask).square().sum().backward()
    assert landmarks.grad is not None
    assert landmarks.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_missing_hands_have_no_features() -> None:
    landmarks, mask = hands()
    features, seen = HandPreprocess()(landmarks, mask)
    assert features.shape == (5, 12, FEATURES)
    assert (features[4] == 0).all()
    assert seen[3].tolist() == [0] * 4 + [1] * 8


def test_crossed_fingers_change_the_sign_of_their_features_and_nothing_else_much() -> None:
    landmarks = torch.zeros(1, 1, 2, 21, 3)
    landmarks[..., 1, :, 1] = 0.9
    for finger, x in enumerate((0.56, 0.53, 0.5, 0.47)):  # a right hand, palm to the camera, fingers up
        landmarks[0, 0, 1, 5 + 4 * finger : 9 + 4 * finger] = torch.tensor(
            [[x, 0.7 - 0.1 * joint, 0.01] for joint in range(4)]
        )
    landmarks[0, 0, 1, :5, 0] = torch.linspace(0.5, 0.6, 5)
    crossed = landmarks.clone()
    crossed[0, 0, 1, 8, 0], crossed[0, 0, 1, 12, 0] = 0.53, 0.56
    mask = torch.ones(1, 1)
    apart, together = (HandPreprocess()(points, mask)[0][0, 0] for points in (landmarks, crossed))
    flipped = torch.nonzero(apart * together < -0.1).flatten()
    assert HAND_FEATURES - 10 <= int(flipped[-1]) < HAND_FEATURES
    without = HandPreprocess(crossings=False)(crossed, mask)[0][0, 0, HAND_FEATURES - 10 : HAND_FEATURES]
    assert (without == 0).all()


@pytest.mark.parametrize(("name", "preprocess"), [("fingerpost-hands", "hands"), ("cnn-bilstm-attention", "unit")])
@pytest.mark.filterwarnings("ignore")
def test_the_exported_graph_agrees_for_other_batches_and_lengths(name: str, preprocess: str) -> None:
    built = family(name).build(7, preprocess).eval()
    landmarks, mask = hands()
    axes = {"landmarks": {0: "batch", 1: "time"}, "mask": {0: "batch", 1: "time"}, "logits": {0: "batch"}}
    file = io.BytesIO()
    torch.onnx.export(
        built,
        (landmarks, mask),
        file,
        opset_version=18,
        dynamo=False,
        input_names=["landmarks", "mask"],
        output_names=["logits"],
        dynamic_axes=axes,
    )
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    for count, frames in ((1, 30), (4, 5), (2, 1)):
        landmarks, mask = torch.rand(count, frames, 2, 21, 3), torch.ones(count, frames)
        (found,) = session.run(None, {"landmarks": landmarks.numpy(), "mask": mask.numpy()})
        np.testing.assert_allclose(found, built(landmarks, mask).detach().numpy(), atol=1e-4)


def test_the_shipped_weights_fit_their_labels_and_are_small() -> None:
    folder = family("fingerpost-hands").checkpoint
    assert folder is not None
    configuration = json.loads((folder / CONFIG).read_text())
    labels = [Label(**label) for label in configuration["labels"]]
    shipped = load_family("fingerpost-hands", Request()).module
    assert (folder / WEIGHTS).stat().st_size < 10_000_000
    assert {label.name for label in labels if label.kind == "letter"} == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert {label.name for label in labels if label.kind == "key"} == {"space", "nothing"}
    assert shipped(*hands()).shape == (5, len(labels))
