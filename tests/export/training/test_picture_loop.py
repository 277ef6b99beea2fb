"""The training of picture networks: the documents' settings, learning, resuming to the bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from edge.errors import InputError, UsageError
from export.models.registry import family
from export.training.picture_loop import (
    PictureEpoch,
    _cyclic_rate,
    _Run,
    fit_pictures,
    predict_pictures,
    split,
)
from export.training.picture_recipes import Cyclic, Plateau, picture_recipe, picture_recipes
from export.training.pictures import PictureAugmentation, Pictures, read_pictures

_SMALL = replace(picture_recipe("keras-cnn-spatial-dropout"), epochs=2, batch=6, shares=(0.75, 0.25))


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Red, green and blue noise: as easy as a task can be."""
    folder = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(0)
    for channel, label in enumerate("bgr"):
        (folder / label).mkdir()
        for index in range(8):
            picture = rng.integers(0, 90, (16, 16, 3), dtype=np.uint8)
            picture[..., channel] += 130
            cv2.imwrite(str(folder / label / f"{index}.png"), picture)
    return read_pictures(folder)


@pytest.mark.parametrize("recipe", picture_recipes(), ids=lambda recipe: recipe.name)
def test_each_recipe_names_a_network_and_its_preprocessing(recipe: object) -> None:
    entry = picture_recipe(recipe.name)  # type: ignore[attr-defined]
    assert entry.preprocess in family(entry.family).preprocess and sum(entry.shares) <= 1 + 1e-9
    names = dict(family(entry.family).build(3, entry.preprocess).get_submodule("network").named_parameters())
    l2 = getattr(family(entry.family).build(3, entry.preprocess).get_submodule("network"), "l2", {})
    assert all(f"{name}.weight" in names for name in l2)


def test_recipes_are_the_documents() -> None:
    dexnet, reduced = picture_recipe("dexnet"), picture_recipe("dexnet-reduced")
    assert (dexnet.optimizer, dexnet.rate, dexnet.batch, dexnet.shares) == ("sgd", 0.008, 64, (0.7, 0.2, 0.1))
    assert not dexnet.by_name and np.allclose(np.array(dexnet.shares) / 2, reduced.shares)
    names = ("plain", "pooled", "spatial-dropout", "double", "attention")
    first, *wider, last = (picture_recipe(f"keras-cnn-{name}").augmentation for name in names)
    assert (first.rotation, first.shift, first.zoom, first.flip, first.brightness) == (15, 0.1, 0.1, True, (1, 1))
    assert {(a.rotation, a.shift, a.zoom, a.flip, a.brightness) for a in wider} == {(20, 0.2, 0.2, True, (0.8, 1.2))}
    assert last.shear and last.channel_shift and picture_recipe("resnet18").augmentation.rotation
    assert [picture_recipe(f"keras-cnn-{name}").patience for name in names] == [3, 3, 5, 6, 8]
    double = picture_recipe("keras-cnn-double")
    assert (double.patience, double.schedule, double.epochs) == (6, Plateau(0.2, 3, 1e-5), 50)
    assert isinstance(picture_recipe("keras-cnn-attention-cyclic").schedule, Cyclic)
    with pytest.raises(UsageError, match="no such recipe"):
        picture_recipe("vgg")


@pytest.mark.slow
def test_a_network_learns_colours_and_says_how_it_went(colours: Pictures) -> None:
    recipe = replace(picture_recipe("keras-cnn-plain"), epochs=4, batch=6, shares=(0.75, 0.25), rate=3e-4)
    seen: list[PictureEpoch] = []
    model, history = fit_pictures(colours, recipe, seed=1, on_epoch=seen.append)
    assert seen == history and history[-1].loss < history[0].loss
    parts = split(colours, recipe, seed=1)
    logits = predict_pictures(model, colours, parts.validation, size=(200, 200))
    right = np.array(colours.classes)[logits.argmax(1)] == colours.labels[parts.validation]
    assert right.mean() == max(epoch.accuracy for epoch in history) == 1.0


@pytest.mark.slow
def test_resuming_does_what_the_uninterrupted_run_does(colours: Pictures, tmp_path: Path) -> None:
    whole, history = fit_pictures(colours, _SMALL, seed=2)
    state = tmp_path / "state.pt"

    def interrupt(epoch: PictureEpoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_pictures(colours, _SMALL, seed=2, state=state, on_epoch=interrupt)
    resumed, again = fit_pictures(colours, _SMALL, seed=2, state=state)
    assert again == history
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    with pytest.raises(InputError, match="belongs to another run"):
        fit_pictures(colours, _SMALL, seed=3, state=state)
    state.write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="cannot be resumed from"):
        fit_pictures(colours, _SMALL, seed=2, state=state)


def test_a_plateau_cuts_the_rate_as_keras_does(colours: Pictures) -> None:
    for losses, rate in (
        ([2.0, 1.0], 1e-3),
        ([1.0, 1.1], 1e-3),
        ([1.0, 1.1, 0.99995], 2e-4),
        ([1.0, 1.1, 1.2, 1.0, 1.0], 4e-5),
        ([1.0] * 12, 1e-5),
    ):
        schedule = replace(_SMALL, schedule=Plateau(0.2, 2, 1e-5))
        run = _Run(colours, schedule, 0, lambda model: None, lambda done: None)
        run.history = [PictureEpoch(i + 1, 1.0, loss, 0.5, 1e-3) for i, loss in enumerate(losses)]
        assert run._plateau_rate() == pytest.approx(rate), losses


@pytest.mark.slow
def test_batch_norms_know_what_they_see_after_one_short_epoch(colours: Pictures) -> None:
    model, _ = fit_pictures(colours, replace(_SMALL, epochs=1, augmentation=PictureAugmentation()), seed=0)
    seen: list[torch.Tensor] = []
    norm = model.get_submodule("network.batch_normalization")
    assert isinstance(norm, torch.nn.BatchNorm2d) and norm.running_mean is not None
    norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    train = split(colours, _SMALL, seed=0).train
    predict_pictures(model, colours, train, size=(200, 200))
    torch.testing.assert_close(norm.running_mean, torch.cat(seen).mean(dim=(0, 2, 3)), rtol=1e-2, atol=1e-3)
    assert norm.momentum == pytest.approx(0.01), "as Keras has it, for whoever trains on"


@pytest.mark.slow
def test_bfloat16_learns_too_and_leaves_float32_weights(colours: Pictures) -> None:
    recipe = replace(picture_recipe("keras-cnn-plain"), epochs=3, batch=6, shares=(0.75, 0.25), rate=3e-4, mixed=True)
    model, history = fit_pictures(colours, recipe, seed=1)
    assert history[-1].loss < history[0].loss
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}


@pytest.mark.slow
def test_steps_and_epochs_are_told(colours: Pictures) -> None:
    done: list[float] = []
    fit_pictures(colours, replace(_SMALL, epochs=1), seed=0, on_step=done.append)
    assert done == pytest.approx([1 / 3, 2 / 3, 1])


def test_a_cycle_goes_up_and_down() -> None:
    rates = [_cyclic_rate(Cyclic(1e-4, 8), 1e-3, t) for t in (0, 2, 4, 6, 8, 12)]
    assert rates == pytest.approx([1e-4, 5.5e-4, 1e-3, 5.5e-4, 1e-4, 1e-3])


def test_too_few_pictures_are_refused(colours: Pictures) -> None:
    with pytest.raises(InputError, match="too few pictures to split"):
        fit_pictures(colours.select(np.array([0, 8])), _SMALL, seed=0)
