"""Training of picture networks: seeded, resumable to the bit, early stopping, on the GPU where there is one.

As in `export.training.loop`, all randomness of an epoch comes from ``(seed, epoch)``.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
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
from export.training.picture_recipes import Cyclic, PictureRecipe, Plateau
from export.training.pictures import Pictures, augment_picture, split_at_random, split_in_order

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
    if recipe.in_order:
        found = split_in_order(pictures, recipe.shares)
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
) -> tuple[nn.Module, list[PictureEpoch]]:
    """Train a new network on ``pictures.classes``; ``state``: file the run is kept in and resumed from; ``start`` may
    put pretrained weights into the new network (`export.models.resnet18.load_pretrained`)."""
    run = _Run(pictures, recipe, seed, start)
    if state is not None and state.exists():
        run.load(state)
        for epoch in run.history:
            on_epoch(epoch)
    while len(run.history) < recipe.epochs and not run.stopped:
        run.epoch()
        if state is not None:
            run.save(state)
        on_epoch(run.history[-1])
    return run.result(), run.history


def predict_pictures(
    model: nn.Module, pictures: Pictures, chosen: NDArray[np.int64], *, size: tuple[int, int], batch: int = 32
) -> FloatArray:
    """Logits (len(chosen), classes) of pictures as they are."""
    device = next(model.parameters()).device
    model.eval()
    rows: list[FloatArray] = []
    with torch.inference_mode():
        for begin in range(0, len(chosen), batch):
            images = np.stack([pictures.picture(int(i), size) for i in chosen[begin : begin + batch]])
            rows.append(model(torch.from_numpy(images).to(device)).cpu().numpy())
    return np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)


class _Run:
    def __init__(
        self, pictures: Pictures, recipe: PictureRecipe, seed: int, start: Callable[[nn.Module], None]
    ) -> None:
        self._pictures, self._recipe, self._seed = pictures, recipe, seed
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
        self._best = deepcopy(self._model.state_dict())
        self._l2: Mapping[str, float] = getattr(model.get_submodule("network"), "l2", {})
        index = {name: i for i, name in enumerate(pictures.classes)}
        self._targets = np.array([index[str(label)] for label in pictures.labels])
        self._parts = split(pictures, recipe, seed=seed)
        kind = torch.optim.Adam if recipe.optimizer == "adam" else torch.optim.SGD
        self._optimizer = kind(self._model.parameters(), lr=recipe.rate)
        self.history: list[PictureEpoch] = []

    @property
    def stopped(self) -> bool:
        patience = self._recipe.patience
        return patience is not None and bool(self.history) and len(self.history) - self._best_epoch() >= patience

    def _best_epoch(self) -> int:
        return int(np.argmax([epoch.accuracy for epoch in self.history])) + 1

    def epoch(self) -> None:
        number = len(self.history) + 1
        random = np.random.default_rng((self._seed, number))
        torch.manual_seed(self._seed * 100_003 + number)
        order = random.permutation(self._parts.train)
        steps = -(-len(order) // self._recipe.batch)
        rate = self._recipe.rate if isinstance(self._recipe.schedule, Cyclic) else self._plateau_rate()
        self._model.train()
        losses = []
        for step, (images, targets) in enumerate(self._batches(order, random)):
            if isinstance(self._recipe.schedule, Cyclic):
                rate = _cyclic_rate(self._recipe.schedule, self._recipe.rate, number - 1 + step / steps)
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            losses.append(self._step(images, targets))
        loss, accuracy = self._validate()
        self.history.append(PictureEpoch(number, float(np.mean(losses)), loss, accuracy, rate))
        if self._best_epoch() == number:
            self._best = deepcopy(self._model.state_dict())

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
        loss = F.cross_entropy(self._model(images), targets)
        network = self._model.get_submodule("network")
        for name, factor in self._l2.items():
            loss = loss + factor * network.get_parameter(f"{name}.weight").square().sum()
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._optimizer.step()
        return float(loss.detach())

    def _validate(self) -> tuple[float, float]:
        chosen = self._parts.validation
        logits = torch.from_numpy(predict_pictures(self._model, self._pictures, chosen, size=self._size))
        targets = torch.from_numpy(self._targets[chosen])
        return float(F.cross_entropy(logits, targets)), float((logits.argmax(1) == targets).float().mean())

    def result(self) -> nn.Module:
        if self._recipe.patience is not None:
            self._model.load_state_dict(self._best)
        return self._model.cpu().eval()

    def save(self, path: Path) -> None:
        content = {
            "model": self._model.state_dict(),
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
            "history": [(e.number, e.loss, e.validation_loss, e.accuracy, e.rate) for e in self.history],
            "run": self._identity(),
        }
        partial = path.with_suffix(".partial")
        torch.save(content, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        try:
            content: dict[str, Any] = torch.load(path, map_location=self._device, weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise InputError("cannot be resumed from", where=path, found=error, remedy="remove it") from error
        if content.get("run") != self._identity():
            raise InputError(
                "belongs to another run",
                where=path,
                expected=self._identity(),
                found=content.get("run"),
                remedy="resume with the same recipe, data and seed, or choose another output folder",
            )
        self._model.load_state_dict(content["model"])
        self._best = content["best"]
        self._optimizer.load_state_dict(content["optimizer"])
        self.history = [PictureEpoch(*entry) for entry in content["history"]]

    def _identity(self) -> str:
        data = f"{len(self._parts.train)} pictures, {len(self._pictures.classes)} classes"
        return f"{self._recipe.name}, {self._recipe.epochs} epochs, seed {self._seed}, {data}"


def _cyclic_rate(schedule: Cyclic, highest: float, epochs: float) -> float:
    """The triangle at a time in epochs."""
    place = epochs / schedule.epochs % 1
    return schedule.lowest + (highest - schedule.lowest) * (1 - abs(2 * place - 1))
