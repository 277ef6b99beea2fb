"""Training of picture networks: seeded, resumable to the bit, early stopping, on the GPU where there is one.

As in `export.training.loop`, all randomness of an epoch comes from ``(seed, epoch)``.

The statistics of batch norms are taken anew before each validation, as means over training batches. Keras's running
ones need the thousands of steps that an epoch of the whole "ASL Alphabet" has; after forty they are mostly what they
started as. A quicker mean is that of a few batches only: on training pictures ResNet-18's loss was 4.3 with it, where
it was 2.5 with the batch's own statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from edge.errors import InputError
from edge.types import FloatArray
from export.models.registry import family
from export.training.epochs import run_epochs
from export.training.picture_recipes import Cyclic, PictureRecipe, Plateau
from export.training.pictures import Pictures, augment_picture, split_at_random, split_by_name

_SETTLING = 320
"""Training pictures that give batch norms their statistics."""
_LEAST_FALL = 1e-4
"""Of the validation loss, for Keras's ReduceLROnPlateau to see it as one."""


@dataclass(frozen=True, slots=True)
class PictureEpoch:
    """What came of one epoch; figures of the validation part, and the rate it was trained at."""

    number: int
    loss: float
    validation_loss: float
    accuracy: float
    rate: float


@dataclass(frozen=True, slots=True)
class Parts:
    """Indices of the pictures that train, validate, and test (none where the recipe keeps no test part)."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split(pictures: Pictures, recipe: PictureRecipe, *, seed: int) -> Parts:
    """The recipe's split. Raises InputError when a part would be empty."""
    if recipe.by_name:
        found = split_by_name(pictures, recipe.shares)
    else:
        found = split_at_random(pictures, recipe.shares, seed=seed)
    train, validation, *test = found
    if not len(train) or not len(validation):
        raise InputError("too few pictures to split", expected=f"shares {recipe.shares}", found=len(pictures))
    return Parts(train, validation, test[0] if test else np.zeros(0, np.int64))


def fit_pictures(
    pictures: Pictures,
    recipe: PictureRecipe,
    *,
    seed: int,
    state: Path | None = None,
    start: Callable[[nn.Module], None] = lambda model: None,
    on_epoch: Callable[[PictureEpoch], None] = lambda epoch: None,
    on_step: Callable[[float], None] = lambda epochs: None,
) -> tuple[nn.Module, list[PictureEpoch]]:
    """Train a new network on ``pictures.classes``; ``state``: file the run is kept in and resumed from; ``start`` may
    put pretrained weights into the new network (`export.models.resnet18.load_pretrained`); ``on_step`` is told the
    epochs done, parts counted."""
    run = _Run(pictures, recipe, seed, start, on_step)
    best = run_epochs(run, PictureEpoch, epochs=recipe.epochs, patience=recipe.patience, state=state, on_epoch=on_epoch)
    model = run.evaluated
    if recipe.patience is not None and best is not None:
        model.load_state_dict(best)
    return model.cpu().eval(), run.history


def predict_pictures(
    model: nn.Module,
    pictures: Pictures,
    chosen: NDArray[np.int64],
    *,
    size: tuple[int, int],
    batch: int = 32,
    mixed: bool = False,
) -> FloatArray:
    """Logits (len(chosen), classes) of pictures as they are; ``mixed``: in bfloat16, as a recipe may train."""
    device = next(model.parameters()).device
    model.eval()
    rows: list[FloatArray] = []
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=mixed):
        for begin in range(0, len(chosen), batch):
            images = np.stack([pictures.picture(int(i), size) for i in chosen[begin : begin + batch]])
            rows.append(model(torch.from_numpy(images).to(device)).float().cpu().numpy())
    return np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)


class _Run:
    def __init__(
        self,
        pictures: Pictures,
        recipe: PictureRecipe,
        seed: int,
        start: Callable[[nn.Module], None],
        on_step: Callable[[float], None],
    ) -> None:
        self._pictures, self._recipe, self._seed, self._on_step = pictures, recipe, seed, on_step
        torch.manual_seed(seed)
        entry = family(recipe.family)
        contract = entry.contract(recipe.preprocess)
        if contract.image_size is None:
            raise InputError("no picture network", where=recipe.name, found=recipe.family)
        self._size = contract.image_size
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = entry.build(len(pictures.classes), recipe.preprocess)
        start(model)
        self._model = model.to(self._device)
        self._l2: Mapping[str, float] = getattr(model.get_submodule("network"), "l2", {})
        index = {name: i for i, name in enumerate(pictures.classes)}
        self._targets = np.array([index[str(label)] for label in pictures.labels])
        self._parts = split(pictures, recipe, seed=seed)
        self._steps = -(-len(self._parts.train) * recipe.passes // recipe.batch)
        self._optimizer = _optimizer(self._model, recipe)
        self.history: list[PictureEpoch] = []

    @property
    def identity(self) -> str:
        recipe = self._recipe
        how = (
            f"{recipe.optimizer} at {recipe.rate:g}, momentum {recipe.momentum:g}, batch {recipe.batch}"
            + ", mixed" * recipe.mixed
            + (f", {recipe.passes} passes" if recipe.passes > 1 else "")
        )
        data = f"{len(self._parts.train)} pictures, {len(self._pictures.classes)} classes"
        return f"{recipe.name}, {recipe.epochs} epochs, {how}, seed {self._seed}, {data}"

    @property
    def evaluated(self) -> nn.Module:
        return self._model

    def epoch(self) -> PictureEpoch:
        number = len(self.history) + 1
        random = np.random.default_rng((self._seed, number))
        torch.manual_seed(self._seed * 100_003 + number)
        order = np.concatenate([random.permutation(self._parts.train) for _ in range(self._recipe.passes)])
        rate = self._recipe.rate if isinstance(self._recipe.schedule, Cyclic) else self._plateau_rate()
        self._model.train()
        losses = []
        for step, (images, targets) in enumerate(self._batches(order, random)):
            if isinstance(self._recipe.schedule, Cyclic):
                rate = _cyclic_rate(self._recipe.schedule, self._recipe.rate, number - 1 + step / self._steps)
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            losses.append(self._step(images, targets))
            self._on_step(number - 1 + (step + 1) / self._steps)
        self._settle_norms(order[:_SETTLING], random)
        loss, accuracy = self._validate()
        return PictureEpoch(number, float(np.mean(losses)), loss, accuracy, rate)

    def _plateau_rate(self) -> float:
        """The rate that the validation losses so far lead to; Keras counts anew after each cut."""
        schedule, rate = self._recipe.schedule, self._recipe.rate
        if not isinstance(schedule, Plateau):
            return rate
        best, waited = np.inf, 0
        for epoch in self.history:
            if epoch.validation_loss < best - _LEAST_FALL:
                best, waited = epoch.validation_loss, 0
                continue
            waited += 1
            if waited >= schedule.patience:
                rate, waited = max(rate * schedule.factor, schedule.lowest), 0
        return rate

    def _batches(self, order: NDArray[np.int64], random: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        for begin in range(0, len(order), self._recipe.batch):
            chosen = order[begin : begin + self._recipe.batch]
            if begin and len(chosen) == 1:
                return  # batch norm has no statistics of one
            images = np.stack(
                [
                    augment_picture(self._pictures.picture(int(i), self._size), self._recipe.augmentation, random)
                    for i in chosen
                ]
            )
            yield torch.from_numpy(images).to(self._device), torch.from_numpy(self._targets[chosen]).to(self._device)

    def _step(self, images: Tensor, targets: Tensor) -> float:
        with self._precision():
            logits = self._model(images)
        loss = F.cross_entropy(logits.float(), targets)
        network = self._model.get_submodule("network")
        for name, factor in self._l2.items():
            loss = loss + factor * network.get_parameter(f"{name}.weight").square().sum()
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._optimizer.step()
        return float(loss.detach())

    def _precision(self) -> torch.autocast:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.mixed)

    def _settle_norms(self, chosen: NDArray[np.int64], random: np.random.Generator) -> None:
        norms = [m for m in self._model.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
        if not norms:
            return
        self._model.eval()
        kept = [norm.momentum for norm in norms]
        for norm in norms:
            norm.train().reset_running_stats()
            norm.momentum = None  # PyTorch then takes the mean of all batches alike
        with torch.no_grad(), self._precision():
            for images, _ in self._batches(chosen, random):
                self._model(images)
        for norm, momentum in zip(norms, kept, strict=True):
            norm.momentum = momentum

    def _validate(self) -> tuple[float, float]:
        chosen = self._parts.validation
        answers = predict_pictures(self._model, self._pictures, chosen, size=self._size, mixed=self._recipe.mixed)
        logits = torch.from_numpy(answers)
        targets = torch.from_numpy(self._targets[chosen])
        return float(F.cross_entropy(logits, targets)), float((logits.argmax(1) == targets).float().mean())

    def state(self) -> dict[str, Any]:
        return {"model": self._model.state_dict(), "optimizer": self._optimizer.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])


def _optimizer(model: nn.Module, recipe: PictureRecipe) -> torch.optim.Optimizer:
    if recipe.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=recipe.rate, fused=True)
    return torch.optim.SGD(model.parameters(), lr=recipe.rate, momentum=recipe.momentum)


def _cyclic_rate(schedule: Cyclic, highest: float, epochs: float) -> float:
    """The triangle at a time in epochs."""
    place = epochs / schedule.epochs % 1
    return schedule.lowest + (highest - schedule.lowest) * (1 - abs(2 * place - 1))
